"""Everything that the register holds for one question, in one round trip."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from accesscontrol.facts.gathering import (
    LICENSEE_PATHS,
    MODEL_PATHS,
    Sourced,
    dispositions_of,
    licenses_of,
    union_of,
)

# One question in one round trip: (what, name, value as jsonb, source).
QUESTION = """
    WITH licensee AS (
        SELECT id, ref, name FROM accesscontrol_licensee WHERE ref = %(licensee)s
    ), model AS (
        SELECT id FROM accesscontrol_aimodel WHERE ref = %(model)s
    )
    SELECT 'licensee', ref, to_jsonb(name), id::text FROM licensee
    UNION ALL SELECT 'fact', attribute, value, source
    FROM ({licensee_facts}) AS l(id, attribute, value, source)
    UNION ALL SELECT 'fact', attribute, value, source
    FROM ({model_facts}) AS m(id, attribute, value, source)
    UNION ALL SELECT 'entitlement', '', to_jsonb(CASE WHEN bool_or(EXISTS (
        SELECT FROM accesscontrol_hold h WHERE h.entitlement_id = e.id AND h.cause = 'officer'
          AND h.placed_at <= %(known)s
          AND (h.released_at IS NULL OR h.released_at > %(known)s)
    )) THEN 'held' ELSE 'active' END), ''
    FROM licensee, model, accesscontrol_offering o, accesscontrol_entitlement e
    WHERE o.model_id = model.id AND o.activity = %(activity)s AND e.offering_id = o.id
      AND e.licensee_id = licensee.id AND e.granted_at <= %(known)s
      AND (e.ended_at IS NULL OR e.ended_at > %(known)s)
    HAVING count(*) > 0
    UNION ALL SELECT 'papers', '', 'true'::jsonb, '' FROM licensee
    WHERE EXISTS (SELECT FROM accesscontrol_exportlicense x
                  WHERE x.licensees && ARRAY[licensee.ref])
       OR EXISTS (SELECT FROM accesscontrol_disposition d WHERE d.licensee_id = licensee.id)
"""


STATEMENT = QUESTION.format(
    licensee_facts=union_of(LICENSEE_PATHS, ids="ARRAY(SELECT id FROM licensee)"),
    model_facts=union_of(MODEL_PATHS, ids="ARRAY(SELECT id FROM model)"),
)


class Named(NamedTuple):
    """A licensee of the register by its row's id, its ref and its name."""

    id: int
    ref: str
    name: str


@dataclass
class Question(Sourced):
    """Everything the register says for one question; the judge gets ``facts`` and the papers."""

    entitlement: str = "none"
    licensee: Named | None = None


def question(
    *,
    licensee: str,
    model: str,
    activity: str,
    at: datetime,
    known_at: datetime | None = None,
) -> Question:
    """What the register holds for this question; what it does not know stays absent."""
    known = known_at or at
    asked = {"licensee": licensee, "model": model, "activity": activity, "at": at, "known": known}
    found = Question()
    papers = False
    for what, name, value, source in _asked(asked):
        if what == "fact":
            found.facts[name], found.sources[name] = value, source
        elif what == "entitlement":
            found.entitlement = value
        elif what == "licensee":
            found.licensee = Named(int(source), name, value)
        else:
            papers = True
    if papers and found.licensee is not None:
        found.licenses = licenses_of([licensee], known)
        found.dispositions = [each for _, each in dispositions_of([found.licensee.id], known)]
    found.facts |= {"request.activity": activity, "entitlement.status": found.entitlement}
    found.sources |= {"request.activity": "request", "entitlement.status": "register"}
    return found


def _asked(asked: Mapping[str, Any]) -> list[tuple[str, str, Any, str]]:
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, asked)
        rows = cursor.fetchall()
    return [(what, name, json.loads(value), source) for what, name, value, source in rows]
