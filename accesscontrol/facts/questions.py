"""Reads the facts and papers for one question, in one round trip where there are no papers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from accesscontrol.facts.paths import (
    LICENSEE_PATHS,
    MODEL_PATHS,
    Sourced,
    dispositions_of,
    licenses_of,
    union_of,
)

# Rows of (what, name, value as jsonb, source).
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


class LicenseeName(NamedTuple):
    """A licensee's id in the database, its reference and its name."""

    id: int
    ref: str
    name: str


@dataclass
class QuestionFacts(Sourced):
    """The facts and papers for one question, with its entitlement and its licensee."""

    entitlement: str = "none"
    licensee: LicenseeName | None = None


def question(
    *, licensee: str, model: str, activity: str, at: datetime, known_at: datetime | None = None
) -> QuestionFacts:
    """Read what the register has for this question. An unknown fact stays absent."""
    known = known_at or at
    values = {"licensee": licensee, "model": model, "activity": activity, "at": at, "known": known}
    about = QuestionFacts()
    papers = False
    for what, name, value, source in _rows(values):
        if what == "fact":
            about.facts[name], about.sources[name] = value, source
        elif what == "entitlement":
            about.entitlement = value
        elif what == "licensee":
            about.licensee = LicenseeName(int(source), name, value)
        else:
            papers = True
    if papers and about.licensee is not None:
        about.licenses = licenses_of([licensee], known)
        about.dispositions = [paper for _, paper in dispositions_of([about.licensee.id], known)]
    about.facts |= {"request.activity": activity, "entitlement.status": about.entitlement}
    about.sources |= {"request.activity": "request", "entitlement.status": "register"}
    return about


def _rows(values: Mapping[str, Any]) -> list[tuple[str, str, Any, str]]:
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, values)
        rows = cursor.fetchall()
    return [(what, name, json.loads(value), source) for what, name, value, source in rows]
