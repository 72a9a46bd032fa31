"""Names, ownership and list files as pure functions: no Django, database, clock or logging."""
