"""Opens the cases that standings and matches need, and closes those that they need no more.

SQL works on all licensees at once. Python sees each distinct combination of findings once.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from accesscontrol import entitlements
from accesscontrol.cases.contents import contents
from accesscontrol.models import Case, ScreeningRun
from accesscontrol.models.parties import answered_sql

Kind = Case.Kind

# How long a person has for a case of each kind; a possible match is the most urgent.
DUE = {
    Kind.MATCH: timedelta(days=1),
    Kind.REVIEW: timedelta(days=3),
    Kind.UNDETERMINED: timedelta(days=5),
}

# Tables of this transaction: the findings that need a case, the cases needed, the cases open.
DROP_TABLES = "DROP TABLE IF EXISTS eg_findings, eg_needed, eg_present"
CREATE_NEEDED = """
    CREATE TEMPORARY TABLE eg_needed (
        licensee_id bigint, kind text, key text, subject text, evidence jsonb
    ) ON COMMIT DROP
"""
# Findings on entitlements: an offering that was not granted needs no case.
CREATE_FINDINGS = """
    CREATE TEMPORARY TABLE eg_findings ON COMMIT DROP AS
    SELECT licensee_id, array_agg(position ORDER BY position) AS positions,
           array_agg(finding_id ORDER BY position) AS findings
    FROM {blocking} WHERE outcome IN ('review', 'undetermined') GROUP BY licensee_id
"""
INSERT_FOR_FINDINGS = """
    INSERT INTO eg_needed
    SELECT a.licensee_id, q.kind, q.key, q.subject, q.evidence::jsonb
    FROM eg_findings a
    JOIN unnest(%(positions)s::text[], %(findings)s::text[], %(kind)s::text[], %(key)s::text[],
                %(subject)s::text[], %(evidence)s::text[]) WITH ORDINALITY
        AS q(positions, findings, kind, key, subject, evidence, n)
    ON a.positions = q.positions::int[] AND a.findings = q.findings::int[]
    ORDER BY a.licensee_id, q.n
"""
ANSWERED = answered_sql("m", at_sql="%(at)s::timestamptz", known_sql="%(at)s::timestamptz")
# Possible matches that no clearance in force answers.
INSERT_FOR_MATCHES = """
    INSERT INTO eg_needed
    SELECT DISTINCT ON (licensee_id, key) licensee_id, 'match', key,
           CASE WHEN length(subject) <= 200 THEN subject ELSE left(subject, 199) || '…' END,
           jsonb_build_object('key', key, 'match', id, 'list', code, 'party', party,
                              'list_version', list_version)
    FROM (
        SELECT m.licensee_id, m.id, r.code, coalesce(p.name, '') AS party, m.list_version,
               r.code || ' ' || coalesce(nullif(p.source_id, ''), m.id::text) AS key
        FROM {licensees} w
        JOIN accesscontrol_match m ON m.licensee_id = w.licensee_id
        JOIN accesscontrol_restrictedlist r ON r.id = m.restricted_list_id
        LEFT JOIN accesscontrol_listedparty p ON p.id = m.party_id
        WHERE m.status = 'possible' AND m.superseded_at IS NULL
          AND NOT {answered}
    ) AS possible
    CROSS JOIN LATERAL (SELECT key || ': ' || party) AS line(subject)
    ORDER BY licensee_id, key, id DESC
"""

KEY = """
    CASE WHEN c.kind = 'undetermined' THEN '' ELSE coalesce(c.evidence ->> 'key', c.subject) END
"""
CREATE_PRESENT = """
    CREATE TEMPORARY TABLE eg_present ON COMMIT DROP AS
    SELECT c.id, c.licensee_id, c.kind::text, {key} AS key
    FROM accesscontrol_case c JOIN {licensees} w ON w.licensee_id = c.licensee_id
    WHERE c.state NOT IN ('decided', 'closed') ORDER BY c.id FOR UPDATE OF c
"""
CLOSE = """
    WITH over AS (
        UPDATE accesscontrol_case c SET state = 'closed', version = c.version + 1
        FROM eg_present p
        WHERE c.id = p.id
          AND NOT EXISTS (SELECT FROM eg_needed q WHERE q.licensee_id = p.licensee_id
                          AND q.kind = p.kind AND q.key = p.key)
        RETURNING c.id
    )
    INSERT INTO accesscontrol_casenote (case_id, kind, at, text)
    SELECT id, 'closed', %(at)s, %(note)s FROM over ORDER BY id
"""
# The new version tells a person who sees the old evidence that it is outdated.
REFRESH = """
    UPDATE accesscontrol_case c
    SET evidence = q.evidence, subject = q.subject, version = c.version + 1
    FROM eg_present p JOIN eg_needed q USING (licensee_id, kind, key)
    WHERE c.id = p.id AND c.evidence <> q.evidence
"""
# A decided case stays decided until the standing changes. A match is different: it needs a case
# while it is possible and no clearance answers it.
OPEN = """
    INSERT INTO accesscontrol_case (kind, state, licensee_id, subject, evidence, run_id, opened_at,
                                    due_at, decision, because, version)
    SELECT q.kind, 'open', q.licensee_id, q.subject, q.evidence, %(run)s, %(at)s,
           (%(due)s::jsonb ->> q.kind)::timestamptz, '', '', 1
    FROM eg_needed q
    WHERE NOT EXISTS (SELECT FROM eg_present p WHERE p.licensee_id = q.licensee_id
                      AND p.kind = q.kind AND p.key = q.key)
      AND NOT EXISTS (SELECT FROM accesscontrol_case c
                      WHERE c.licensee_id = q.licensee_id AND c.kind = q.kind
                        AND c.state = 'decided' AND c.kind <> 'match' AND {key} = q.key
                        AND NOT EXISTS (SELECT FROM {changed} d
                                        WHERE d.licensee_id = c.licensee_id))
"""


def follow(licensees: str, *, changed: str, run: ScreeningRun, at: datetime) -> dict[str, int]:
    """Open and close the cases of these licensees as their standings and matches require.

    1. Collect the cases needed, for findings on entitlements and for possible matches.
    2. Lock the open cases of these licensees.
    3. Close the open cases that are not needed any more.
    4. Refresh the evidence of those that are.
    5. Open a case for each one needed that is neither open nor decided.

    ``licensees`` and ``changed`` name temporary tables with a ``licensee_id``; ``changed`` has the
    licensees whose standing changed. entitlements.follow must have run for the same licensees.
    Safe to repeat.
    """
    note = f"No longer needed: run {run.pk} found nothing left to decide."
    due = json.dumps({kind: (at + after).isoformat() for kind, after in DUE.items()})
    values: dict[str, Any] = {"at": at, "run": run.pk, "note": note, "due": due}
    with connection.cursor() as cursor:
        cursor.execute(DROP_TABLES)
        cursor.execute(CREATE_NEEDED)
        needed = _insert_for_findings(cursor)
        matches = INSERT_FOR_MATCHES.format(licensees=licensees, answered=ANSWERED)
        needed += _run(cursor, matches, values)
        cursor.execute(CREATE_PRESENT.format(licensees=licensees, key=KEY))
        present = cursor.rowcount
        closed = _run(cursor, CLOSE, values) if present else 0
        if present and needed:
            cursor.execute(REFRESH)
        opened = _run(cursor, OPEN.format(changed=changed, key=KEY), values) if needed else 0
        cursor.execute(DROP_TABLES)
    return {"cases_opened": opened, "cases_closed": closed}


def _run(cursor: CursorWrapper, statement: str, values: dict[str, Any]) -> int:
    cursor.execute(statement, values)
    return int(cursor.rowcount)


def _insert_for_findings(cursor: CursorWrapper) -> int:
    """Work out the cases of each distinct combination of findings once, for all its licensees."""
    cursor.execute(CREATE_FINDINGS.format(blocking=entitlements.BLOCKING))
    if not cursor.rowcount:
        return 0
    cursor.execute("SELECT DISTINCT positions, findings FROM eg_findings")
    distinct = [(tuple(positions), tuple(findings)) for positions, findings in cursor.fetchall()]
    rows = [
        (_array(positions), _array(findings), *content[:3], json.dumps(content.evidence))
        for (positions, findings), needed in contents(distinct).items()
        for content in needed
    ]
    if not rows:
        return 0
    names = ("positions", "findings", "kind", "key", "subject", "evidence")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return _run(cursor, INSERT_FOR_FINDINGS, columns)


def _array(numbers: tuple[int, ...]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"
