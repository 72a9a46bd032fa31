"""Writes lines of CSV that a spreadsheet shows as they are."""

import csv
import io
from collections.abc import Iterable
from typing import Any


def line(values: Iterable[Any]) -> str:
    """The values as a line. A text that a spreadsheet would run as a formula is quoted with '."""
    written = io.StringIO()
    csv.writer(written).writerow(
        f"'{value}" if isinstance(value, str) and value and value[0] in "=+-@\t\r" else value
        for value in values
    )
    return written.getvalue()
