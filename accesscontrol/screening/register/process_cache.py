"""A per-process cache of findings and sheets, whose rows are append-only.

Threads share it without a lock. An entry says for ever what a committed row says, so that threads
can only add equal ones; an entry that another thread forgets is read from the database again. A
reader takes each entry once, with ``get``.
"""

from dataclasses import dataclass, field
from typing import TypeVar

from django.db import connection

Name = TypeVar("Name")
Of = TypeVar("Of", int, bytes)

MOST = 100_000  # of each kind; some 200 bytes each

# Which database it is, and since when its server runs: one that was restored from a backup, or
# another one that took its place, may lack what was remembered.
DATABASE = """
    SELECT format('%s since %s', oid, pg_postmaster_start_time()) FROM pg_database
    WHERE datname = current_database()
"""


@dataclass
class Remembered:
    """Numbers of findings and sheets by digest; by a sheet's number its codes of outcomes.

    Only what has been committed may be put in.
    """

    database: str
    findings: dict[str, int] = field(default_factory=dict)
    sheets: dict[bytes, int] = field(default_factory=dict)
    outcomes: dict[int, bytes] = field(default_factory=dict)


_of: dict[str, Remembered] = {}  # by database, of which it has one; threads share it, see above


def database() -> str:
    """Which database is spoken to now: whatever a process remembers by number is of this alone."""
    with connection.cursor() as cursor:
        cursor.execute(DATABASE)
        return str(cursor.fetchone()[0])


def of_database() -> Remembered:
    """What is remembered of the database that is spoken to now."""
    name = database()
    known = _of.get(name)
    if known is None:
        _of.clear()
        known = _of[name] = Remembered(name)
    return known


def add(known: dict[Name, Of], new: dict[Name, Of]) -> None:
    """Add to one of the three; where that would be too many, the older ones are forgotten."""
    if len(known) + len(new) > MOST:
        known.clear()
    known.update(new)
