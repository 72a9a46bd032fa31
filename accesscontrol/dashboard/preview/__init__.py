"""The screens of the impact preview: what a draft would change, and for which licensees."""
