"""The rule language as a command: lines of JSON, and a company's own cases."""
