"""What the page says of a preview: six tiles, countries, missing facts, why nothing changes."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

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
SHOWN = 8  # countries before the rest folds away


def counted(group: Group, count: int) -> str:
    """`29 lose access`: a number with what happens to so many."""
    return f"{count:,} {VERBS[group][0 if count == 1 else 1]}"


def licensees(count: int) -> str:
    return f"{count:,} licensee{'' if count == 1 else 's'}"


def tiles(preview: Preview, chosen: Chosen) -> list[dict[str, Any]]:
    """One tile a group; it leads to the list of its licensees, or back to all."""
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
    """`29 + 8 + 4 + 0 + 2 + 1,241`: the reader can add it up."""
    return " + ".join(f"{count:,}" for count in preview.groups.values())


def headline(preview: Preview) -> str:
    """The whole preview in a sentence."""
    said = in_short(preview)
    return f"{said[:1].upper()}{said[1:]}."


def in_short(preview: Preview) -> str:
    """The groups that somebody falls into, for a button or a sentence."""
    found = [(group, preview.groups[group.key]) for group in CHANGES]
    return ", ".join(counted(*each) for each in found if each[1]) or "no licensee changes"


def why_nothing(preview: Preview) -> list[str]:
    """Where nobody changes, what the rule matches all the same; never just a zero."""
    if not preview.matched:
        return [
            "The rule matches no licensee for any model and use on offer.",
            "If that is not what the order means, look at its conditions again.",
        ]
    alike = preview.matched - preview.matched_denied - preview.matched_not_granted
    said = [f"The rule matches {licensees(preview.matched)}."]
    if preview.matched_denied == preview.matched:
        return [f"The rule matches {licensees(preview.matched)}, all already denied."]
    for count, what in (
        (preview.matched_denied, "denied already"),
        (preview.matched_not_granted, "not granted what it is about"),
        (alike, "the same as today, by other rules or for lack of facts"),
    ):
        if count:
            said.append(f"{count:,} {'is' if count == 1 else 'are'} {what}.")
    return said


def countries(preview: Preview, chosen: Chosen) -> dict[str, Any]:
    """Countries by licensees that change, most first, each with its groups."""
    groups = [group for group in CHANGES if not chosen.group or group.key == chosen.group]
    rows = []
    for code, counts in preview.by_country.items():
        found = [(group, counts.get(group.key, 0)) for group in groups if counts.get(group.key)]
        if found:
            rows.append(_country(code, found, chosen))
    rows.sort(key=lambda row: (-row["count"], row["name"]))
    kinds = {group for row in rows for group, _ in row["parts"]}
    most = max((row["count"] for row in rows), default=1)
    for row in rows:
        _draw(row, most)
    one = LABELS[kinds.pop()] if len(kinds) == 1 else ""  # then no row repeats it
    return {"first": rows[:SHOWN], "rest": rows[SHOWN:], "one": one}


def _country(code: str, found: Sequence[tuple[Group, int]], chosen: Chosen) -> dict[str, Any]:
    here = code or "unknown"
    return {
        "code": here,
        "name": COUNTRIES.get(code, code) or "Country unknown",
        "count": sum(count for _, count in found),
        "groups": ", ".join(counted(group, count) for group, count in found),
        "parts": found,
        "current": chosen.country == here,
        "query": chosen.with_(country="" if chosen.country == here else here),
    }


def _draw(row: dict[str, Any], most: int) -> None:
    """The bar's pieces in hundredths of its width, one a group."""
    at = 0.0
    bars = []
    for group, count in row.pop("parts"):
        width = count * 100 / most
        bars.append({"tone": TONES[group], "x": f"{at:.2f}", "width": f"{width:.2f}"})
        at += width
    row["bars"] = bars


def missing(preview: Preview, chosen: Chosen) -> list[dict[str, Any]]:
    """The facts to ask for, those that help most licensees first."""
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


def query(**values: Any) -> str:
    """A query string of what is set."""
    return urlencode({name: value for name, value in values.items() if value})
