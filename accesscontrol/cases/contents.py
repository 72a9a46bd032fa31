"""What the cases about findings say: what a person must decide about a licensee."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from accesscontrol.models import Case, Finding, Offering

Kind = Case.Kind

# Positions of offerings, and the id of the finding at each. Licensees with equal ones get equal
# cases.
Findings = tuple[tuple[int, ...], tuple[int, ...]]


class Content(NamedTuple):
    """What a case says. A licensee has at most one open case of a kind and ``key``."""

    kind: str
    key: str
    subject: str
    evidence: Mapping[str, Any]


def contents(all_findings: Collection[Findings]) -> dict[Findings, list[Content]]:
    """The cases that each of these combinations of findings needs."""
    ids = {finding for _, findings in all_findings for finding in findings}
    verdict = dict(Finding.objects.filter(id__in=ids).values_list("id", "verdict"))
    rows = Offering.objects.values_list("position", "model__ref", "activity")
    offering = {position: {"model": ref, "activity": activity} for position, ref, activity in rows}
    needed: dict[Findings, list[Content]] = {}
    for positions, findings in all_findings:
        pairs = zip(positions, findings, strict=True)
        verdicts = [(offering[position], verdict[finding]) for position, finding in pairs]
        needed[positions, findings] = list(_contents(verdicts))
    return needed


def _contents(verdicts: Sequence[tuple[dict[str, str], Mapping[str, Any]]]) -> Iterator[Content]:
    reviews: dict[str, dict[str, Any]] = {}
    missing: set[str] = set()
    rules: set[str] = set()
    undetermined: list[dict[str, str]] = []
    for offering, verdict in verdicts:
        if verdict["outcome"] == "review":
            for reason in verdict["reasons"]:
                name = f"{reason['rule']} v{reason['version']}"
                about = {"rule": reason["rule"], "version": reason["version"], "key": name}
                reviews.setdefault(name, about | {"offerings": []})["offerings"].append(offering)
        elif verdict["outcome"] == "undetermined":
            names, undecided = _missing(verdict)
            if names:
                missing |= names
                rules |= undecided
                undetermined.append(offering)
    for name, evidence in reviews.items():
        yield Content(Kind.REVIEW, name, _short(name), evidence)
    if missing:
        evidence = {"missing": sorted(missing), "rules": sorted(rules), "offerings": undetermined}
        # All missing facts of a licensee make one case.
        yield Content(Kind.UNDETERMINED, "", _short(", ".join(evidence["missing"])), evidence)


def _missing(verdict: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The missing facts of the licensee, and the rules that need them.

    A missing fact of a *model* is left out, since it would open a case for every licensee. The
    model's page asks for it once.
    """
    missing: set[str] = set()
    rules: set[str] = set()
    for unknown in verdict["undetermined"]:
        names = {name for name in unknown["missing"] if not name.startswith("model.")}
        if not unknown["missing"] and unknown.get("error"):
            names = {f"rule {unknown['rule']} could not be judged"}
        if names:
            missing |= names
            rules.add(unknown["rule"] or "")
    return missing, rules


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"
