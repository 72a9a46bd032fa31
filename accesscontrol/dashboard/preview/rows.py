"""A preview's licensees in words: what it was, what it would be, for which model, by which rule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from accesscontrol.dashboard.preview import because
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
    """One licensee; ``rule`` is empty where no rule decides any more, ``why`` says what does."""

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


def told(found: Iterable[AffectedLicensee], preview: Preview, user: User) -> list[Row]:
    """The rows of a page in words, in a few statements for all of them."""
    page = list(found)
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
    offerings = {each.position: each for each in offered.select_related("model")}
    titles = _titles(findings.values(), user)

    def at(pk: int | None, position: int) -> Finding | None:
        sheet = sheets.get(pk or 0, [])
        return findings.get(sheet[position]) if position < len(sheet) else None

    rows = [
        _row(
            row,
            preview,
            at(row.before_id, row.position),
            at(row.after_id, row.position),
            offerings.get(row.position),
            titles,
        )
        for row in page
    ]
    return _with_conditions(rows, offerings, preview)


def _with_conditions(
    rows: list[Row], offerings: Mapping[int, Offering], preview: Preview
) -> list[Row]:
    """Where the rule itself decides, the conditions of it that do."""
    own = [
        (row.affected, offerings[row.affected.position])
        for row in rows
        if row.is_this and not row.why and row.affected.position in offerings
    ]
    said = because.own_rule(own, preview)
    return [
        replace(row, why=said.get(row.affected.licensee_id, "")) if not row.why else row
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
    """The rule that decides after the change, and in words what it says or lacks."""
    if after is None:
        return "", "It could not be evaluated. Calculate again; it stays undecided until then."
    ref = preview.version.rule.ref
    strictest = [each for each in after.verdict["reasons"] if each["effect"] == after.outcome]
    if strictest:
        each = _own_first(strictest, ref)
        own = each["rule"] == ref  # its title stands above the table
        return each["rule"], "" if own else titles.get((each["rule"], each["version"]), "")
    if after.verdict["undetermined"]:
        each = _own_first(after.verdict["undetermined"], ref)
        return each["rule"] or "", _open(each)
    was = before.verdict["reasons"] or before.verdict["undetermined"] if before else []
    if any(each["rule"] == ref for each in was):
        return ref, "It does not stand against it any more."
    return "", "No rule stands against it any more."


def _open(unknown: Mapping[str, Any]) -> str:
    """`Missing: licensee's headquarters country`, or what a question must state."""
    lacking, asked = unknown.get("missing", ()), unknown.get("deferred", ())
    said = []
    if lacking:
        said.append(f"Missing: {', '.join(_label(name) for name in lacking)}")
    if asked:
        said.append(f"Each question must state: {', '.join(_label(name) for name in asked)}")
    if unknown.get("error"):
        said.append("Judging the rule failed")
    return ". ".join(said)


def _label(name: str) -> str:
    return words.uncapitalized(words.attribute(name))


def _own_first(found: list[Any], ref: str) -> Any:
    """The rule of the preview where it is among those that decide."""
    return next((each for each in found if each["rule"] == ref), found[0])


def _sheets(page: list[AffectedLicensee]) -> dict[int, list[int]]:
    wanted = {pk for row in page for pk in (row.before_id, row.after_id) if pk}
    return dict(Sheet.objects.filter(pk__in=wanted).values_list("pk", "findings"))


def _titles(findings: Iterable[Finding], user: User) -> dict[tuple[str, int], str]:
    """Rule and version → title; of a confidential order only for those who may read it."""
    named = {
        (each["rule"], each["version"])
        for finding in findings
        for each in finding.verdict["reasons"]
    }
    rows = RuleVersion.objects.filter(rule__ref__in={ref for ref, _ in named})
    return {
        (row.rule.ref, row.version): confidential.title(row.rule.order, user, row.title)
        for row in rows.select_related("rule__order").only(
            "title", "version", "rule__ref", "rule__order__confidential"
        )
        if (row.rule.ref, row.version) in named
    }
