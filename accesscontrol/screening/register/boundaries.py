"""Stores the instants at which an answer can change by itself, so that none is missed."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from accesscontrol import releases
from accesscontrol.models import Boundary
from accesscontrol.models.common import EVERYTHING, counting_sql

# Each yields (instant, what, licensee id): the edges ahead of the periods that a standing can rest
# on. INSERT_BOUNDARIES leaves out infinite edges and those that have passed.
SELECT_LICENSEE_EDGES = f"""
    SELECT unnest(ARRAY[lower(held), upper(held)]), 'fact ' || attribute, licensee_id
    FROM accesscontrol_fact
    WHERE licensee_id = ANY(%(ids)s::bigint[]) AND superseded_at IS NULL AND NOT waits
      AND (lower(held) > %(at)s OR upper(held) > %(at)s)
    UNION ALL
    SELECT unnest(ARRAY[lower(valid), upper(valid)]), 'attestation ' || attribute, licensee_id
    FROM accesscontrol_attestation a
    WHERE licensee_id = ANY(%(ids)s::bigint[]) AND {counting_sql("a", known_sql=EVERYTHING)}
      AND (lower(valid) > %(at)s OR upper(valid) > %(at)s)
    UNION ALL
    SELECT unnest(ARRAY[lower(valid), upper(valid)]), 'disposition ' || ref, licensee_id
    FROM accesscontrol_disposition d
    WHERE licensee_id = ANY(%(ids)s::bigint[]) AND {counting_sql("d", known_sql=EVERYTHING)}
      AND (lower(valid) > %(at)s OR upper(valid) > %(at)s)
    UNION ALL
    SELECT unnest(ARRAY[lower(c.valid), upper(c.valid)]), 'clearance ' || c.id, m.licensee_id
    FROM accesscontrol_clearance c JOIN accesscontrol_match m ON m.id = c.match_id
    WHERE m.licensee_id = ANY(%(ids)s::bigint[]) AND m.superseded_at IS NULL
      AND {counting_sql("c", known_sql=EVERYTHING)}
      AND (lower(c.valid) > %(at)s OR upper(c.valid) > %(at)s)
    UNION ALL
    SELECT due_at, 'red flag ' || number, licensee_id FROM accesscontrol_redflag
    WHERE licensee_id = ANY(%(ids)s::bigint[]) AND confirmed_at IS NULL AND due_at > %(at)s
    UNION ALL
    SELECT unnest(ARRAY[lower(x.valid), upper(x.valid)]), 'export license ' || x.number, l.id
    FROM accesscontrol_exportlicense x JOIN accesscontrol_licensee l ON l.ref = ANY(x.licensees)
    WHERE l.id = ANY(%(ids)s::bigint[]) AND {counting_sql("x", known_sql=EVERYTHING)}
      AND (lower(x.valid) > %(at)s OR upper(x.valid) > %(at)s)
"""  # noqa: S608

SELECT_MODEL_EDGES = """
    SELECT unnest(ARRAY[lower(held), upper(held)]), 'model fact ' || attribute, NULL::bigint
    FROM accesscontrol_fact
    WHERE model_id IS NOT NULL AND superseded_at IS NULL AND NOT waits
      AND (lower(held) > %(at)s OR upper(held) > %(at)s)
"""

INSERT_BOUNDARIES = """
    INSERT INTO accesscontrol_boundary (at, what, licensee_id)
    SELECT DISTINCT edge, left(what, 300), licensee
    FROM ({edges}) AS edges(edge, what, licensee)
    WHERE edge > %(at)s AND edge <> 'infinity'
    ON CONFLICT DO NOTHING
"""


def of_release(loaded: releases.Loaded, *, at: datetime) -> None:
    """Store the instants ahead at which a rule, exemption, group, annex or model's fact changes."""
    Boundary.objects.bulk_create(
        (
            Boundary(at=edge, what=f"release {loaded.number}")
            for edge in loaded.policy.boundaries()
            if edge > at
        ),
        ignore_conflicts=True,
        batch_size=1_000,
    )
    _store(SELECT_MODEL_EDGES, [], at)


def of_licensees(ids: Sequence[int], *, at: datetime) -> None:
    """Store the instants ahead at which a dated fact or paper of these licensees begins or ends."""
    _store(SELECT_LICENSEE_EDGES, ids, at)


def _store(edges: str, ids: Sequence[int], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(INSERT_BOUNDARIES.format(edges=edges), {"ids": list(ids), "at": at})
