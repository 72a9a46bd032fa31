"""Tells whom a change of a release can affect."""
