"""Names and ownership as pure arithmetic: no Django, no database, no clock, no logging."""
