"""Answers one question at a time, in microseconds."""
