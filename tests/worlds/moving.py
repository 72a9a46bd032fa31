"""Random worlds in motion: releases one after the other, instants, models whose facts change."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from accesscontrol import policy
from accesscontrol.policy.narrowing.interval import Interval
from tests.worlds import generated as worlds
from tests.worlds import language

SINCE, UNTIL = "2026-06-20T00:00:00Z", "2026-06-22T00:00:00Z"
EDGES = ["2026-06-19T00:00:00Z", SINCE, "2026-06-20T12:00:00Z", "2026-06-21T00:00:00Z", UNTIL,
         "2026-06-23T00:00:00Z"]  # fmt: skip
MOMENTS = [SINCE, "2026-06-20T06:00:00Z", "2026-06-20T12:00:00Z", "2026-06-21T18:00:00Z", UNTIL]
EFFECTS = ["deny", "license_required", "review"]
INVALID: list[Any] = [None, 1.5, "", ["x", "x"], {"a": 1}, True, 1]
ENTAILS = {"user.us_person": frozenset({"user.nationalities"})}
OF_LICENSEES = [name for name in worlds.VALUES if not name.startswith("model.")]
OF_MODELS = [name for name in worlds.VALUES if name.startswith("model.")]
NAMED = [*worlds.VALUES, "licensee.id", "model.id", "request.activity"]
SINGLE = {name: worlds.single(name) for name in worlds.VALUES} | {
    "licensee.id": ["acme", "bio"], "model.id": ["m0", "m1"],
    "request.activity": ["use_api", "hosted"],
}  # fmt: skip


@dataclass
class Motion:
    """Releases in the order of their publication, and what models were like, the newest last."""

    releases: list[policy.Release]
    offerings: list[dict[int, dict[str, Any]]]

    @property
    def interval(self) -> Interval:
        at = datetime.fromisoformat
        return Interval(tuple(self.releases), at(SINCE), at(UNTIL), tuple(self.offerings), ENTAILS)


def motion(random: Random) -> Motion:
    documents = [document(random)]
    for _ in range(random.choice([0, 1, 1, 1, 2])):
        documents.append(edited(random, documents[-1]))
    offerings = [{n: model(random, n) for n in range(2)}]
    for _ in range(random.choice([0, 0, 0, 1, 2])):
        offerings.append(changed_models(random, offerings[-1]))
    return Motion([policy.parse_release(each) for each in documents], offerings)


def document(random: Random) -> dict[str, Any]:
    return language.document(
        *(rule(random, f"R-{n}") for n in range(random.randint(1, 4))),
        groups={"D:5": entries(random, ["CN", "RU"]), "A:5": entries(random, ["US", "DK"])},
        lists={"annex": entries(random, ["acme", "bio", "gold"])},
    )


def entries(random: Random, values: list[str]) -> list[dict[str, object]]:
    return [language.entry(value, *period(random)) for value in values if random.random() < 0.7]


def period(random: Random, *, started: bool = False) -> tuple[str | None, str | None]:
    start, end = sorted(random.sample(EDGES, 2))
    since = start if random.random() < 0.15 else language.LONG_AGO if started else None
    return since, end if random.random() < 0.15 else None


def rule(random: Random, ref: str) -> dict[str, object]:
    start, end = period(random, started=True)
    return language.rule(
        condition(random), random.choice(EFFECTS), ref=ref,
        order=random.choice(["O-1", "O-2"]),
        unless=[exemption(random, f"x{n}") for n in range(random.choice([0, 0, 1, 2]))],
        effective_from=start, effective_until=end, report_only_until=report_only(random),
    )  # fmt: skip


def report_only(random: Random) -> str | None:
    return random.choice(EDGES) if random.random() < 0.15 else None


def exemption(random: Random, ref: str) -> dict[str, object]:
    start, end = period(random)
    return language.exemption(
        condition(random, depth=1, known=True), ref, effective_from=start, effective_until=end
    )


def condition(random: Random, depth: int = 2, known: bool = False) -> dict[str, object]:
    """A condition; ``known`` says whether is_known may stand at this place."""
    kind = random.choice(["leaf", "all", "all", "any", "not"]) if depth else "leaf"
    if kind == "leaf":
        return leaf(random, known)
    if kind == "not":
        return {"not": condition(random, depth - 1, not known)}
    return {kind: [condition(random, depth - 1, known) for _ in range(random.randint(1, 3))]}


def leaf(random: Random, known: bool) -> dict[str, object]:
    name = random.choice(NAMED)
    if known and random.random() < 0.2 and name in worlds.VALUES:
        return {"is_known": [name]}
    operators = language.operators(worlds.TYPE[name])
    if name in ("model.id", "request.activity"):
        operators = ["is", "one_of"]
    operator = random.choice(operators)
    kind = policy.OPERATORS[operator].operand
    if kind.names == "group":
        return {operator: [name, random.choice(["D:5", "A:5"])]}
    if kind.names == "list":
        return {operator: [name, "annex"]}
    if kind.several:
        return {operator: [name, random.sample(SINGLE[name], random.randint(1, 2))]}
    return {operator: [name, random.choice(SINGLE[name])]}


def edited(random: Random, before: dict[str, Any]) -> dict[str, Any]:
    """The next release: one thing of it is different, or two; seldom nothing."""
    after = deepcopy(before)
    after["release"] += 1
    for _ in range(random.choice([0, 1, 1, 1, 1, 2])):
        edit(random, after)
    return after


def edit(random: Random, document: dict[str, Any]) -> None:
    rules = document["rules"]
    kind = random.choice(["rule", "rule", "members", "drop", "add"])
    if kind == "members":
        name, values = random.choice(
            [("D:5", ["CN", "RU"]), ("A:5", ["US", "DK"]), ("annex", ["acme", "bio", "gold"])]
        )
        document["lists" if name == "annex" else "groups"][name] = entries(random, values)
    elif kind == "add" or not rules:
        rules.append(rule(random, f"R-{document['release']}{len(rules)}"))
    elif kind == "drop":
        rules.remove(random.choice(rules))
    else:
        edit_rule(random, random.choice(rules))


def edit_rule(random: Random, rule: dict[str, Any]) -> None:
    kind = random.choice(
        ["when", "effect", "order", "period", "report", "exempt", "lift", "swap", "version"]
    )
    if kind == "when":
        rule["when"] = condition(random)
    elif kind == "effect":
        rule["effect"] = random.choice(EFFECTS)
    elif kind == "order":
        rule["order"] = random.choice(["O-1", "O-2"])
    elif kind == "period":
        rule["effective_from"], rule["effective_until"] = period(random, started=True)
    elif kind == "report":
        rule["report_only_until"] = report_only(random)
    elif kind == "exempt":
        rule["unless"].append(exemption(random, f"y{len(rule['unless'])}{rule['version']}"))
        rule["version"] += 1
    elif kind == "lift" and rule["unless"]:
        rule["unless"].pop(random.randrange(len(rule["unless"])))
    elif kind == "swap":
        random.shuffle(rule["unless"])
    else:
        rule["version"] += 1


def model(random: Random, n: int) -> dict[str, Any]:
    return {
        "model.id": f"m{n}", "request.activity": random.choice(["use_api", "hosted"]),
        **facts(random, OF_MODELS, wrong=0.01),
    }  # fmt: skip


def changed_models(random: Random, before: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    after = deepcopy(before)
    name = random.choice(OF_MODELS)
    after[random.randrange(2)].pop(name, None)
    after[random.randrange(2)][name] = random.choice(worlds.VALUES[name])
    return after


def licensee(random: Random) -> dict[str, Any]:
    return {
        "licensee.id": random.choice(["acme", "bio", "other"]),
        **facts(random, OF_LICENSEES, wrong=0.04),
    }


def facts(random: Random, names: list[str], *, wrong: float) -> dict[str, Any]:
    """A value of most attributes; a third is absent, some are none that the attribute can have."""
    return {
        name: random.choice(INVALID if random.random() < wrong else worlds.VALUES[name])
        for name in names
        if random.random() < 0.7
    }


def papers(random: Random, of: str) -> dict[str, list[dict[str, object]]]:
    if random.random() < 0.7:
        return {"licenses": [], "dispositions": []}
    based_on = random.choice(OF_MODELS + OF_LICENSEES)
    return {
        "licenses": [
            language.license_(
                licensees=[of], orders=random.choice([None, ["O-1"]]),
                models=random.choice([None, ["m0"]]), countries=random.choice([None, ["CN"]]),
            )
        ],
        "dispositions": [
            language.disposition(
                rule=random.choice(["R-0", "R-1"]), version=random.choice([1, 2]), licensee=of,
                facts={based_on: random.choice(worlds.VALUES[based_on])},
            )
        ],
    }  # fmt: skip


def found(
    release: policy.Release, facts: dict[str, Any], papers: dict[str, Any], at: str
) -> tuple[Any, ...]:
    """All that a finding can keep of a standing, whichever rules' facts it names as invalid."""
    verdict = policy.judge(
        release, facts=facts, at=datetime.fromisoformat(at), standing=True, **papers
    )
    said = {name: each for name, each in verdict.to_json().items() if name not in ("ignored",)}
    in_force = [rule for rule in release.rules if rule.period.contains(at)]
    said["invalid"] = [
        [name for name in verdict.invalid if name in read(rules)]
        for rules in (release.rules, in_force)
    ]
    return tuple(sorted((name, repr(each)) for name, each in said.items()))


def read(rules: Any) -> frozenset[str]:
    names = frozenset[str]().union(*(rule.attributes for rule in rules))
    return names.union(*(also for name, also in ENTAILS.items() if name in names))
