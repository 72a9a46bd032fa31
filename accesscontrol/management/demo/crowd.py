"""Makes up a thousand licensees from a fixed seed, the same ones on every machine."""

import random
from collections.abc import Iterator

from accesscontrol.management.demo.cast import BOTH, Member, at_work

SEED = 20260612
FIRST = (
    "Alder Amber Anchor Aspen Atlas Beacon Birch Bright Cedar Cobalt Comet Coral Crescent Delta "
    "Echo Elm Ember Fable Falcon Fern Flint Garnet Glacier Harbor Hazel Indigo Iris Ivory Juniper "
    "Keystone Lark Laurel Linden Lunar Maple Marble Mosaic Nimbus Oak Onyx Opal Orchard Osprey "
    "Pebble Pine Prairie Quartz Raven Ridge River Rowan Sable Sequoia Sierra Silver Solstice "
    "Sparrow Summit Sycamore Tern Thistle Timber Topaz Vale Verdant Violet Willow Zephyr"
)
SECOND = (
    "Analytics Bio Capital Care Cloud Data Design Dynamics Education Energy Finance Foods Genomics "
    "Health Insurance Legal Logistics Media Mobility Networks Optics Pharma Research Retail "
    "Robotics Science Security Software Studios Systems Telecom Travel Works"
)
# Country, weight, legal form.
COUNTRIES = (
    ("US", 560, "Inc."), ("GB", 70, "Ltd"), ("DE", 55, "GmbH"), ("FR", 40, "SAS"),
    ("JP", 40, "KK"), ("CA", 40, "Inc."), ("AU", 25, "Pty Ltd"), ("NL", 20, "BV"),
    ("KR", 20, "Co Ltd"), ("SE", 15, "AB"), ("IN", 25, "Pvt Ltd"), ("SG", 20, "Pte Ltd"),
    ("BR", 12, "SA"), ("CH", 10, "AG"), ("IL", 8, "Ltd"), ("AE", 10, "FZE"), ("TW", 8, "Co Ltd"),
    ("CN", 10, "Co Ltd"), ("HK", 5, "Ltd"), ("VN", 3, "Co Ltd"), ("MX", 4, "SA"),
)  # fmt: skip
SECTORS = ("finance", "health", "media", "public", "research", "retail", "software", "telecom")
SHAPES = (
    BOTH,
    BOTH[:1],
    BOTH[2:],
    (BOTH[0], BOTH[2]),
    (*BOTH, ("frontier-5", "fine_tune")),
    (BOTH[2], ("open-2", "download_weights")),
    (BOTH[2], ("frontier-6-preview", "use_api")),
)
SHAPE_WEIGHTS = (20, 20, 25, 20, 6, 8, 1)


def crowd(size: int = 1_000) -> Iterator[Member]:
    """``size`` licensees. Most have attestations, some lack a fact, and each has its own name."""
    draw = random.Random(SEED)  # noqa: S311  made-up companies, no secrets
    names = [f"{first} {second}" for first in FIRST.split() for second in SECOND.split()]
    draw.shuffle(names)
    for number, name in enumerate(names[:size], 1):
        yield _member(draw, number, name)


def _member(draw: random.Random, number: int, name: str) -> Member:
    country, _, form = draw.choices(COUNTRIES, [weight for _, weight, _ in COUNTRIES])[0]
    luck = draw.random()
    return Member(
        key=f"crowd-{number}",
        ref=f"L-{number:05}",
        name=f"{name} {form}",
        country=country,
        role="generated",
        hq=_headquarters(draw, country),
        attested=_attested(draw, country),
        owners_declared=luck > 0.02,
        facts={"licensee.sector": draw.choice(SECTORS)},
        offerings=draw.choices(SHAPES, SHAPE_WEIGHTS)[0],
    )


def _headquarters(draw: random.Random, country: str) -> str:
    """Mostly the licensee's own country, sometimes the United States, rarely China or unknown."""
    luck = draw.random()
    if luck < 0.02:
        return ""
    if luck < 0.03:
        return "CN"
    return "US" if luck < 0.08 else country


def _attested(draw: random.Random, country: str) -> dict[str, object]:
    """Nine in ten attest place and end use. In the US, two thirds of these attest US persons."""
    luck = draw.random()
    if luck > 0.9:
        return {}
    place_and_use = at_work(country)
    if country == "US" and luck < 0.6:
        return {**place_and_use, "user.us_person": True}
    return place_and_use
