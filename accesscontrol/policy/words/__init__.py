"""Says rules and verdicts in sentences, and finds what would change them or cannot be meant."""
