"""The screens. Each module serves one noun; a view reads a request, makes one call and answers."""
