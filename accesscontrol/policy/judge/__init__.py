"""What the language means: what is known, the truth of a rule, the verdict, the reference."""
