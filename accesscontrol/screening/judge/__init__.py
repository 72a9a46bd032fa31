"""Judges licensees for every offering: one by one, or many at once."""
