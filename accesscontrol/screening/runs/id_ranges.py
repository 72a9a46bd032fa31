"""Cuts a run into chunks, and keeps two workers from looking at the same licensees at once."""

from collections.abc import Iterable, Iterator, Sequence

from django.db import connection

from accesscontrol.models import ScreeningChunk

END = 2**63 - 1

# Licensees are locked in blocks of neighboring ids: a lock for each of a million would cost more
# than judging them. Of a register with far apart ids, several blocks share a lock.
BLOCK_BITS = 12
LOCKS = 1_024
LOCK_CLASS = 0x45670003

# Where so many licensees on somebody stands, and where his block begins or the next one.
NEXT = """
    SELECT id, ((id - 1 >> %(bits)s) + 1) << %(bits)s FROM accesscontrol_licensee
    WHERE id >= %(first)s ORDER BY id OFFSET %(size)s LIMIT 1
"""
COUNT = "SELECT count(*) FROM accesscontrol_licensee WHERE id >= %s AND id < %s"


def of_everyone(size: int) -> list[ScreeningChunk]:
    """Ranges without gaps up to the end of all ids: a licensee added meanwhile falls into one.

    Chunks much larger than a block consist of whole blocks, so that neighbors share no lock.
    """
    bits = BLOCK_BITS if size >= 8 << BLOCK_BITS else 0
    parts = list(_parts(size, bits)) or [(0, 0)]
    firsts = [min(parts[0][0], 0)] + [first for first, _ in parts[1:]]
    ends = [first - 1 for first in firsts[1:]] + [END]
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
            cursor.execute(NEXT, {"first": first, "size": size, "bits": bits})
            stands, following = cursor.fetchone() or (None, None)
            cursor.execute(COUNT, [first, END] if stands is None else [stands, following])
            more = cursor.fetchone()[0]
            if more or stands is not None:
                yield first, more if stands is None else size + more
            first = following


def of_named(ids: Sequence[int], size: int) -> list[ScreeningChunk]:
    """These ids, in order, a chunk's worth at a time."""
    parts = [list(ids[n : n + size]) for n in range(0, len(ids), size)]
    return [
        ScreeningChunk(first_id=part[0], last_id=part[-1], ids=part, licensees=len(part))
        for part in parts
    ]


def hold(chunk: ScreeningChunk) -> int:
    """Keep other workers from these licensees until the transaction ends; the last id held.

    Facts read after this are at least as new as any that an earlier screening of them has read.
    A licensee added behind the last has a run of its own.
    """
    if chunk.ids is not None:
        _lock({pk >> BLOCK_BITS for pk in chunk.ids})
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
    _lock(range(low, min(high, low + LOCKS) + 1))
    return int(min(chunk.last_id, ((high + 1) << BLOCK_BITS) - 1))


def _lock(blocks: Iterable[int]) -> None:
    """In one order for all, so that nobody waits for somebody who waits for him."""
    keys = sorted({block % LOCKS for block in blocks})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, key) FROM unnest(%s::int[]) AS key",
            [LOCK_CLASS, keys],
        )
