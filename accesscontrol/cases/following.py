"""Opens cases where a standing or a match leaves a question to a person, and closes them again.

By statements over sets: Python sees each distinct question once, never each licensee.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from accesscontrol import entitlements
from accesscontrol.cases import asking
from accesscontrol.models import Case, ScreeningRun
from accesscontrol.models.parties import answered_sql

Kind = Case.Kind

# How long a person has, by what is asked; a possible match is the most urgent.
DUE = {
    Kind.MATCH: timedelta(days=1),
    Kind.REVIEW: timedelta(days=3),
    Kind.UNDETERMINED: timedelta(days=5),
}

# Tables of this transaction: what findings ask of whom, every question, the cases that are open.
FORGET = "DROP TABLE IF EXISTS eg_asked, eg_question, eg_present"
TOLD = """
    CREATE TEMPORARY TABLE eg_question (
        licensee_id bigint, kind text, key text, subject text, evidence jsonb
    ) ON COMMIT DROP
"""
# What a person must decide of what was granted: whoever was granted nothing is asked nothing.
ASKED = """
    CREATE TEMPORARY TABLE eg_asked ON COMMIT DROP AS
    SELECT licensee_id, array_agg(position ORDER BY position) AS positions,
           array_agg(finding_id ORDER BY position) AS findings
    FROM {found} WHERE outcome IN ('review', 'undetermined') GROUP BY licensee_id
"""
FINDINGS_ASK = """
    INSERT INTO eg_question
    SELECT a.licensee_id, q.kind, q.key, q.subject, q.evidence::jsonb
    FROM eg_asked a
    JOIN unnest(%(positions)s::text[], %(findings)s::text[], %(kind)s::text[], %(key)s::text[],
                %(subject)s::text[], %(evidence)s::text[]) WITH ORDINALITY
        AS q(positions, findings, kind, key, subject, evidence, n)
    ON a.positions = q.positions::int[] AND a.findings = q.findings::int[]
    ORDER BY a.licensee_id, q.n
"""
ANSWERED = answered_sql("m", at="%(at)s::timestamptz", known="%(at)s::timestamptz")
# Possible matches that no clearance in force answers.
MATCHES_ASK = """
    INSERT INTO eg_question
    SELECT DISTINCT ON (licensee_id, key) licensee_id, 'match', key,
           CASE WHEN length(subject) <= 200 THEN subject ELSE left(subject, 199) || '…' END,
           jsonb_build_object('key', key, 'match', id, 'list', code, 'party', party,
                              'list_version', list_version)
    FROM (
        SELECT m.licensee_id, m.id, r.code, coalesce(p.name, '') AS party, m.list_version,
               r.code || ' ' || coalesce(nullif(p.source_id, ''), m.id::text) AS key
        FROM {whom} w
        JOIN accesscontrol_match m ON m.licensee_id = w.licensee_id
        JOIN accesscontrol_restrictedlist r ON r.id = m.restricted_list_id
        LEFT JOIN accesscontrol_listedparty p ON p.id = m.party_id
        WHERE m.status = 'possible' AND m.superseded_at IS NULL
          AND NOT {answered}
    ) AS possible
    CROSS JOIN LATERAL (SELECT key || ': ' || party) AS told(subject)
    ORDER BY licensee_id, key, id DESC
"""

KEY = """
    CASE WHEN c.kind = 'undetermined' THEN '' ELSE coalesce(c.evidence ->> 'key', c.subject) END
"""
PRESENT = """
    CREATE TEMPORARY TABLE eg_present ON COMMIT DROP AS
    SELECT c.id, c.licensee_id, c.kind::text, {key} AS key
    FROM accesscontrol_case c JOIN {whom} w ON w.licensee_id = c.licensee_id
    WHERE c.state NOT IN ('decided', 'closed') ORDER BY c.id FOR UPDATE OF c
"""
CLOSE = """
    WITH over AS (
        UPDATE accesscontrol_case c SET state = 'closed', version = c.version + 1
        FROM eg_present p
        WHERE c.id = p.id
          AND NOT EXISTS (SELECT FROM eg_question q WHERE q.licensee_id = p.licensee_id
                          AND q.kind = p.kind AND q.key = p.key)
        RETURNING c.id
    )
    INSERT INTO accesscontrol_casenote (case_id, kind, at, text)
    SELECT id, 'closed', %(at)s, %(note)s FROM over ORDER BY id
"""
# A person who looks at the old evidence is told by the version.
REFRESH = """
    UPDATE accesscontrol_case c
    SET evidence = q.evidence, subject = q.subject, version = c.version + 1
    FROM eg_present p JOIN eg_question q USING (licensee_id, kind, key)
    WHERE c.id = p.id AND c.evidence <> q.evidence
"""
# What a person decided stays decided until the standing changes. Whether a match is answered stands
# in the register: one that is still possible is asked again.
OPEN = """
    INSERT INTO accesscontrol_case (kind, state, licensee_id, subject, evidence, run_id, opened_at,
                                    due_at, decision, because, version)
    SELECT q.kind, 'open', q.licensee_id, q.subject, q.evidence, %(run)s, %(at)s,
           (%(due)s::jsonb ->> q.kind)::timestamptz, '', '', 1
    FROM eg_question q
    WHERE NOT EXISTS (SELECT FROM eg_present p WHERE p.licensee_id = q.licensee_id
                      AND p.kind = q.kind AND p.key = q.key)
      AND NOT EXISTS (SELECT FROM accesscontrol_case c
                      WHERE c.licensee_id = q.licensee_id AND c.kind = q.kind
                        AND c.state = 'decided' AND c.kind <> 'match' AND {key} = q.key
                        AND NOT EXISTS (SELECT FROM {changed} d
                                        WHERE d.licensee_id = c.licensee_id))
"""


def follow(whom: str, *, changed: str, run: ScreeningRun, at: datetime) -> dict[str, int]:
    """Open and close the cases of these licensees as their standings and matches say, set-wise.

    ``whom`` and ``changed``: tables of this transaction with a ``licensee_id``; of the latter the
    standing changed. Comes after entitlements.follow of the same ones: a standing asks only about
    what the licensee was granted, since nobody must decide about the rest, and a finding on one
    model would otherwise ask about every licensee there is. What a person decided stays decided
    until the standing changes. Safe to repeat.
    """
    note = f"No longer needed: run {run.pk} found nothing left to decide."
    due = json.dumps({kind: (at + after).isoformat() for kind, after in DUE.items()})
    values: dict[str, Any] = {"at": at, "run": run.pk, "note": note, "due": due}
    with connection.cursor() as cursor:
        cursor.execute(FORGET)
        cursor.execute(TOLD)
        asked = _findings_ask(cursor)
        cursor.execute(MATCHES_ASK.format(whom=whom, answered=ANSWERED), values)
        asked += cursor.rowcount
        cursor.execute(PRESENT.format(whom=whom, key=KEY))
        present = cursor.rowcount
        closed = _run(cursor, CLOSE, values) if present else 0
        if present and asked:
            cursor.execute(REFRESH)
        opened = _run(cursor, OPEN.format(changed=changed, key=KEY), values) if asked else 0
        cursor.execute(FORGET)
    return {"cases_opened": opened, "cases_closed": closed}


def _run(cursor: CursorWrapper, statement: str, values: dict[str, Any]) -> int:
    cursor.execute(statement, values)
    return int(cursor.rowcount)


def _findings_ask(cursor: CursorWrapper) -> int:
    """Licensees with the same findings and entitlements are asked about alike: worked out once."""
    cursor.execute(ASKED.format(found=entitlements.BLOCKING))
    if not cursor.rowcount:
        return 0
    cursor.execute("SELECT DISTINCT positions, findings FROM eg_asked")
    distinct = [(tuple(at), tuple(found)) for at, found in cursor.fetchall()]
    rows = [
        (_array(at), _array(found), *question[:3], json.dumps(question.evidence))
        for (at, found), each in asking.questions(distinct).items()
        for question in each
    ]
    if not rows:
        return 0
    names = ("positions", "findings", "kind", "key", "subject", "evidence")
    told = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return _run(cursor, FINDINGS_ASK, told)


def _array(numbers: tuple[int, ...]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"
