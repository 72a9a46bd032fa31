"""Selects the licensees that a run has to judge after a change of a release."""
