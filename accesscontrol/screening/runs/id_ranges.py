"""Cuts a run into chunks, and keeps two workers from screening the same licensees at once."""

from collections.abc import Iterable, Iterator, Sequence

from django.db import connection

from accesscontrol.models import ScreeningChunk

LAST_ID = 2**63 - 1

# Licensees are locked in blocks of neighboring ids: a lock for each of a million would cost more
# than judging them. Of a register with far apart ids, several blocks share a lock.
BLOCK_BITS = 12
LOCKS = 1_024
LOCK_CLASS = 0x45670003

# The licensee so many licensees behind the first, and where its block begins, or the next block.
SELECT_NEXT = """
    SELECT id, ((id - 1 >> %(bits)s) + 1) << %(bits)s FROM accesscontrol_licensee
    WHERE id >= %(first)s ORDER BY id OFFSET %(size)s LIMIT 1
"""
SELECT_COUNT = "SELECT count(*) FROM accesscontrol_licensee WHERE id >= %s AND id < %s"


def of_everyone(size: int) -> list[ScreeningChunk]:
    """Ranges of all ids without gaps: a licensee added meanwhile falls into one.

    Chunks much larger than a block consist of whole blocks, so that neighbors share no lock.
    """
    bits = BLOCK_BITS if size >= 8 << BLOCK_BITS else 0
    parts = list(_parts(size, bits)) or [(0, 0)]
    firsts = [min(parts[0][0], 0)] + [first for first, _ in parts[1:]]
    ends = [first - 1 for first in firsts[1:]] + [LAST_ID]
    return [
        ScreeningChunk(first_id=first, last_id=last, licensees=licensees)
        for first, last, (_, licensees) in zip(firsts, ends, parts, strict=True)
    ]


def _parts(size: int, bits: int) -> Iterator[tuple[int, int]]:
    """(first id, licensees) of each chunk; the index is read once, whatever the size."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id) FROM accesscontrol_licensee")
        first = cursor.fetchone()[0]
        while first is not None:
            cursor.execute(SELECT_NEXT, {"first": first, "size": size, "bits": bits})
            behind, following = cursor.fetchone() or (None, None)
            cursor.execute(
                SELECT_COUNT, [first, LAST_ID] if behind is None else [behind, following]
            )
            more = cursor.fetchone()[0]
            if more or behind is not None:
                yield first, more if behind is None else size + more
            first = following


def of_named(ids: Sequence[int], size: int) -> list[ScreeningChunk]:
    """These ids, in order, a chunk's worth at a time."""
    parts = [list(ids[n : n + size]) for n in range(0, len(ids), size)]
    return [
        ScreeningChunk(first_id=part[0], last_id=part[-1], ids=part, licensees=len(part))
        for part in parts
    ]


def lock(chunk: ScreeningChunk) -> int:
    """Keep other workers from these licensees until the transaction ends; the last id locked.

    Facts read after this are at least as new as any that an earlier screening of them has read.
    A licensee added behind the last has a run of its own.
    """
    if chunk.ids is not None:
        _lock_blocks({pk >> BLOCK_BITS for pk in chunk.ids})
        return chunk.last_id
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(id), max(id) FROM accesscontrol_licensee WHERE id BETWEEN %s AND %s",
            [chunk.first_id, chunk.last_id],
        )
        first, last = cursor.fetchone()
    if first is None:
        return chunk.first_id - 1
    low, high = first >> BLOCK_BITS, last >> BLOCK_BITS
    _lock_blocks(range(low, min(high, low + LOCKS) + 1))
    return int(min(chunk.last_id, ((high + 1) << BLOCK_BITS) - 1))


def _lock_blocks(blocks: Iterable[int]) -> None:
    """In one order for all workers, so that no two wait for each other."""
    keys = sorted({block % LOCKS for block in blocks})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, key) FROM unnest(%s::int[]) AS key",
            [LOCK_CLASS, keys],
        )
