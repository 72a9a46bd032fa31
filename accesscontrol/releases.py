"""Builds and stores the next release, and reads the release in force."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from threading import Lock
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from accesscontrol import audit, policy
from accesscontrol.errors import Refused
from accesscontrol.models import (
    CountryGroupMember,
    CustomAttribute,
    EndUse,
    NamedList,
    NamedListEntry,
    Release,
    RestrictedList,
    Term,
    Territory,
    User,
)
from accesscontrol.models.common import period

REGIMES = ("ofac", "bis_affiliates")
# The advisory lock under which one release is made at a time.
LOCK = 0x45670001


class NoRelease(Refused):
    """No release is in force, so nothing can be decided (HTTP 503)."""

    code = "no_release"


@dataclass(frozen=True)
class Loaded:
    """A release as it is stored, and as ``policy`` reads it."""

    id: int
    number: int
    sha256: str
    policy: policy.Release


def current() -> Loaded:
    """The release in force: one indexed read; a process parses it once. Raises NoRelease."""
    return _newest()


def as_of(at: datetime) -> Loaded:
    """The release that was in force at an instant. Raises NoRelease."""
    return _newest("WHERE published_at <= %s", at)


def get(number: int) -> Loaded:
    """The release with this number. Raises NoRelease."""
    return _newest("WHERE number = %s", number)


def build(*, number: int, at: datetime, with_rule: dict[str, Any] | None = None) -> dict[str, Any]:
    """The document of a release, with the rules in force at ``at`` and those scheduled after it.

    Names are sorted as in the canonical text, so that both parse to the same release.
    ``with_rule`` replaces the versions of the same rule (a draft, for a dry run).
    """
    rules = _rules(at)
    if with_rule is not None:
        rules = [rule for rule in rules if rule["ref"] != with_rule["ref"]] + [with_rule]
    return {
        "release": number,
        "vocabulary": vocabulary(),
        "territories": dict(sorted(Territory.objects.values_list("code", "parent"))),
        "groups": dict(sorted(_groups().items())),
        "lists": dict(sorted(_lists().items())),
        "rules": sorted(rules, key=lambda rule: (rule["ref"], rule["version"])),
    }


def vocabulary() -> list[dict[str, Any]]:
    """The attributes that rules can name: built-in, of each list, of each regime, custom."""
    return policy.vocabulary(
        lists=list(RestrictedList.objects.order_by("code").values_list("code", flat=True)),
        regimes=REGIMES,
        end_uses=list(EndUse.objects.order_by("code").values_list("code", flat=True)),
        custom=list(
            CustomAttribute.objects.filter(confirmed_at__isnull=False)
            .order_by("name")
            .values_list("definition", flat=True)
        ),
    )


def publish_next(*, by: User | None, at: datetime, because: str) -> Release:
    """Store the next release, in the caller's transaction, one at a time.

    Raises policy.PolicyError if it would not be sound; then nothing changes.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        newest = Release.objects.order_by("-number").values_list("number", flat=True).first()
        number = (newest or 0) + 1
        parsed = policy.parse_release(build(number=number, at=at))
        release = Release.objects.create(
            number=number,
            canonical=parsed.canonical,
            sha256=parsed.digest,
            published_at=at,
            published_by=by,
            because=because,
        )
        audit.record(
            "release.published",
            release,
            by=by,
            at=at,
            because=because,
            release=release,
            details={"sha256": parsed.digest, "rules": len(parsed.rules)},
        )
        _stored(release.pk, number, parsed.digest).keep(parsed, at)
    return release


class _Stored:
    """A stored release. Threads share it: the first one that asks loads it, the others wait.

    A stored release never changes, and no code changes a parsed one. The process that publishes a
    release keeps the one that it parsed. The digest is part of the key, so that a release that was
    rolled back is not taken for another with the same number.
    """

    def __init__(self, pk: int, number: int, sha256: str) -> None:
        self._row = (pk, number, sha256)
        self._lock = Lock()
        self._loaded: Loaded | None = None

    def loaded(self) -> Loaded:
        if self._loaded is None:
            with self._lock:
                self._loaded = self._loaded or self._load()
        return self._loaded

    def keep(self, parsed: policy.Release, at: datetime) -> None:
        """Keep the release that its publication has parsed."""
        with self._lock:
            self._loaded = self._loaded or self._compiled(parsed, at)

    def _load(self) -> Loaded:
        rows = Release.objects.values_list("canonical", "published_at")
        canonical, published_at = rows.get(pk=self._row[0])
        return self._compiled(policy.parse_release(json.loads(canonical)), published_at)

    def _compiled(self, parsed: policy.Release, at: datetime) -> Loaded:
        policy.judge(parsed, facts={}, at=at)  # the first question compiles it
        return Loaded(*self._row, parsed)


# Threads share the releases used last, see _Stored.
_stored = lru_cache(maxsize=8)(_Stored)


def _newest(where: str = "", *values: int | datetime) -> Loaded:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, number, sha256 FROM accesscontrol_release"  # noqa: S608
            f" {where} ORDER BY number DESC LIMIT 1",
            values,
        )
        row = cursor.fetchone()
    if row is None:
        raise NoRelease("No release is published, so nothing can be decided. Publish a rule first.")
    return _stored(*row).loaded()


def _rules(at: datetime) -> list[dict[str, Any]]:
    terms = Term.objects.filter(
        Q(period__endswith__isnull=True) | Q(period__endswith__gt=at), withdrawn=False
    ).select_related("rule_version")
    return [_rule(term) for term in terms if not term.period.isempty]


def _rule(term: Term) -> dict[str, Any]:
    """The version's content with the dates of its term, which can end before the version's."""
    dates = period(term.period)
    return {
        **term.rule_version.content,
        "effective_from": dates["from"],
        "effective_until": dates["until"],
    }


def _groups() -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for member in CountryGroupMember.objects.order_by("group", "country", "valid"):
        entry = {"value": member.country, **period(member.valid)}
        groups.setdefault(member.group, []).append(entry)
    return groups


def _lists() -> dict[str, list[dict[str, Any]]]:
    lists: dict[str, list[dict[str, Any]]] = {
        code: [] for code in NamedList.objects.order_by("code").values_list("code", flat=True)
    }
    entries = NamedListEntry.objects.filter(confirmed_at__isnull=False).select_related("named_list")
    for entry in entries.order_by("value", "valid"):
        lists[entry.named_list.code].append({"value": entry.value, **period(entry.valid)})
    return lists
