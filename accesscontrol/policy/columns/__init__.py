"""Tells the standings of many licensees at once, column by column. It brings numpy."""

from accesscontrol.policy.columns.reader import STATUSES, Columns
from accesscontrol.policy.columns.unique_rows import Ints, UniqueRows
from accesscontrol.policy.columns.verdict_table import VerdictRow, VerdictTable

__all__ = ["STATUSES", "Columns", "Ints", "UniqueRows", "VerdictRow", "VerdictTable"]
