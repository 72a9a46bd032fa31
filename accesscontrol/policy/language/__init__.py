"""What can be said: typed values, attributes, conditions, rules, releases."""
