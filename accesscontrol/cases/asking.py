"""The questions that findings on what was granted put to a person, as text."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from accesscontrol.models import Case, Finding, Offering

Kind = Case.Kind

# Positions, and the finding at each: licensees with the same are asked about alike.
Asked = tuple[tuple[int, ...], tuple[int, ...]]


class Question(NamedTuple):
    """What is asked about a licensee; of one kind and ``key`` there is one open case."""

    kind: str
    key: str
    subject: str
    evidence: Mapping[str, Any]


def questions(asked: Collection[Asked]) -> dict[Asked, list[Question]]:
    """What findings (their ids) on the offerings at these positions ask."""
    ids = {finding for _, findings in asked for finding in findings}
    verdict = dict(Finding.objects.filter(id__in=ids).values_list("id", "verdict"))
    rows = Offering.objects.values_list("position", "model__ref", "activity")
    offering = {position: {"model": ref, "activity": activity} for position, ref, activity in rows}
    found: dict[Asked, list[Question]] = {}
    for positions, findings in asked:
        pairs = zip(positions, findings, strict=True)
        told = [(offering[position], verdict[finding]) for position, finding in pairs]
        found[positions, findings] = list(_asks(told))
    return found


def _asks(found: Sequence[tuple[dict[str, str], Mapping[str, Any]]]) -> Iterator[Question]:
    reviews: dict[str, dict[str, Any]] = {}
    missing: set[str] = set()
    rules: set[str] = set()
    held_up: list[dict[str, str]] = []
    for offering, finding in found:
        if finding["outcome"] == "review":
            for reason in finding["reasons"]:
                name = f"{reason['rule']} v{reason['version']}"
                about = {"rule": reason["rule"], "version": reason["version"], "key": name}
                reviews.setdefault(name, about | {"offerings": []})["offerings"].append(offering)
        elif finding["outcome"] == "undetermined":
            lacks, by = _lacks(finding)
            if lacks:
                missing |= lacks
                rules |= by
                held_up.append(offering)
    for name, evidence in reviews.items():
        yield Question(Kind.REVIEW, name, _short(name), evidence)
    if missing:
        evidence = {"missing": sorted(missing), "rules": sorted(rules), "offerings": held_up}
        # Missing facts make one case a licensee, whichever they are.
        yield Question(Kind.UNDETERMINED, "", _short(", ".join(evidence["missing"])), evidence)


def _lacks(finding: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The facts that a person can find out about this licensee, and the rules that lack them.

    A fact of the *model* that is missing is no question about any licensee, and would open as many
    cases as there are: the model's page asks it once.
    """
    lacks: set[str] = set()
    by: set[str] = set()
    for unknown in finding["undetermined"]:
        names = {name for name in unknown["missing"] if not name.startswith("model.")}
        if not unknown["missing"] and unknown.get("error"):
            names = {f"rule {unknown['rule']} could not be judged"}
        if names:
            lacks |= names
            by.add(unknown["rule"] or "")
    return lacks, by


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"
