"""Random releases with vocabularies of their own, and questions about them, made quickly.

Plain draws from a seed: the readers are to be tried on millions, for which Hypothesis is too slow.
"""

import datetime as dt
from dataclasses import dataclass
from random import Random
from typing import Any

from accesscontrol import policy
from tests.worlds import language

INSTANTS = [f"2026-06-{day:02}T00:00:00Z" for day in (5, 10, 15, 20, 25)]
COUNTRIES = ["CN", "HK", "US", "GL", "DK", "RU", "DE"]
WORDS = ["acme", "bio", "bank", "gold", "silver", "x"]
DATES = ["2025-12-31", "2026-01-01", "2026-01-02"]
QUANTITIES = ["0", "1e26", "1" + "0" * 26, "99999999999999999999999999", "1e25"]
TYPES = [
    "boolean", "code", "country", "integer", "quantity", "share", "date", "countries", "codes",
]  # fmt: skip
WRONG: list[Any] = [None, 1.5, 1.0, True, 1, "", "zz", ["x", "x"], [], [1], {"a": 1}, [["x"]], "1"]
STATUS = {
    "name": "entitlement.status",
    "type": "code",
    "source": "register",
    "register_only": True,
    "values": ["none", "active", "held"],
}
IDS = {
    "licensee.id": ["acme", "bio", "other"],
    "model.id": ["frontier-5", "x"],
    "request.activity": ["use_api", "hosted"],
    "request.end_use": ["civil", "military"],
    "entitlement.status": ["none", "active", "held"],
    "licensee.custom.tier": ["gold", "silver"],
}


@dataclass
class World:
    """A release, and the attributes that questions about it are about."""

    release: policy.Release
    document: dict[str, Any]
    attributes: list[dict[str, Any]]

    def question(self, random: Random) -> dict[str, Any]:
        standing = random.random() < 0.4
        facts = self.facts(random, self.attributes)
        stated = {} if standing else self.statements(random)
        papers = random.random() < 0.25
        return {
            "facts": facts,
            "stated": stated,
            "licenses": self.licenses(random) if papers else [],
            "dispositions": self.dispositions(random) if papers else [],
            "at": self.instant(random),
            "standing": standing,
        }

    def facts(self, random: Random, attributes: list[dict[str, Any]]) -> dict[str, Any]:
        """A fifth of them absent, some invalid, some that the vocabulary does not hold."""
        found = {}
        for each in attributes:
            needed = each["name"] in ("licensee.id", "model.id", "request.activity")
            if random.random() < (0.02 if needed else 0.2):
                continue
            wrong = random.random() < 0.015
            found[each["name"]] = random.choice(WRONG) if wrong else value(random, each)
        if random.random() < 0.05:
            found["licensee.custom.forgotten"] = "x"
        return found

    def statements(self, random: Random) -> dict[str, Any]:
        if random.random() < 0.3:
            return {}
        return self.facts(random, random.sample(self.attributes, random.randint(1, 6)))

    def offerings(self, random: Random) -> list[dict[str, Any]]:
        theirs = [
            each for each in self.attributes
            if each["name"].startswith("model.") or each["name"] == "request.activity"
        ]  # fmt: skip
        return [self.facts(random, theirs) for _ in range(random.randint(1, 5))]

    def licensee(self, random: Random) -> dict[str, Any]:
        """What a register and attestations say of somebody; the id is never missing there."""
        theirs = [
            each for each in self.attributes
            if not each["name"].startswith(("model.", "entitlement."))
            and each["name"] != "request.activity"
        ]  # fmt: skip
        return {"licensee.id": random.choice(IDS["licensee.id"]), **self.facts(random, theirs)}

    def instant(self, random: Random) -> dt.datetime:
        """Before, at, between and after the boundaries, now and then within a second."""
        at = dt.datetime.fromisoformat(random.choice(INSTANTS))
        return at + dt.timedelta(
            seconds=random.choice([-1, 0, 0, 1]), microseconds=random.choice([0, 9])
        )

    def licenses(self, random: Random) -> list[dict[str, Any]]:
        return [
            language.license_(
                f"L-{number}",
                licensees=random.choice([["acme"], ["bio"], ["acme", "other"]]),
                countries=random.choice([None, ["CN"], ["US", "DK"]]),
                end_uses=random.choice([None, ["civil"]]),
                activities=random.choice([None, ["use_api"]]),
                orders=random.choice([None, ["O-1"], ["O-2"]]),
                remaining=random.choice([None, None, 0, 1]),
                valid_until=random.choice([None, None, INSTANTS[3]]),
            )
            for number in range(random.randint(0, 2))
        ]

    def dispositions(self, random: Random) -> list[dict[str, Any]]:
        return [
            language.disposition(
                f"D-{number}",
                rule=random.choice(self.document["rules"])["ref"],
                licensee=random.choice(["acme", "bio"]),
                activities=random.choice([None, ["use_api"]]),
                facts={
                    each["name"]: value(random, each)
                    for each in random.sample(self.attributes, random.randint(0, 2))
                },
            )
            for number in range(random.randint(0, 3))
        ]


def world(random: Random) -> World:
    while True:
        try:
            return drawn(random)
        except policy.PolicyError as error:
            if error.code != "too_many_clauses":
                raise


def drawn(random: Random) -> World:
    attributes = vocabulary(random)
    document = language.document(
        *(rule(random, f"R-{number}", attributes) for number in range(random.randint(1, 6))),
        vocabulary=attributes,
        territories=random.choice([{"HK": "CN", "GL": "DK"}, {"HK": "CN"}, {}]),
        groups={"D:5": entries(random, COUNTRIES), "A:5": entries(random, COUNTRIES)},
        lists={"annex": entries(random, WORDS)},
    )
    return World(policy.parse_release(document), document, attributes)


def vocabulary(random: Random) -> list[dict[str, Any]]:
    """What every vocabulary holds, some of the others, and custom ones of any type."""
    always = {"licensee.id", "model.id", *IDS, "request.location_country"}
    known = [
        each for each in [*language.ATTRIBUTES, STATUS]
        if each["name"] in always or random.random() < 0.5
    ]  # fmt: skip
    return known + [custom(random, number) for number in range(random.randint(0, 4))]


def custom(random: Random, number: int) -> dict[str, Any]:
    owner = random.choice(["licensee", "model", "user", "request"])
    source = "register" if owner in ("licensee", "model") else "request"
    made: dict[str, Any] = {
        "name": f"{owner}.custom.c{number}",
        "type": random.choice(TYPES),
        "source": source,
    }
    if made["type"] in ("code", "codes") and random.random() < 0.5:
        made["values"] = WORDS[:4]
    if made["type"] in ("codes", "countries") and random.random() < 0.5:
        made["non_empty"] = True
    if source == "register" and random.random() < 0.3:
        made["register_only"] = True
    return made


def entries(random: Random, names: list[str]) -> list[dict[str, Any]]:
    """Members of a group or list, some of them for a time only, one of them twice."""
    found = [language.entry(name) for name in random.sample(names, random.randint(0, 2))]
    for name in random.sample(names, 1):
        if all(each["value"] != name for each in found):
            found.append(language.entry(name, None, INSTANTS[1]))
            found.append(language.entry(name, INSTANTS[2], random.choice([None, INSTANTS[3]])))
    return found


def rule(random: Random, ref: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    exemptions = [
        language.exemption(
            condition(random, attributes, 2, known=True),
            f"x{number}",
            effective_from=random.choice([None, None, INSTANTS[1]]),
            effective_until=random.choice([None, None, INSTANTS[3]]),
        )
        for number in range(random.choice([0, 0, 1, 2]))
    ]
    return language.rule(
        condition(random, attributes, random.choice([1, 2, 3, 3])),
        random.choice(["deny", "license_required", "review", "review"]),
        ref,
        order=random.choice(["O-1", "O-2"]),
        unless=exemptions,
        effective_from=random.choice([language.LONG_AGO, language.LONG_AGO, INSTANTS[1]]),
        effective_until=random.choice([None, None, INSTANTS[3]]),
        report_only_until=random.choice([None, None, None, INSTANTS[2]]),
    )


def condition(
    random: Random, attributes: list[dict[str, Any]], depth: int, known: bool = False
) -> dict[str, Any]:
    """A condition; ``known`` says whether is_known may stand at this place."""
    kind = random.choice(["leaf", "not", "all", "all", "any", "any"]) if depth else "leaf"
    if kind == "leaf":
        return leaf(random, random.choice(attributes), known=known)
    if kind == "not":
        return {"not": condition(random, attributes, depth - 1, not known)}
    children = range(random.randint(1, 3))
    return {kind: [condition(random, attributes, depth - 1, known) for _ in children]}


def leaf(random: Random, attribute: dict[str, Any], *, known: bool) -> dict[str, Any]:
    name = attribute["name"]
    if known and random.random() < 0.3:
        return {"is_known": [name]}
    operator = random.choice(language.operators(attribute["type"]))
    kind = policy.OPERATORS[operator].operand
    if kind.names == "group":
        return {operator: [name, random.choice(["D:5", "A:5"])]}
    if kind.names == "list":
        return {operator: [name, "annex"]}
    if kind.several:
        some = dict.fromkeys(single(random, attribute) for _ in range(2))
        return {operator: [name, list(some)]}
    return {operator: [name, single(random, attribute)]}


def single(random: Random, attribute: dict[str, Any]) -> Any:
    """A value that one element of the attribute can have."""
    listed = attribute.get("values") or IDS.get(attribute["name"])
    if listed:
        return random.choice(listed)
    match attribute["type"]:
        case "boolean":
            return random.random() < 0.5
        case "code" | "codes":
            return random.choice(WORDS)
        case "country" | "countries":
            return random.choice(COUNTRIES)
        case "integer" | "share":
            return random.choice([0, 1, 2, 3, 9])
        case "quantity":
            return random.choice(QUANTITIES)
        case _:
            return random.choice(DATES)


def value(random: Random, attribute: dict[str, Any]) -> Any:
    if attribute["type"] not in ("codes", "countries"):
        return single(random, attribute)
    least = 1 if attribute.get("non_empty") else 0
    return list({single(random, attribute): None for _ in range(random.randint(least, 3))})
