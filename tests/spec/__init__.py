"""The rule language as tables: each module is a chapter of its reference, and a test."""
