"""Random small worlds for the rule language: releases, facts, statements and papers that meet often."""

from typing import Any

from hypothesis import strategies as st

from accesscontrol import policy
from tests.worlds import language

NOW = language.NOW
LATER = "2026-06-21T00:00:00Z"
VALUES: dict[str, list[Any]] = {
    "request.location_country": ["CN", "HK", "US", "GL"],
    "request.end_use": ["civil", "military"],
    "licensee.country": ["CN", "HK", "DK", "GL", "US"],
    "licensee.sector": ["bank", "bio", "other"],
    "licensee.data_center_countries": [[], ["HK"], ["US", "CN"], ["GL"]],
    "licensee.red_flags_open": [0, 1, 2],
    "licensee.custom.certified": [True, False],
    "licensee.custom.tier": ["gold", "silver"],
    "model.training_ops": ["0", "1e26", "1" + "0" * 26, "99999999999999999999999999"],
    "model.capability_tags": [[], ["bio"], ["bio", "cyber"]],
    "model.custom.released": ["2025-12-31", "2026-01-01", "2026-01-02"],
    "user.us_person": [True, False],
    "user.nationalities": [["US"], ["HK"], ["US", "RU"]],
}
TYPE = {str(each["name"]): str(each["type"]) for each in language.ATTRIBUTES}
REGISTER_ONLY = {str(each["name"]) for each in language.ATTRIBUTES if each.get("register_only")}
REQUEST = [name for name in VALUES if name.startswith(("request.", "user."))]
REGISTER = [name for name in VALUES if name not in REQUEST]
INVALID: Any = st.sampled_from([None, 1.5, "", ["x", "x"], {"a": 1}])


def single(name: str) -> list[Any]:
    """Values that one element of the attribute can have."""
    flat = [v for value in VALUES[name] for v in (value if isinstance(value, list) else [value])]
    return list(dict.fromkeys(flat))


@st.composite
def leaves(draw: st.DrawFn, names: list[str], known: bool) -> dict[str, object]:
    name = draw(st.sampled_from(names))
    if known and draw(st.integers(0, 5)) == 0:
        return {"is_known": [name]}
    operator = draw(st.sampled_from(language.operators(TYPE[name])))
    kind = policy.OPERATORS[operator].operand
    if kind.names == "group":
        return {operator: [name, draw(st.sampled_from(["D:5", "A:5"]))]}
    if kind.names == "list":
        return {operator: [name, "annex"]}
    if kind.several:
        return {
            operator: [
                name,
                draw(st.lists(st.sampled_from(single(name)), min_size=1, max_size=2, unique=True)),
            ]
        }
    return {operator: [name, draw(st.sampled_from(single(name)))]}


@st.composite
def conditions(
    draw: st.DrawFn, names: list[str] | None = None, depth: int = 3, known: bool = False
) -> dict[str, object]:
    """A condition; ``known`` says whether is_known may stand at this place."""
    named = names or list(VALUES)
    kind = draw(st.sampled_from(["leaf", "leaf", "not", "all", "any"])) if depth else "leaf"
    if kind == "leaf":
        return draw(leaves(named, known))
    if kind == "not":
        return {"not": draw(conditions(named, depth - 1, not known))}
    return {kind: draw(st.lists(conditions(named, depth - 1, known), min_size=1, max_size=3))}


@st.composite
def periods(draw: st.DrawFn) -> tuple[str | None, str | None]:
    return draw(
        st.sampled_from([(None, None), (None, NOW), (NOW, None), (None, LATER), (LATER, None)])
    )


@st.composite
def rules(draw: st.DrawFn, ref: str) -> dict[str, object]:
    start, end = draw(periods())
    exemptions = []
    for number in range(draw(st.integers(0, 2))):
        since, until = draw(periods())
        exemptions.append(
            language.exemption(
                draw(conditions(depth=2, known=True)),
                f"x{number}",
                effective_from=since,
                effective_until=until,
            )
        )
    return language.rule(
        draw(conditions()),
        draw(st.sampled_from(["deny", "license_required", "review"])),
        ref=ref,
        unless=exemptions,
        order=draw(st.sampled_from(["O-1", "O-2"])),
        effective_from=start or language.LONG_AGO,
        effective_until=end,
        report_only_until=draw(st.sampled_from([None, None, None, LATER])),
    )


@st.composite
def documents(draw: st.DrawFn, most: int = 4) -> dict[str, object]:
    refs = [f"R-{number}" for number in range(draw(st.integers(1, most)))]
    return language.document(*(draw(rules(ref)) for ref in refs))


def releases(most: int = 4) -> st.SearchStrategy[policy.Release]:
    return documents(most).map(policy.parse_release)


@st.composite
def facts(
    draw: st.DrawFn, names: list[str] | None = None, invalid: bool = True, often: float = 0.6
) -> dict[str, Any]:
    """The three facts that a question has, and some of the others."""
    found: dict[str, Any] = dict(language.IDS)
    for name in names or list(VALUES):
        if draw(st.integers(0, 9)) < often * 10:
            wrong = invalid and draw(st.integers(0, 15)) == 0
            found[name] = draw(INVALID) if wrong else draw(st.sampled_from(VALUES[name]))
    return found


@st.composite
def statements(draw: st.DrawFn, names: list[str] | None = None) -> dict[str, Any]:
    some = draw(st.lists(st.sampled_from(names or list(VALUES)), max_size=4, unique=True))
    return {name: draw(st.sampled_from(VALUES[name])) for name in some}


def _some_of(values: list[str]) -> st.SearchStrategy[list[str] | None]:
    return st.none() | st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


@st.composite
def papers(draw: st.DrawFn) -> dict[str, list[dict[str, object]]]:
    """Export licenses and dispositions, as the judge takes them."""
    licenses = [
        language.license_(
            f"L-{number}",
            countries=draw(_some_of(["CN", "US", "DK"])),
            end_uses=draw(_some_of(["civil", "military"])),
            orders=draw(_some_of(["O-1", "O-2"])),
            remaining=draw(st.sampled_from([None, None, 0, 1])),
        )
        for number in range(draw(st.integers(0, 2)))
    ]
    dispositions = [
        language.disposition(
            f"D-{number}",
            rule=draw(st.sampled_from(["R-0", "R-1"])),
            activities=draw(_some_of(["use_api", "hosted"])),
            facts=draw(statements()),
        )
        for number in range(draw(st.integers(0, 2)))
    ]
    return {"licenses": licenses, "dispositions": dispositions}
