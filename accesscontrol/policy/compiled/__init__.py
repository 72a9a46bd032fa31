"""What the fast readers share: clauses, the classes of values, how a rule comes out."""
