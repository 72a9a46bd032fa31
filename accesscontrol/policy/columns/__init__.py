"""Tells the standings of many licensees at once, column by column. It brings numpy."""

from accesscontrol.policy.columns.reader import STATUSES, Columns
from accesscontrol.policy.columns.unique_rows import DistinctRows, Ints
from accesscontrol.policy.columns.verdict_table import NumberedVerdicts, Said

__all__ = ["STATUSES", "Columns", "DistinctRows", "Ints", "NumberedVerdicts", "Said"]
