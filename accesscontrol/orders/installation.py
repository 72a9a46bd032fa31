"""Publishes the starter policy, which is the written law, as an installation's first release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accesscontrol import audit, screening
from accesscontrol.models import (
    CountryGroupMember,
    EndUse,
    Order,
    Release,
    RestrictedList,
    Rule,
    RuleVersion,
    Term,
    Territory,
)
from accesscontrol.orders import drafts, publication, terms
from accesscontrol.orders.refusals import CannotEnter


@dataclass(frozen=True)
class GroupMembership:
    """A country in a country group. None: without a known beginning or end."""

    group: str
    country: str
    since: datetime | None
    until: datetime | None
    citation: str


@dataclass(frozen=True)
class Policy:
    """The data that an installation starts with."""

    lists: Mapping[str, str]
    end_uses: Mapping[str, str]
    memberships: Sequence[GroupMembership]
    territories: Mapping[str, str]
    territories_citation: str
    orders: Sequence[Mapping[str, Any]]
    rules: Sequence[Mapping[str, Any]]


def install(*, starter: Policy, at: datetime, because: str) -> Release | None:
    """Publish the starter policy as the first release, in the name of the system.

    The terms are those of the law and may begin in the past, since no answer was given before.
    Officers can change the rules like any other. Returns None if there is a release already.
    """
    with transaction.atomic():
        if Release.objects.exists():
            return None
        _fill_tables(starter, at=at)
        for order in starter.orders:
            Order.objects.get_or_create(
                reference=order["reference"],
                defaults={**order, "received_at": order["effective_at"], "entered_at": at},
            )
        for document in starter.rules:
            _publish_rule(document, at=at)
        release = publication.next_release(by=None, at=at, because=because)
        _record_and_screen(release, starter, at=at, because=because)
    return release


def _fill_tables(starter: Policy, *, at: datetime) -> None:
    for code, name in starter.lists.items():
        RestrictedList.objects.get_or_create(code=code, defaults={"name": name})
    for code, label in starter.end_uses.items():
        EndUse.objects.get_or_create(code=code, defaults={"label": label})
    for code, parent in starter.territories.items():
        Territory.objects.get_or_create(
            code=code, defaults={"parent": parent, "citation": starter.territories_citation}
        )
    CountryGroupMember.objects.bulk_create(
        CountryGroupMember(
            group=each.group,
            country=each.country,
            valid=terms.period(each.since, each.until),
            citation=each.citation,
            recorded_at=at,
        )
        for each in starter.memberships
    )


def _record_and_screen(release: Release, starter: Policy, *, at: datetime, because: str) -> None:
    details = {"rules": sorted({str(rule["ref"]) for rule in starter.rules})}
    audit.record(
        "policy.installed",
        release,
        by=None,
        at=at,
        because=because,
        release=release,
        details=details,
    )
    screening.start(
        cause="starter", subject=release, release=release, by=None, at=at, because=because
    )


def _publish_rule(document: Mapping[str, Any], *, at: datetime) -> RuleVersion:
    order = Order.objects.filter(reference=document["order"]).first()
    if order is None:
        raise CannotEnter(f"{document['ref']} cites {document['order']}, which is not entered.")
    rule, _ = Rule.objects.get_or_create(
        ref=document["ref"], defaults={"order": order, "created_at": at}
    )
    version = drafts.next_version(rule, document, by=None, at=at, because="The written law.")
    version.state = RuleVersion.State.PUBLISHED
    version.approved_at = version.published_at = at
    version.save()
    start, end = (terms.instant(version.content[f"effective_{each}"]) for each in ("from", "until"))
    Term.objects.create(rule=rule, rule_version=version, period=terms.period(start, end))
    return version
