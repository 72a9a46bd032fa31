"""The cast of the demo and of the tests: people, models and licensees, each for a reason.

All are made up, the listed parties too. The names are fixed. Tests find a licensee by its ``key``.
"""

from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True)
class Person:
    """A person who signs in."""

    username: str
    first_name: str
    last_name: str
    role: str


@dataclass(frozen=True)
class Model:
    """An AI model with its facts and the activities that it is offered for."""

    ref: str
    name: str
    activities: tuple[str, ...]
    facts: dict[str, Any]
    jailbreak: str = ""


@dataclass(frozen=True)
class Owned:
    """A share of a licensee that an outside party owns. None: the share is not known."""

    owner: str
    share_bp: int | None


@dataclass(frozen=True)
class Member:
    """A licensee with its facts, attestations and owners. A seat of "" is not known."""

    key: str
    ref: str
    name: str
    country: str
    role: str
    hq: str | None = None
    parent: str | None = None
    attested: dict[str, Any] = field(default_factory=dict)
    owners: tuple[Owned, ...] = ()
    owners_declared: bool = True
    facts: dict[str, Any] = field(default_factory=dict)
    red_flag: int | None = None
    offerings: tuple[tuple[str, str], ...] = (("frontier-5", "use_api"), ("swift-3", "use_api"))

    @property
    def seats(self) -> dict[str, str]:
        """Country, headquarters, ultimate parent: the same country unless given, absent if ""."""
        hq = self.country if self.hq is None else self.hq
        seats = {
            "licensee.country": self.country,
            "licensee.hq_country": hq,
            "licensee.ultimate_parent_country": hq if self.parent is None else self.parent,
        }
        return {name: country for name, country in seats.items() if country}

    @property
    def known(self) -> dict[str, Any]:
        """All facts that the register has about it."""
        return {"licensee.end_user_type": "commercial", **self.seats, **self.facts}


PEOPLE: Final = (
    Person("olivia", "Olivia", "Okafor", "officer"),
    Person("omar", "Omar", "Oduya", "officer"),
    Person("priya", "Priya", "Patel", "approver"),
    Person("peter", "Peter", "Park", "approver"),
    Person("vera", "Vera", "Voss", "viewer"),
    Person("audrey", "Audrey", "Ahn", "auditor"),
    Person("adam", "Adam", "Adler", "admin"),
)

CLOSED: Final = {
    "model.provider": "own",
    "model.jurisdiction": "EAR",
    "model.eccn": "4E091",
    "model.weights_published": False,
}

MODELS: Final = (
    Model(
        "frontier-5",
        "Frontier 5",
        ("use_api", "fine_tune", "download_weights"),
        {**CLOSED, "model.family": "frontier", "model.training_ops": "4e26",
         "model.capability_tags": ["cyber"], "model.safety_level": 3},
    ),
    Model(
        "frontier-5-cyber",
        "Frontier 5 Cyber",
        ("use_api",),
        {**CLOSED, "model.family": "frontier", "model.training_ops": "4e26",
         "model.capability_tags": ["bio", "cyber"], "model.safety_level": 4},
    ),
    Model(
        "frontier-6-preview",
        "Frontier 6 preview",
        ("use_api",),
        {**CLOSED, "model.family": "frontier", "model.training_ops": "9e26",
         "model.capability_tags": ["cyber"], "model.safety_level": 4},
        jailbreak="A reported prompt gives unrestricted answers on network intrusion.",
    ),
    Model(
        "swift-3",
        "Swift 3",
        ("use_api", "hosted"),
        {"model.provider": "own", "model.family": "swift", "model.jurisdiction": "EAR",
         "model.eccn": "EAR99", "model.training_ops": "8e24", "model.weights_published": False,
         "model.capability_tags": [], "model.safety_level": 2},
    ),
    Model(
        "open-2",
        "Open 2",
        ("use_api", "download_weights"),
        {"model.provider": "own", "model.family": "open", "model.jurisdiction": "EAR",
         "model.eccn": "EAR99", "model.training_ops": "3e25", "model.weights_published": True,
         "model.capability_tags": [], "model.safety_level": 2},
    ),
)  # fmt: skip

BOTH: Final = (("frontier-5", "use_api"), ("frontier-5-cyber", "use_api"), ("swift-3", "use_api"))


def at_work(country: str) -> dict[str, Any]:
    """An attestation of where the users are and of the end use, but not of who they are."""
    return {"request.location_country": country, "request.end_use": "commercial"}


MEMBERS: Final = (
    Member(
        "meridian", "meridian-labs", "Meridian Labs Inc.", "US",
        "attested that all its users are US persons in the United States",
        attested={**at_work("US"), "user.us_person": True},
        offerings=(*BOTH, ("frontier-5", "download_weights")),
    ),
    Member(
        "cascade", "cascade-analytics", "Cascade Analytics LLC", "US",
        "in the United States, with users of whom it said nothing",
        attested=at_work("US"), offerings=BOTH,
    ),
    Member(
        "unknown", "unknown-holdings", "Unknown Holdings LLC", "US",
        "nobody knows where its headquarters are",
        hq="", parent="", attested={**at_work("US"), "user.us_person": True}, offerings=BOTH,
    ),
    Member(
        "partner", "northwind-ai", "Northwind AI Ltd", "GB",
        "a trusted partner, named in the annex of June 2026",
        attested=at_work("GB"), offerings=BOTH,
    ),
    Member(
        "lumen", "lumen-research", "Lumen Research GmbH", "DE",
        "abroad and in no annex", attested=at_work("DE"), offerings=BOTH,
    ),
    Member(
        "jade", "jade-harbor", "Jade Harbor Pte Ltd", "SG",
        "a subsidiary in Singapore whose parent is headquartered in China",
        parent="CN", attested=at_work("SG"),
    ),
    Member(
        "kowloon", "kowloon-data", "Kowloon Data Ltd", "HK",
        "in Hong Kong, which counts as China", attested=at_work("HK"),
    ),
    Member(
        "lotus", "casa-lotus", "Casa Lotus Lda", "MO",
        "in Macau, which rules name beside Country Group D:5", attested=at_work("MO"),
    ),
    Member(
        "mekong", "mekong-systems", "Mekong Systems Co Ltd", "KH",
        "in Cambodia, out of Country Group D:5 since 2026-02-03", attested=at_work("KH"),
    ),
    Member(
        "nuuk", "nuuk-fjord", "Nuuk Fjord ApS", "GL",
        "in Greenland, which counts as Denmark", attested=at_work("GL"),
    ),
    Member(
        "caribe", "caribe-digital", "Caribe Digital SA", "CU",
        "in an embargoed country", attested=at_work("CU"),
    ),
    Member(
        "captured", "delta-compute", "Delta Compute FZE", "AE",
        "owned to 55 % by two blocked parties together",
        owners=(Owned("Volga Meridian Holding", 3000), Owned("Karun Star Trading", 2500),
                Owned("Delta Founders", 4500)),
        attested=at_work("AE"),
    ),
    Member(
        "affiliate", "blue-heron", "Blue Heron Semiconductors BV", "NL",
        "owned to 60 % by a party on the Entity List",
        owners=(Owned("Longshan Precision Instruments", 6000), Owned("Heron Management", 4000)),
        attested=at_work("NL"),
    ),
    Member(
        "minority", "granite-peak", "Granite Peak AG", "CH",
        "a party on the Entity List owns 49.9 % of it",
        owners=(Owned("Longshan Precision Instruments", 4990),
                Owned("Granite Family Office", 5010)),
        attested=at_work("CH"),
    ),
    Member(
        "namesake", "orion-trading", "Orion Star Trading LLC", "AE",
        "has the name of a denied person", attested=at_work("AE"),
    ),
    Member(
        "unverified", "pelican-logistics", "Pelican Bay Logistics LLC", "AE",
        "has the name of a party on the Unverified List",
        facts={"licensee.statements_on_file": []}, attested=at_work("AE"),
    ),
    Member(
        "flagged", "harbor-freight-ai", "Harbor Gate Forwarding Inc.", "US",
        "a forwarder as destination: red flag 9 is open", red_flag=9,
        attested={**at_work("US"), "user.us_person": True},
    ),
    Member(
        "undeclared", "sable-ventures", "Sable Ventures LP", "KY",
        "nobody declared who owns it", owners_declared=False, attested=at_work("KY"),
    ),
    Member(
        "silent", "quiet-river", "Quiet River Software Inc.", "CA",
        "attested nothing: each question must say where and what for",
    ),
)  # fmt: skip

# Listed parties, all made up: (list, name, other names, further columns).
LISTED: Final[tuple[tuple[str, str, str, dict[str, str]], ...]] = (
    ("SDN", "VOLGA MERIDIAN HOLDING", "", {"programs": "DEMO", "type": "Entity"}),
    ("SDN", "KARUN STAR TRADING", "KST GENERAL TRADING", {"programs": "DEMO", "type": "Entity"}),
    ("DPL", "ORION STAR TRADING LLC", "", {"start_date": "2024-03-01", "end_date": "2034-03-01"}),
    ("EL", "Longshan Precision Instruments", "LPI Instruments", {
        "license_requirement": "For all items subject to the EAR",
        "license_policy": "Presumption of denial"}),
    ("MEU", "Baltic Armor Works", "", {}),
    ("UVL", "Pelican Bay Logistics LLC", "", {}),
)  # fmt: skip

LIST_NAMES: Final = {
    "SDN": "Specially Designated Nationals (SDN) - Treasury Department",
    "DPL": "Denied Persons List (DPL) - Bureau of Industry and Security",
    "EL": "Entity List (EL) - Bureau of Industry and Security",
    "MEU": "Military End User (MEU) List - Bureau of Industry and Security",
    "UVL": "Unverified List (UVL) - Bureau of Industry and Security",
}
