"""The paths to each attribute in the database, and the facts and papers of many licensees.

One statement reads the facts of many licensees. A fact that the register does not have is left out
of the result. It never gets a default.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q

from accesscontrol.models import Disposition, Entitlement, ExportLicense
from accesscontrol.models.common import in_force_sql, instant
from accesscontrol.models.parties import answered_sql

AT, KNOWN = "%(at)s::timestamptz", "%(known)s::timestamptz"

# The table of paths. Each selects (id, attribute, value as jsonb, source) of licensees or models at
# the instant ``at``, as known at ``known``. Every attribute has exactly one path.
# ``union_of`` fills in {ids}, {in_force} and {answered}.
LICENSEE_PATHS = {
    "licensee.id": """
        SELECT l.id, 'licensee.id', to_jsonb(l.ref), 'register'
        FROM accesscontrol_licensee l WHERE l.id = ANY({ids})""",
    # The facts table: country, hq_country, sector, ownership per regime, custom ones …
    "licensee.*": """
        SELECT f.licensee_id, f.attribute, f.value, f.source
        FROM accesscontrol_fact f
        WHERE f.licensee_id = ANY({ids}) AND NOT f.waits AND f.value IS NOT NULL
          AND f.value <> 'null'::jsonb
          AND f.held @> %(at)s::timestamptz AND f.learned_at <= %(known)s::timestamptz
          AND (f.superseded_at IS NULL OR f.superseded_at > %(known)s::timestamptz)""",
    # Attestations that a second person confirmed.
    "user.*, request.*": """
        SELECT a.licensee_id, a.attribute, a.value, 'attestation: ' || a.evidence
        FROM accesscontrol_attestation a
        WHERE a.licensee_id = ANY({ids}) AND {in_force}""",
    # The strictest match that no clearance in force answers.
    "licensee.list_status.*": """
        SELECT m.licensee_id, 'licensee.list_status.' || r.code,
               to_jsonb((array['clear', 'possible', 'confirmed'])[max(CASE
                   WHEN m.status = 'clear' OR {answered} THEN 1
                   WHEN m.status = 'possible' THEN 2 ELSE 3 END)]),
               r.code || ' v' || max(m.list_version)
        FROM accesscontrol_match m
        JOIN accesscontrol_restrictedlist r ON r.id = m.restricted_list_id
        WHERE m.licensee_id = ANY({ids}) AND m.learned_at <= %(known)s::timestamptz
          AND (m.superseded_at IS NULL OR m.superseded_at > %(known)s::timestamptz)
        GROUP BY m.licensee_id, r.code""",
    # Red flags that no second person has confirmed resolved.
    "licensee.red_flags_open": """
        SELECT l.id, 'licensee.red_flags_open', to_jsonb((
                   SELECT count(*) FROM accesscontrol_redflag f
                   WHERE f.licensee_id = l.id AND f.opened_at <= %(known)s::timestamptz
                     AND (f.confirmed_at IS NULL OR f.confirmed_at > %(known)s::timestamptz))),
               'red flags'
        FROM accesscontrol_licensee l WHERE l.id = ANY({ids})""",
}

MODEL_PATHS = {
    "model.id": """
        SELECT m.id, 'model.id', to_jsonb(m.ref), 'register'
        FROM accesscontrol_aimodel m WHERE m.id = ANY({ids})""",
    # The facts table.
    "model.*": """
        SELECT f.model_id, f.attribute, f.value, f.source
        FROM accesscontrol_fact f
        WHERE f.model_id = ANY({ids}) AND NOT f.waits AND f.value IS NOT NULL
          AND f.value <> 'null'::jsonb
          AND f.held @> %(at)s::timestamptz AND f.learned_at <= %(known)s::timestamptz
          AND (f.superseded_at IS NULL OR f.superseded_at > %(known)s::timestamptz)""",
    # Incidents that no second person has confirmed resolved.
    "model.jailbreak_findings_open": """
        SELECT m.id, 'model.jailbreak_findings_open', to_jsonb((
                   SELECT count(*) FROM accesscontrol_modelincident i
                   WHERE i.model_id = m.id AND i.kind = 'jailbreak'
                     AND i.opened_at <= %(known)s::timestamptz
                     AND (i.confirmed_at IS NULL OR i.confirmed_at > %(known)s::timestamptz))),
               'incidents'
        FROM accesscontrol_aimodel m WHERE m.id = ANY({ids})""",
}


def union_of(paths: Mapping[str, str], *, ids: str) -> str:
    """All paths in one statement. ``ids`` is an SQL array of the ids to read."""
    in_force = in_force_sql("a", at_sql=AT, known_sql=KNOWN)
    answered = answered_sql("m", at_sql=AT, known_sql=KNOWN)
    return " UNION ALL ".join(paths.values()).format(ids=ids, in_force=in_force, answered=answered)


ABOUT = "SELECT * FROM ({facts}) AS facts(id, attribute, value, source)"
ABOUT_LICENSEES = ABOUT.format(facts=union_of(LICENSEE_PATHS, ids="%(ids)s::bigint[]"))
ABOUT_MODELS = ABOUT.format(facts=union_of(MODEL_PATHS, ids="%(ids)s::bigint[]"))


@dataclass
class Sourced:
    """The facts of one licensee or model with their sources, and its papers."""

    facts: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    licenses: list[dict[str, Any]] = field(default_factory=list)
    dispositions: list[dict[str, Any]] = field(default_factory=list)

    def put(self, attribute: str, value: Any, source: str) -> None:
        """Add one fact."""
        self.facts[attribute] = value
        self.sources[attribute] = source


def about_licensees(
    ids: Iterable[int], *, at: datetime, known_at: datetime | None = None
) -> dict[int, Sourced]:
    """Read facts, attestations and papers of many licensees, in three statements.

    The facts are those of the instant ``at``, as known at ``known_at`` (by default ``at``).
    """
    wanted = list(ids)
    known = known_at or at
    about = _gather(ABOUT_LICENSEES, wanted, at, known)
    refs = {about[pk].facts["licensee.id"]: pk for pk in about}
    for license_ in licenses_of(refs, known):
        for ref in license_["licensees"]:
            if ref in refs:
                about[refs[ref]].licenses.append(license_)
    for pk, disposition in dispositions_of(wanted, known):
        about[pk].dispositions.append(disposition)
    return about


def about_models(
    ids: Iterable[int], *, at: datetime, known_at: datetime | None = None
) -> dict[int, Sourced]:
    """The facts of AI models."""
    return _gather(ABOUT_MODELS, list(ids), at, known_at or at)


def entitlement_statuses(
    licensee_ids: Iterable[int], *, known_at: datetime
) -> dict[tuple[int, int], str]:
    """(licensee id, offering id) → ``active``, or ``held`` by an officer.

    Pairs without an entitlement are left out. A screening's hold leaves the status ``active``: it
    follows the standing and decides nothing.
    """
    held = Count(
        "holds",
        filter=Q(holds__cause="officer", holds__placed_at__lte=known_at)
        & (Q(holds__released_at=None) | Q(holds__released_at__gt=known_at)),
    )
    rows = (
        Entitlement.objects.filter(licensee__in=list(licensee_ids), granted_at__lte=known_at)
        .filter(Q(ended_at=None) | Q(ended_at__gt=known_at))
        .annotate(held=held)
        .values_list("licensee_id", "offering_id", "held")
    )
    return {(licensee, offering): "held" if n else "active" for licensee, offering, n in rows}


def _gather(statement: str, ids: list[int], at: datetime, known: datetime) -> dict[int, Sourced]:
    about: dict[int, Sourced] = {pk: Sourced() for pk in ids}
    with connection.cursor() as cursor:
        cursor.execute(statement, {"ids": ids, "at": at, "known": known})
        for pk, attribute, value, source in cursor.fetchall():
            about[pk].put(attribute, json.loads(value), source)  # jsonb comes as text
    return {pk: each for pk, each in about.items() if each.facts}


def licenses_of(refs: Iterable[str], known: datetime) -> list[dict[str, Any]]:
    """The export licenses of these licensees that counted at ``known``, by number."""
    wanted = list(refs)
    used = Count(
        "uses",
        filter=Q(uses__used_at__lte=known)
        & (Q(uses__given_back_at=None) | Q(uses__given_back_at__gt=known)),
    )
    rows = ExportLicense.objects.counting(known).filter(licensees__overlap=wanted)
    counted = rows.annotate(used=used).order_by("number")
    return [license_json(row, used=row.used) for row in counted] if wanted else []


def license_json(row: ExportLicense, *, used: int) -> dict[str, Any]:
    """An export license in the shape of docs/language.md §4."""
    return {
        "number": row.number,
        "licensees": row.licensees,
        "models": row.models_covered,
        "activities": row.activities,
        "countries": row.countries,
        "end_uses": row.end_uses,
        "orders": row.orders,
        "valid_from": instant(row.valid.lower),
        "valid_until": instant(row.valid.upper) if row.valid.upper else None,
        "remaining": None if row.quantity is None else max(row.quantity - used, 0),
        "conditions": row.conditions,
    }


def dispositions_of(ids: list[int], known: datetime) -> list[tuple[int, dict[str, Any]]]:
    """(licensee id, disposition) of those that counted at ``known``, by reference."""
    rows = Disposition.objects.counting(known).filter(licensee__in=ids)
    in_order = rows.select_related("licensee").order_by("ref")
    return [(row.licensee_id, disposition_json(row)) for row in in_order]


def disposition_json(row: Disposition) -> dict[str, Any]:
    """A disposition in the shape of docs/language.md §4."""
    return {
        "ref": row.ref,
        "rule": row.rule,
        "version": row.version,
        "licensee": row.licensee.ref,
        "models": row.models_covered,
        "activities": row.activities,
        "valid_from": instant(row.valid.lower),
        "valid_until": instant(row.valid.upper),
        "facts": row.facts,
    }
