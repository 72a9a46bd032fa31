"""Sums up a preview: six tiles, a sentence, countries, missing facts, why nothing changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from accesscontrol.dashboard.preview.selection import Chosen
from accesscontrol.dashboard.shell import words
from accesscontrol.models import Group, Preview
from accesscontrol.policy import COUNTRIES

TONES: Mapping[Group, str] = {  # the icon has the tone's name
    Group.LOSE_ACCESS: "deny",
    Group.TO_REVIEW: "review",
    Group.CANT_DECIDE: "unknown",
    Group.PER_REQUEST: "request",
    Group.REGAIN_ACCESS: "allow",
    Group.NO_CHANGE: "",
}
LABELS: Mapping[Group, str] = {
    Group.LOSE_ACCESS: "Lose access",
    Group.TO_REVIEW: "Review or license",
    Group.CANT_DECIDE: "Can't decide",
    Group.PER_REQUEST: "Now per request",
    Group.REGAIN_ACCESS: "Regain access",
    Group.NO_CHANGE: "No change",
}
VERBS: Mapping[Group, tuple[str, str]] = {  # for one licensee, for several
    Group.LOSE_ACCESS: ("loses access", "lose access"),
    Group.TO_REVIEW: ("needs a review or license", "need a review or license"),
    Group.CANT_DECIDE: ("can't be decided", "can't be decided"),
    Group.PER_REQUEST: ("is decided per request", "are decided per request"),
    Group.REGAIN_ACCESS: ("regains access", "regain access"),
    Group.NO_CHANGE: ("does not change", "do not change"),
}
CHANGES = tuple(group for group in Group if group != Group.NO_CHANGE)
SHOWN = 8  # countries that are not folded away


def counted(group: Group, count: int) -> str:
    """`29 lose access`: a number of licensees with their change."""
    return f"{count:,} {VERBS[group][0 if count == 1 else 1]}"


def licensees(count: int) -> str:
    return f"{count:,} licensee{'' if count == 1 else 's'}"


def tiles(preview: Preview, chosen: Chosen) -> list[dict[str, Any]]:
    """One tile a group. It links to the group's licensees, or back to all."""
    return [
        {
            "group": group.key,
            "label": LABELS[group],
            "icon": TONES[group] or "check",
            "tone": TONES[group],
            "count": (count := preview.groups[group.key]),
            "noun": "licensee" if count == 1 else "licensees",
            "note": _note(group, preview),
            "current": chosen.group == group.key,
            "query": chosen.with_(group="" if chosen.group == group.key else group.key, missing=""),
        }
        for group in Group
    ]


def _note(group: Group, preview: Preview) -> str:
    ends = preview.entitlements.get(group.key, 0)
    granted = f"{ends:,} entitlement{'' if ends == 1 else 's'}"
    match group:
        case Group.LOSE_ACCESS:
            return f"{granted} held" if ends else "no entitlement is held"
        case Group.TO_REVIEW:
            return f"{granted} held until decided" if ends else "nothing is held"
        case Group.CANT_DECIDE:
            return "facts are missing: denied until known" if ends else "no fact is missing"
        case Group.PER_REQUEST:
            return "each question must say more"
        case Group.REGAIN_ACCESS:
            return f"{granted} freed" if ends else "no entitlement is freed"
        case _:
            same = preview.matched_denied
            return f"{same:,} of them denied already" if same else "as they are today"


def sum_in_words(preview: Preview) -> str:
    """`29 + 8 + 4 + 0 + 2 + 1,241`: the six counts, which add up to the total."""
    return " + ".join(f"{count:,}" for count in preview.groups.values())


def headline(preview: Preview) -> str:
    """The preview in a sentence."""
    text = in_short(preview)
    return f"{text[:1].upper()}{text[1:]}."


def in_short(preview: Preview) -> str:
    """The groups of change that are not empty, for a button or a sentence."""
    counts = [(group, preview.groups[group.key]) for group in CHANGES]
    return (
        ", ".join(counted(group, count) for group, count in counts if count)
        or "no licensee changes"
    )


def why_nothing(preview: Preview) -> list[str]:
    """If no licensee changes, what the rule matches and why that changes nothing."""
    if not preview.matched:
        return [
            "The rule matches no licensee for any model and use on offer.",
            "If that is not what the order means, look at its conditions again.",
        ]
    alike = preview.matched - preview.matched_denied - preview.matched_not_granted
    sentences = [f"The rule matches {licensees(preview.matched)}."]
    if preview.matched_denied == preview.matched:
        return [f"The rule matches {licensees(preview.matched)}, all already denied."]
    for count, what in (
        (preview.matched_denied, "denied already"),
        (preview.matched_not_granted, "not granted what it is about"),
        (alike, "the same as today, by other rules or for lack of facts"),
    ):
        if count:
            sentences.append(f"{count:,} {'is' if count == 1 else 'are'} {what}.")
    return sentences


def countries(preview: Preview, chosen: Chosen) -> dict[str, Any]:
    """The countries by their number of licensees that change, most first, with their groups."""
    groups = [group for group in CHANGES if not chosen.group or group.key == chosen.group]
    rows = []
    for code, counts in preview.by_country.items():
        parts = [(group, counts.get(group.key, 0)) for group in groups if counts.get(group.key)]
        if parts:
            rows.append(_country(code, parts, chosen))
    rows.sort(key=lambda row: (-row["count"], row["name"]))
    kinds = {group for row in rows for group, _ in row["parts"]}
    most = max((row["count"] for row in rows), default=1)
    for row in rows:
        _draw(row, most)
    one = LABELS[kinds.pop()] if len(kinds) == 1 else ""  # then no row repeats it
    return {"first": rows[:SHOWN], "rest": rows[SHOWN:], "one": one}


def _country(code: str, parts: Sequence[tuple[Group, int]], chosen: Chosen) -> dict[str, Any]:
    value = code or "unknown"
    return {
        "code": value,
        "name": COUNTRIES.get(code, code) or "Country unknown",
        "count": sum(count for _, count in parts),
        "groups": ", ".join(counted(group, count) for group, count in parts),
        "parts": parts,
        "current": chosen.country == value,
        "query": chosen.with_(country="" if chosen.country == value else value),
    }


def _draw(row: dict[str, Any], most: int) -> None:
    """Give the row the pieces of its bar, one a group, in percent of the longest bar."""
    x = 0.0
    bars = []
    for group, count in row.pop("parts"):
        width = count * 100 / most
        bars.append({"tone": TONES[group], "x": f"{x:.2f}", "width": f"{width:.2f}"})
        x += width
    row["bars"] = bars


def missing(preview: Preview, chosen: Chosen) -> list[dict[str, Any]]:
    """The facts to ask for, first those that help most licensees."""
    return [
        {
            "name": name,
            "label": words.attribute(name),
            "count": count,
            "helps": licensees(count),
            "current": chosen.missing == name,
            "query": chosen.with_(group=Group.CANT_DECIDE.key, missing=name),
        }
        for name, count in sorted(preview.ask_for.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
