"""What the register says of licensees, in the columns that a screening reads."""
