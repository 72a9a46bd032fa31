"""A per-process cache of findings and sheets, whose rows are append-only.

Threads share it without a lock. An entry says for ever what a committed row says, so that threads
can only add equal ones; an entry that another thread forgets is read from the database again. A
reader takes each entry once, with ``get``.
"""

from dataclasses import dataclass, field
from typing import TypeVar

from django.db import connection

Key = TypeVar("Key")
Entry = TypeVar("Entry", int, bytes)

MOST = 100_000  # of each kind; some 200 bytes each

# Which database it is, and since when its server runs. A database that was restored from a backup,
# or that took the place of another, may lack what was remembered.
SELECT_DATABASE = """
    SELECT format('%s since %s', oid, pg_postmaster_start_time()) FROM pg_database
    WHERE datname = current_database()
"""


@dataclass
class ContentCache:
    """Ids of findings and sheets by digest, and the codes of a sheet's outcomes by its id.

    Only what has been committed may be put in.
    """

    database: str
    findings: dict[str, int] = field(default_factory=dict)
    sheets: dict[bytes, int] = field(default_factory=dict)
    outcomes: dict[int, bytes] = field(default_factory=dict)


# The cache by its database: it has one entry. Threads share it, see above.
_by_database: dict[str, ContentCache] = {}


def database() -> str:
    """The database that is asked now. What a process remembers by id is true of this one alone."""
    with connection.cursor() as cursor:
        cursor.execute(SELECT_DATABASE)
        return str(cursor.fetchone()[0])


def of_database() -> ContentCache:
    """The cache of the database that is asked now."""
    name = database()
    known = _by_database.get(name)
    if known is None:
        _by_database.clear()
        known = _by_database[name] = ContentCache(name)
    return known


def add(known: dict[Key, Entry], new: dict[Key, Entry]) -> None:
    """Add entries to one of the three; where they would be too many, forget the older ones."""
    if len(known) + len(new) > MOST:
        known.clear()
    known.update(new)
