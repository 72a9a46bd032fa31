"""The language itself: typed values, attributes, conditions, rules and releases."""
