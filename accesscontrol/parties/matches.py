"""Matches licensees with the restricted lists, in SQL: the same normalized name is a hit.

A hit is ``possible`` until a person decides. A licensee without a hit is ``clear`` on a list that
was read completely once. On another list it has no row, so the fact is absent and never permits.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accesscontrol.matching.normalize import MATCHER_VERSION

LOCK = 0x45670002

DROP_TABLES = "DROP TABLE IF EXISTS eg_hit, eg_reopened, eg_stands, eg_newest"

CREATE_NEWEST = """
CREATE TEMPORARY TABLE eg_newest ON COMMIT DROP AS
SELECT restricted_list_id, max(number) AS number FROM accesscontrol_listversion
WHERE restricted_list_id = ANY(%(lists)s::bigint[]) GROUP BY restricted_list_id
"""

# A denial order ends with its last day in New York; after that day its party is no hit.
CREATE_HITS = """
CREATE TEMPORARY TABLE eg_hit ON COMMIT DROP AS
SELECT DISTINCT ON (l.id, p.id)
       l.id AS licensee_id, p.restricted_list_id, p.id AS party_id, p.source_id,
       n.name AS listed_name, n.normalized, n.alias
FROM accesscontrol_licensee l
JOIN accesscontrol_listedname n ON n.normalized = l.normalized_name
JOIN accesscontrol_listedparty p ON p.id = n.party_id
WHERE p.last_version IS NULL AND l.normalized_name <> ''
  AND p.restricted_list_id = ANY(%(lists)s::bigint[])
  AND (%(ids)s::bigint[] IS NULL OR l.id = ANY(%(ids)s::bigint[]))
  AND NOT coalesce((p.content->>'end_date')::date + 1
                   <= (%(at)s::timestamptz AT TIME ZONE 'America/New_York')::date, false)
ORDER BY l.id, p.id, n.alias, n.id
"""

# The facts of the licensee that a clearance rests on: name, number, country and owners, with the
# owners that wait for a second person.
BASIS = """
jsonb_strip_nulls(jsonb_build_object(
    'name', l.name, 'registration_number', nullif(l.registration_number, ''),
    'country', (
        SELECT f.value FROM accesscontrol_fact f
        WHERE f.licensee_id = l.id AND f.attribute = 'licensee.country' AND NOT f.waits
          AND f.superseded_at IS NULL AND f.held @> %(at)s::timestamptz LIMIT 1),
    'owners', (
        SELECT jsonb_agg(DISTINCT coalesce(ours.ref, outside.name))
        FROM accesscontrol_owner o
        LEFT JOIN accesscontrol_licensee ours ON ours.id = o.owner_licensee_id
        LEFT JOIN accesscontrol_party outside ON outside.id = o.owner_party_id
        WHERE o.owned_id = l.id AND o.revoked_at IS NULL AND o.valid @> %(at)s::timestamptz)))
"""

# Matches whose clearance rests on other facts than today's. A new row replaces each, and no
# clearance answers the new row.
CREATE_REOPENED = f"""
CREATE TEMPORARY TABLE eg_reopened ON COMMIT DROP AS
SELECT DISTINCT m.id
FROM accesscontrol_match m
JOIN accesscontrol_clearance c ON c.match_id = m.id AND c.revoked_at IS NULL
JOIN accesscontrol_licensee l ON l.id = m.licensee_id
WHERE m.superseded_at IS NULL AND m.restricted_list_id = ANY(%(lists)s::bigint[])
  AND (%(ids)s::bigint[] IS NULL OR m.licensee_id = ANY(%(ids)s::bigint[]))
  AND c.facts->'licensee' IS DISTINCT FROM {BASIS}
"""  # noqa: S608

# Confirmed matches stay while the list has the party, also when its entry is reworded.
CREATE_STANDS = """
CREATE TEMPORARY TABLE eg_stands ON COMMIT DROP AS
SELECT m.id, m.licensee_id, m.restricted_list_id, now_listed.id AS party_id,
       m.party_id <> now_listed.id OR EXISTS (SELECT 1 FROM eg_reopened o WHERE o.id = m.id) AS anew
FROM accesscontrol_match m
JOIN accesscontrol_listedparty p ON p.id = m.party_id
JOIN accesscontrol_listedparty now_listed
  ON now_listed.restricted_list_id = p.restricted_list_id
 AND now_listed.source_id = p.source_id AND now_listed.last_version IS NULL
WHERE m.superseded_at IS NULL AND m.status = 'confirmed'
  AND m.restricted_list_id = ANY(%(lists)s::bigint[])
  AND (%(ids)s::bigint[] IS NULL OR m.licensee_id = ANY(%(ids)s::bigint[]))
"""

# Ends the matches that no longer agree with the lists and the licensees.
SUPERSEDE = """
UPDATE accesscontrol_match m SET superseded_at = %(at)s
WHERE m.superseded_at IS NULL AND m.restricted_list_id = ANY(%(lists)s::bigint[])
  AND (%(ids)s::bigint[] IS NULL OR m.licensee_id = ANY(%(ids)s::bigint[]))
  AND CASE
      WHEN m.status = 'confirmed'
          THEN NOT EXISTS (SELECT 1 FROM eg_stands s WHERE s.id = m.id AND NOT s.anew)
      WHEN m.party_id IS NOT NULL
          THEN NOT EXISTS (SELECT 1 FROM eg_hit h
                           WHERE h.licensee_id = m.licensee_id AND h.party_id = m.party_id
                             AND h.normalized = coalesce(m.evidence->>'normalized', h.normalized))
               OR EXISTS (SELECT 1 FROM eg_reopened o WHERE o.id = m.id)
      ELSE EXISTS (SELECT 1 FROM eg_hit h WHERE h.licensee_id = m.licensee_id
                                            AND h.restricted_list_id = m.restricted_list_id)
           OR EXISTS (SELECT 1 FROM accesscontrol_licensee l
                      WHERE l.id = m.licensee_id AND l.normalized_name = '')
      END
RETURNING m.licensee_id, m.status
"""

INSERT_CONFIRMED = """
INSERT INTO accesscontrol_match (licensee_id, restricted_list_id, party_id, status, evidence,
                                 list_version, matcher_version, learned_at)
SELECT s.licensee_id, s.restricted_list_id, s.party_id, 'confirmed', m.evidence, v.number,
       m.matcher_version, %(at)s
FROM eg_stands s JOIN accesscontrol_match m ON m.id = s.id
JOIN eg_newest v ON v.restricted_list_id = s.restricted_list_id
WHERE s.anew
ON CONFLICT DO NOTHING
"""

INSERT_HITS = """
INSERT INTO accesscontrol_match (licensee_id, restricted_list_id, party_id, status, evidence,
                                 list_version, matcher_version, learned_at)
SELECT h.licensee_id, h.restricted_list_id, h.party_id, 'possible',
       jsonb_build_object('listed_name', h.listed_name, 'alias', h.alias,
                          'normalized', h.normalized, 'how', 'same normalized name'),
       v.number, %(matcher)s, %(at)s
FROM eg_hit h JOIN eg_newest v ON v.restricted_list_id = h.restricted_list_id
ON CONFLICT DO NOTHING
RETURNING licensee_id
"""

INSERT_CLEAR = """
INSERT INTO accesscontrol_match (licensee_id, restricted_list_id, party_id, status, evidence,
                                 list_version, matcher_version, learned_at)
SELECT l.id, r.id, NULL, 'clear', '{}'::jsonb, v.number, %(matcher)s, %(at)s
FROM accesscontrol_licensee l
CROSS JOIN accesscontrol_restrictedlist r
JOIN eg_newest v ON v.restricted_list_id = r.id
WHERE r.id = ANY(%(lists)s::bigint[]) AND r.checked_at IS NOT NULL AND l.normalized_name <> ''
  AND (%(ids)s::bigint[] IS NULL OR l.id = ANY(%(ids)s::bigint[]))
  AND NOT EXISTS (SELECT 1 FROM accesscontrol_match m WHERE m.licensee_id = l.id
                  AND m.restricted_list_id = r.id AND m.superseded_at IS NULL)
RETURNING licensee_id
"""

# An unchanged match rests on the newest version from now on. A decision records the one it used.
UPDATE_VERSIONS = """
UPDATE accesscontrol_match m SET list_version = v.number
FROM eg_newest v WHERE v.restricted_list_id = m.restricted_list_id
  AND m.superseded_at IS NULL AND m.list_version <> v.number
  AND m.restricted_list_id = ANY(%(lists)s::bigint[])
  AND (%(ids)s::bigint[] IS NULL OR m.licensee_id = ANY(%(ids)s::bigint[]))
"""


def lock_lists() -> None:
    """Let no other transaction import lists or match everyone until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def basis(licensee: int, *, at: datetime) -> dict[str, Any]:
    """The facts that a clearance of the licensee's match rests on; unknown ones are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {BASIS} FROM accesscontrol_licensee l WHERE l.id = %(id)s",  # noqa: S608
            {"at": at, "id": licensee},
        )
        facts: dict[str, Any] = json.loads(cursor.fetchone()[0])
    return facts


def match(
    *, at: datetime, lists: Iterable[int] | None = None, licensees: Iterable[int] | None = None
) -> set[int]:
    """Match licensees with lists (by default all) and return the ids whose status changed.

    Runs in the caller's transaction, whose verb records the event.
    """
    values: dict[str, Any] = {
        "at": at,
        "lists": _all_lists() if lists is None else list(lists),
        "ids": None if licensees is None else list(licensees),
        "matcher": MATCHER_VERSION,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (DROP_TABLES, CREATE_NEWEST, CREATE_HITS, CREATE_REOPENED, CREATE_STANDS):
            cursor.execute(statement, values)
        changed = _returned(cursor, SUPERSEDE, values)
        cursor.execute(INSERT_CONFIRMED, values)
        changed |= _returned(cursor, INSERT_HITS, values)
        changed |= _returned(cursor, INSERT_CLEAR, values)
        cursor.execute(UPDATE_VERSIONS, values)
        cursor.execute(DROP_TABLES)
    return changed


def _all_lists() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM accesscontrol_restrictedlist")
        return [row[0] for row in cursor.fetchall()]


def _returned(cursor: Any, statement: str, values: dict[str, Any]) -> set[int]:
    cursor.execute(statement, values)
    return {row[0] for row in cursor.fetchall()}
