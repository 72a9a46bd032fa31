"""Puts a preview's licensees into words: outcome before and after, model, deciding rule, reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from accesscontrol.dashboard.preview import reasons
from accesscontrol.dashboard.preview.summary import LABELS, TONES
from accesscontrol.dashboard.shell import confidential, words
from accesscontrol.models import (
    AffectedLicensee,
    Finding,
    Group,
    Offering,
    Preview,
    RuleVersion,
    Sheet,
    User,
)


@dataclass(frozen=True)
class Row:
    """One licensee. ``rule`` is empty if no rule decides any more; ``why`` says what does."""

    affected: AffectedLicensee
    group: str
    tone: str
    before: str
    after: str
    model: str
    activity: str
    rule: str
    is_this: bool
    why: str


def in_words(affected: Iterable[AffectedLicensee], preview: Preview, user: User) -> list[Row]:
    """The rows of a page in words, with a few statements for the whole page."""
    page = list(affected)
    sheets = _sheets(page)
    findings = Finding.objects.in_bulk(
        {
            sheets[pk][row.position]
            for row in page
            for pk in (row.before_id, row.after_id)
            if pk in sheets and row.position < len(sheets[pk])
        }
    )
    offered = Offering.objects.filter(position__in={row.position for row in page})
    offerings = {offering.position: offering for offering in offered.select_related("model")}
    titles = _titles(findings.values(), user)

    def finding(pk: int | None, position: int) -> Finding | None:
        sheet = sheets.get(pk or 0, [])
        return findings.get(sheet[position]) if position < len(sheet) else None

    rows = [
        _row(
            row,
            preview,
            finding(row.before_id, row.position),
            finding(row.after_id, row.position),
            offerings.get(row.position),
            titles,
        )
        for row in page
    ]
    return _with_conditions(rows, offerings, preview)


def _with_conditions(
    rows: list[Row], offerings: Mapping[int, Offering], preview: Preview
) -> list[Row]:
    """Add to the rows that the previewed rule decides why it applies."""
    own = [
        (row.affected, offerings[row.affected.position])
        for row in rows
        if row.is_this and not row.why and row.affected.position in offerings
    ]
    why = reasons.of_own_rule(own, preview)
    return [
        replace(row, why=why.get(row.affected.licensee_id, "")) if not row.why else row
        for row in rows
    ]


def _row(
    row: AffectedLicensee,
    preview: Preview,
    before: Finding | None,
    after: Finding | None,
    offering: Offering | None,
    titles: Mapping[tuple[str, int], str],
) -> Row:
    group = Group(row.group)
    rule, why = _deciding(before, after, preview, titles)
    judged = offering is not None and after is not None
    return Row(
        affected=row,
        group=LABELS[group],
        tone=TONES[group],
        before=before.outcome if before else "",
        after=after.outcome if after else "undetermined",
        model=str(offering.model) if offering and judged else "",
        activity=words.ACTIVITIES.get(offering.activity, "") if offering and judged else "",
        rule=rule,
        is_this=rule == preview.version.rule.ref,
        why=why,
    )


def _deciding(
    before: Finding | None,
    after: Finding | None,
    preview: Preview,
    titles: Mapping[tuple[str, int], str],
) -> tuple[str, str]:
    """The rule that decides after the change, and its title or missing facts in words."""
    if after is None:
        return "", "It could not be evaluated. Calculate again; it stays undecided until then."
    ref = preview.version.rule.ref
    strictest = [entry for entry in after.verdict["reasons"] if entry["effect"] == after.outcome]
    if strictest:
        entry = _own_first(strictest, ref)
        own = entry["rule"] == ref  # its title is above the table
        return entry["rule"], "" if own else titles.get((entry["rule"], entry["version"]), "")
    if after.verdict["undetermined"]:
        entry = _own_first(after.verdict["undetermined"], ref)
        return entry["rule"] or "", _unknown(entry)
    earlier = before.verdict["reasons"] or before.verdict["undetermined"] if before else []
    if any(entry["rule"] == ref for entry in earlier):
        return ref, "It does not stand against it any more."
    return "", "No rule stands against it any more."


def _unknown(entry: Mapping[str, Any]) -> str:
    """`Missing: licensee's headquarters country`, or the facts that a question must state."""
    missing, deferred = entry.get("missing", ()), entry.get("deferred", ())
    parts = []
    if missing:
        parts.append(f"Missing: {', '.join(_label(name) for name in missing)}")
    if deferred:
        parts.append(f"Each question must state: {', '.join(_label(name) for name in deferred)}")
    if entry.get("error"):
        parts.append("Judging the rule failed")
    return ". ".join(parts)


def _label(name: str) -> str:
    return words.uncapitalized(words.attribute(name))


def _own_first(entries: list[Any], ref: str) -> Any:
    """The entry of the previewed rule if there is one, else the first."""
    return next((entry for entry in entries if entry["rule"] == ref), entries[0])


def _sheets(page: list[AffectedLicensee]) -> dict[int, list[int]]:
    wanted = {pk for row in page for pk in (row.before_id, row.after_id) if pk}
    return dict(Sheet.objects.filter(pk__in=wanted).values_list("pk", "findings"))


def _titles(findings: Iterable[Finding], user: User) -> dict[tuple[str, int], str]:
    """Rule and version → title, which for a confidential order needs the right."""
    named = {
        (entry["rule"], entry["version"])
        for finding in findings
        for entry in finding.verdict["reasons"]
    }
    rows = RuleVersion.objects.filter(rule__ref__in={ref for ref, _ in named})
    return {
        (row.rule.ref, row.version): confidential.title(row.rule.order, user, row.title)
        for row in rows.select_related("rule__order").only(
            "title", "version", "rule__ref", "rule__order__confidential"
        )
        if (row.rule.ref, row.version) in named
    }
