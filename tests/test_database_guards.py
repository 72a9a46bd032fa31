"""What must be true stands in the database: here Python is left out and tries to break it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, models, transaction

from accesscontrol.models import (
    Attestation,
    Disposition,
    ExportLicense,
    Finding,
    Licensee,
    Order,
    Release,
    Rule,
    RuleEdit,
    RuleVersion,
    Sheet,
    Term,
    User,
)

AT = datetime(2026, 6, 12, 21, 21, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def person(name: str, role: str) -> User:
    return User.objects.create_user(name, password="x", role=role)


@pytest.fixture
def rule() -> Rule:
    order = Order.objects.create(
        reference="BIS-2026-0612",
        kind="is_informed_letter",
        authority="BIS",
        citation="15 CFR 744.22(b)",
        subject="Two models",
        received_at=AT,
        effective_at=AT,
        entered_at=AT,
    )
    return Rule.objects.create(ref="R-1", order=order, created_at=AT)


def version(rule: Rule, number: int = 1, **changes: Any) -> RuleVersion:
    row: dict[str, Any] = {
        "title": "T",
        "effect": "deny",
        "content": {},
        "canonical": "{}",
        "digest": "0" * 64,
        "created_at": AT,
        "edited_at": AT,
    }
    return RuleVersion.objects.create(rule=rule, version=number, **{**row, **changes})


def published(rule: Rule, number: int = 1) -> RuleVersion:
    return version(rule, number, state="published", approved_at=AT, published_at=AT)


def refused(row: models.Model, **changes: Any) -> None:
    """Writing these values past Python must fail in the database."""
    with pytest.raises(DatabaseError), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(**changes)  # type: ignore[attr-defined]


def undeletable(row: models.Model) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        type(row).objects.filter(pk=row.pk)._raw_delete("default")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Other"},
        {"content": {"effect": "review"}},
        {"state": "draft"},
        {"digest": "1" * 64},
        {"published_at": AT + DAY},
        {"effect": "review"},
    ],
)
def test_a_published_version_is_never_changed(rule: Rule, change: dict[str, Any]) -> None:
    refused(published(rule), **change)


def test_a_published_version_is_never_deleted(rule: Rule) -> None:
    undeletable(published(rule))


def test_nobody_approves_what_he_edited(rule: Rule) -> None:
    editor, other = person("mina", "approver"), person("jonas", "approver")
    draft = version(rule, state="submitted")
    RuleEdit.objects.create(rule_version=draft, user=editor, at=AT)
    refused(draft, approved_by=editor, approved_at=AT, state="approved")
    RuleVersion.objects.filter(pk=draft.pk).update(
        approved_by=other, approved_at=AT, state="approved"
    )


def test_an_edit_of_an_earlier_draft_since_the_last_publication_counts(rule: Rule) -> None:
    editor = person("mina", "approver")
    withdrawn = version(rule, 1, state="withdrawn")
    RuleEdit.objects.create(rule_version=withdrawn, user=editor, at=AT)
    refused(version(rule, 2, state="submitted"), approved_by=editor, approved_at=AT)


def test_an_edit_before_the_last_published_version_does_not(rule: Rule) -> None:
    editor = person("mina", "approver")
    RuleEdit.objects.create(rule_version=published(rule, 1), user=editor, at=AT)
    draft = version(rule, 2, state="submitted")
    RuleVersion.objects.filter(pk=draft.pk).update(approved_by=editor, approved_at=AT)


def test_the_record_of_edits_takes_inserts_only(rule: Rule) -> None:
    edit = RuleEdit.objects.create(rule_version=version(rule), user=person("m", "officer"), at=AT)
    undeletable(edit)
    refused(edit, at=AT + DAY)


def test_a_rule_is_published_only_after_approval(rule: Rule) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        version(rule, state="published", published_at=AT)


def test_terms_of_one_rule_never_overlap(rule: Rule) -> None:
    first, second = published(rule, 1), published(rule, 2)
    Term.objects.create(rule=rule, rule_version=first, period=(AT, None))
    with pytest.raises(IntegrityError), transaction.atomic():
        Term.objects.create(rule=rule, rule_version=second, period=(AT + DAY, AT + 2 * DAY))


def test_a_term_that_has_begun_is_not_withdrawn_nor_deleted(rule: Rule) -> None:
    term = Term.objects.create(rule=rule, rule_version=published(rule), period=(AT, None))
    refused(term, withdrawn=True)
    undeletable(term)


def test_a_release_a_finding_and_a_sheet_are_never_changed() -> None:
    release = Release.objects.create(
        number=1, canonical="{}", sha256="0" * 64, published_at=AT, because="First"
    )
    finding = Finding.objects.create(digest="0" * 64, outcome="permit", verdict={})
    sheet = Sheet.objects.create(digest="0" * 64, findings=[finding.pk])
    refused(release, canonical="{ }")
    refused(finding, outcome="deny")
    refused(sheet, findings=[])
    for row in (release, finding, sheet):
        undeletable(row)


@pytest.mark.parametrize("kind", ["attestation", "license", "disposition"])
def test_nobody_confirms_what_he_entered(kind: str) -> None:
    mina = person("mina", "officer")
    licensee = Licensee.objects.create(
        ref="acme", name="Acme", normalized_name="acme", created_at=AT, changed_at=AT
    )
    common: dict[str, Any] = {
        "valid": (AT, AT + DAY),
        "recorded_at": AT,
        "entered_by": mina,
    }
    row: models.Model
    match kind:
        case "attestation":
            row = Attestation.objects.create(
                licensee=licensee, attribute="user.us_person", value=True, evidence="e", **common
            )
        case "license":
            row = ExportLicense.objects.create(number="D1", licensees=["acme"], **common)
        case _:
            row = Disposition.objects.create(
                ref="D-1", rule="R-1", version=1, licensee=licensee, because="b", **common
            )
    refused(row, confirmed_by=mina, confirmed_at=AT)
    refused(row, confirmed_at=AT)
    other = person("jonas", "approver")
    type(row).objects.filter(pk=row.pk).update(  # type: ignore[attr-defined]
        confirmed_by=other, confirmed_at=AT
    )
