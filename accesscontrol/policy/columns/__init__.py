"""Tells the standings of many licensees at once."""
