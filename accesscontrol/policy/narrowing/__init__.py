"""Tells which licensees a change can touch, so that a run after it leaves out all others."""
