"""A policy of any number of rules in eighteen shapes, and the 25 models that it speaks of.

Sixty rules are what a provider with a few letters and the written law has; the two first ones are
about the user and the place of access. A thousand have the same shapes with other constants. The
same number gives the same rules, always.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any

from accesscontrol import policy

Json = dict[str, Any]

SINCE = "2026-01-01T00:00:00Z"
FAR = "2099-01-01T00:00:00Z"  # a period that ends is judged like any other; this one outlives us
LISTS = ("SDN", "DPL", "EL", "MEU", "UVL")
REGIMES = ("ofac", "bis_affiliates")
ACTIVITIES = ("use_api", "fine_tune", "hosted", "download_weights")
END_USES = ("commercial", "research", "education", "medical", "military", "surveillance")
ANNEX = "annex:BENCH-1"
CERTIFICATE = "licensee.custom.biosecurity_certificate"
MANAGER = "licensee.custom.account_manager"  # no rule reads it: it must cost nothing
TERRITORIES = {"HK": "CN", "GL": "DK", "PR": "US", "GU": "US", "GF": "FR"}
GROUPS = {
    "A:1": "AU AT BE CA DK FI FR DE GR IE IT JP KR NL NZ NO PT ES SE CH TR GB US",
    "A:5": "AU AT BE CA DK FI FR DE IE IT JP KR NL NZ NO ES SE CH GB US SG",
    "D:1": "CN RU BY KZ VN AM AZ GE IQ KG KP LA LY MO MM TJ TM UZ VE YE",
    "D:5": "AF BY CN CU IR IQ KP LB LY MM NI RU SO SY VE ZW",
    "E:1": "CU IR KP SY",
    "MEU": "BY MM KH CN NI RU VE",
}
FAMILIES = {"frontier": 5, "swift": 6, "vision": 5, "coder": 5, "bio": 4}
MODELS = tuple(f"{family}-{n}" for family, count in FAMILIES.items() for n in range(1, count + 1))
SECTORS = (
    "software", "finance", "retail", "health", "university", "media", "telecom", "energy",
    "automotive", "logistics", "pharma", "government", "semiconductors", "aerospace", "defense",
    "chemistry", "biotech", "legal", "gaming", "agriculture",
)  # fmt: skip
DRAFTED = ("title", "citation", "effect", "when", "unless", "effective_from")  # what one writes
CUSTOM = (
    {"name": CERTIFICATE, "type": "boolean", "source": "register"},
    {"name": MANAGER, "type": "code", "source": "register"},
)


def model_facts(model: str) -> Json:
    """What the register knows of a model: two of the 25 lack a fact, as real ones do."""
    family, number = model.split("-")
    n = int(number)
    facts: Json = {
        "model.family": family,
        "model.provider": "example",
        "model.eccn": "4E091" if family == "frontier" else "EAR99",
        "model.jurisdiction": "EAR",
        "model.training_ops": f"{n}e{26 if family == 'frontier' else 24 + n % 2}",
        "model.weights_published": family == "swift" and n > 4,
        "model.capability_tags": {"bio": ["bio"], "coder": ["cyber"]}.get(family, []),
        "model.safety_level": 3 if family in ("frontier", "bio") else 2,
    }
    if model == "vision-5":
        del facts["model.training_ops"]
    if model == "coder-5":
        del facts["model.safety_level"]
    return facts


def document(count: int = 60, *, number: int = 1, annex: tuple[str, ...] = ()) -> Json:
    """A release of ``count`` rules as JSON; ``annex`` names licensees that one list exempts."""
    return {
        "release": number,
        "vocabulary": policy.vocabulary(
            lists=LISTS, regimes=REGIMES, end_uses=END_USES, custom=CUSTOM
        ),
        "territories": TERRITORIES,
        "groups": {
            name: [{"value": country, "from": None, "until": None} for country in members.split()]
            for name, members in GROUPS.items()
        },
        "lists": {ANNEX: [{"value": ref, "from": SINCE, "until": None} for ref in sorted(annex)]},
        "rules": rules(count),
    }


def rules(count: int) -> list[Json]:
    """The user's rule, the place's, then the other shapes in turn with ever other constants."""
    made = [user(), place()]
    while len(made) < count:
        n = len(made) - 2
        shape, k = SHAPES[n % len(SHAPES)], n // len(SHAPES)
        made.append(shape(k, random.Random(f"{shape.__name__} {k}")))
    return made[:count]


def rule(ref: str, effect: str, when: Json, *unless: Json, **more: Any) -> Json:
    return {
        "ref": ref, "version": 1, "title": f"Rule {ref}", "order": "BENCH-1",
        "citation": "15 CFR 744", "effect": effect, "when": when, "unless": list(unless),
        "effective_from": SINCE, "effective_until": None, "report_only_until": None, **more,
    }  # fmt: skip


def unless(ref: str, when: Json) -> Json:
    return {
        "ref": ref, "citation": "an exception", "when": when, "effective_from": None,
        "effective_until": FAR,
    }  # fmt: skip


def all_of(*children: Json) -> Json:
    return {"all": list(children)}


def any_of(*children: Json) -> Json:
    return {"any": list(children)}


def no(child: Json) -> Json:
    return {"not": child}


def leaf(operator: str, attribute: str, *operand: Any) -> Json:
    return {operator: [attribute, *operand]}


def scoped(k: int, draw: random.Random, *conditions: Json) -> Json:
    """The first of a shape speaks of a family, the later ones of one or a few models."""
    if k == 0:
        where = leaf("is", "model.family", draw.choice(list(FAMILIES)))
    elif k % 2:
        where = leaf("is", "model.id", draw.choice(MODELS))
    else:
        where = leaf("one_of", "model.id", sorted(draw.sample(MODELS, 3)))
    return all_of(where, *conditions)


def user() -> Json:
    """The June letter: no foreign person, nobody abroad, for two models; the annex is exempt."""
    foreign = any_of(
        no(leaf("is", "user.us_person", True)), no(leaf("is", "licensee.country", "US"))
    )
    when = all_of(leaf("one_of", "model.id", ["frontier-4", "frontier-5"]), foreign)
    exempt = unless("annex", leaf("in_list", "licensee.id", ANNEX))
    return rule("USER", "license_required", when, exempt)


def place() -> Json:
    sensitive = leaf("one_of", "request.activity", ["download_weights", "fine_tune"])
    embargoed = leaf("in_group", "request.location_country", "E:1")
    return rule("PLACE", "deny", all_of(sensitive, embargoed))


def embargo(k: int, draw: random.Random) -> Json:
    group = "E:1" if k == 0 else draw.choice(["E:1", "D:5", "D:1"])
    where = any_of(
        *(leaf("in_group", f"licensee.{each}", group)
          for each in ("country", "hq_country", "ultimate_parent_country"))
    )  # fmt: skip
    return rule(f"EMBARGO-{k}", "license_required", where if k == 0 else scoped(k, draw, where))


def listed(k: int, draw: random.Random) -> Json:
    found = leaf("is", f"licensee.list_status.{LISTS[k % 3]}", "confirmed")
    return rule(f"LISTED-{k}", "deny", found if k < 3 else scoped(k, draw, found))


def possible(k: int, draw: random.Random) -> Json:
    maybe = any_of(
        *(leaf("is", f"licensee.list_status.{each}", "possible")
          for each in draw.sample(LISTS, 2))
    )  # fmt: skip
    return rule(f"POSSIBLE-{k}", "review", scoped(k, draw, maybe))


def captured(k: int, draw: random.Random) -> Json:
    owned = leaf("is", f"licensee.captured_by_ownership.{REGIMES[k % 2]}", True)
    return rule(f"CAPTURED-{k}", "deny", owned if k < 2 else scoped(k, draw, owned))


def minority(k: int, draw: random.Random) -> Json:
    share = f"licensee.restricted_owner_share.{REGIMES[k % 2]}"
    part = all_of(
        leaf("at_least", share, draw.choice([1, 1000, 2500])), leaf("at_most", share, 4999)
    )
    return rule(f"MINORITY-{k}", "review", scoped(k, draw, part))


def headquarters(k: int, draw: random.Random) -> Json:
    seat = any_of(
        leaf("in_group", "licensee.hq_country", "D:5"),
        leaf("in_group", "licensee.ultimate_parent_country", "D:5"),
        leaf("is", "licensee.hq_country", draw.choice(["MO", "LA", "TJ"])),
    )
    controlled = leaf("is", "model.eccn", "4E091")
    when = all_of(controlled, seat) if k == 0 else scoped(k, draw, seat)
    exempt = unless("annex", leaf("in_list", "licensee.id", ANNEX))
    return rule(f"HEADQUARTERS-{k}", "license_required", when, exempt)


def weights(k: int, draw: random.Random) -> Json:
    when = all_of(
        leaf("at_least", "model.training_ops", draw.choice(["1e26", "3e26", "2e25"])),
        leaf("is", "model.weights_published", False),
        leaf("is", "request.activity", "download_weights"),
    )
    trusted = all_of(
        leaf("in_group", "licensee.country", "A:5"), leaf("in_group", "licensee.hq_country", "A:5")
    )
    return rule(f"WEIGHTS-{k}", "license_required", when, unless("aia", trusted))


def military(k: int, draw: random.Random) -> Json:
    types = sorted(draw.sample(["military", "military_intelligence", "police"], 2))
    user_ = all_of(
        leaf("one_of", "licensee.end_user_type", types),
        leaf("in_group", "licensee.country", draw.choice(["MEU", "D:1"])),
    )
    found = any_of(leaf("is", "licensee.list_status.MEU", "confirmed"), user_)
    return rule(f"MILITARY-{k}", "license_required", scoped(k, draw, found))


def statement(k: int, draw: random.Random) -> Json:
    when = scoped(k, draw, leaf("is", "licensee.list_status.UVL", "confirmed"))
    on_file = leaf("contains", "licensee.statements_on_file", "uvl_statement")
    return rule(f"STATEMENT-{k}", "review", when, unless("statement", on_file))


def red_flags(k: int, draw: random.Random) -> Json:
    open_ = leaf("at_least", "licensee.red_flags_open", 1 + k % 3)
    level = leaf("at_least", "model.safety_level", 3 if k == 0 else draw.choice([2, 3]))
    return rule(f"RED-FLAGS-{k}", "review", scoped(k, draw, open_, level))


def foreign_nationals(k: int, draw: random.Random) -> Json:
    many = leaf("at_least", "licensee.foreign_national_access", draw.choice([2500, 5000, 7500]))
    home = unless("home", leaf("one_of", "licensee.country", ["CA", "GB", "US"]))
    return rule(f"FOREIGN-NATIONALS-{k}", "license_required", scoped(k, draw, many), home)


def data_centers(k: int, draw: random.Random) -> Json:
    there = leaf("in_group", "licensee.data_center_countries", draw.choice(["D:1", "D:5"]))
    when = scoped(k, draw, leaf("is", "request.activity", "hosted"), there)
    return rule(f"DATA-CENTERS-{k}", "deny", when)


def report_only(k: int, draw: random.Random) -> Json:
    sectors = leaf("one_of", "licensee.sector", sorted(draw.sample(SECTORS, 3)))
    return rule(f"REPORT-ONLY-{k}", "deny", scoped(k, draw, sectors), report_only_until=FAR)


def certificate(k: int, draw: random.Random) -> Json:
    able = leaf("contains", "model.capability_tags", "bio")
    lacks = no(leaf("is", CERTIFICATE, True))
    which = leaf("one_of", "request.activity", sorted(draw.sample(ACTIVITIES, 2)))
    return rule(f"CERTIFICATE-{k}", "license_required", all_of(able, lacks, which))


def unknown_seat(k: int, draw: random.Random) -> Json:
    unknown = no(leaf("is_known", "licensee.hq_country"))
    return rule(f"UNKNOWN-SEAT-{k}", "review", scoped(k, draw, unknown))


def nested(k: int, draw: random.Random) -> Json:
    branch = all_of(
        leaf("one_of", "licensee.sector", sorted(draw.sample(SECTORS, 2))),
        leaf("one_of", "licensee.country", sorted(draw.sample(["AE", "IL", "IN", "SA", "TR"], 2))),
    )
    other = all_of(
        leaf("is", "licensee.end_user_type", "government"),
        no(leaf("in_group", "licensee.hq_country", "A:1")),
    )
    exempt = unless("on-file", leaf("contains", "licensee.statements_on_file", "end_use"))
    when = scoped(k, draw, any_of(branch, other))
    return rule(f"NESTED-{k}", "license_required", when, exempt)


SHAPES: tuple[Callable[[int, random.Random], Json], ...] = (
    embargo, listed, possible, captured, minority, headquarters, weights, military, statement,
    red_flags, foreign_nationals, data_centers, report_only, certificate, unknown_seat, nested,
)  # fmt: skip


def touching(share: str) -> Json:
    """A rule to add, by how many standings it changes: ``small`` ≤ 1 %, ``medium`` ~8, ``large`` ~37."""
    country: Mapping[str, str] = {"small": "KZ", "medium": "GB", "large": "US"}
    models = {"small": "swift-1", "medium": "swift-2", "large": "swift-3"}
    when = all_of(
        leaf("is", "model.id", models[share]), leaf("is", "licensee.country", country[share])
    )
    return rule(f"CHANGE-{share.upper()}", "review", when)
