"""The built-in attributes, each with the regulation that it comes from.

Section 1 of the language has the same table; only enumerations may differ in a vocabulary.
"""

from typing import Final

from accesscontrol.policy.language.attributes import ACTIVITIES, Attribute, Source
from accesscontrol.policy.language.values import Type


def registered(
    name: str,
    type_: Type,
    label: str,
    citation: str,
    meaning: str,
    *,
    register_only: bool = False,
    identity: bool = False,
    values: tuple[str, ...] | None = None,
) -> Attribute:
    source: Source = "register"
    return Attribute(
        name, type_, source, label, meaning, citation, register_only, identity, values=values
    )


def _stated(
    name: str,
    type_: Type,
    label: str,
    citation: str,
    meaning: str,
    *,
    identity: bool = False,
    non_empty: bool = False,
    values: tuple[str, ...] | None = None,
) -> Attribute:
    return Attribute(
        name,
        type_,
        "request",
        label,
        meaning,
        citation,
        identity=identity,
        non_empty=non_empty,
        values=values,
    )


BUILT_IN: Final[tuple[Attribute, ...]] = (
    registered(
        "licensee.id",
        "code",
        "licensee",
        "15 CFR 748.5(f)",
        "The company's customer, by its reference in the register.",
        register_only=True,
        identity=True,
    ),
    registered(
        "licensee.country",
        "country",
        "licensee's country",
        "15 CFR 734.13",
        "Where the licensee is established; a territory counts as what it belongs to.",
    ),
    registered(
        "licensee.hq_country",
        "country",
        "licensee's headquarters country",
        "15 CFR 744.23(a)(3)",
        "Where the licensee is headquartered.",
    ),
    registered(
        "licensee.ultimate_parent_country",
        "country",
        "country of the licensee's ultimate parent",
        "15 CFR 742.6(a)(6)(iii)",
        "Where the licensee's ultimate parent is headquartered.",
    ),
    registered(
        "licensee.sector",
        "code",
        "licensee's sector",
        "15 CFR 744",
        "What the licensee does for a living.",
    ),
    registered(
        "licensee.end_user_type",
        "code",
        "licensee's type of end user",
        "15 CFR 744.21",
        "Whether it is civil, of a government, of the military, of its intelligence.",
    ),
    registered(
        "licensee.data_center_countries",
        "countries",
        "countries of the licensee's data centers",
        "15 CFR 740.27",
        "Where the licensee runs what it was given; none is a fact too.",
    ),
    registered(
        "licensee.foreign_national_access",
        "share",
        "licensee's share of foreign nationals with access",
        "15 CFR 734.13(a)(2)",
        "The attested share of persons with access who are foreign nationals.",
    ),
    registered(
        "licensee.red_flags_open",
        "integer",
        "number of the licensee's open red flags",
        "15 CFR 732, Supplement No. 3",
        "Red flags that nobody has resolved.",
        register_only=True,
    ),
    registered(
        "licensee.statements_on_file",
        "codes",
        "statements of the licensee on file",
        "15 CFR 740.7(d)",
        "The written statements that a license exception asks for.",
        register_only=True,
    ),
    registered(
        "model.id",
        "code",
        "model",
        "15 CFR 772.1",
        "The model, by its reference in the register.",
        register_only=True,
        identity=True,
    ),
    registered("model.family", "code", "model's family", "", "Which models it belongs to."),
    registered("model.provider", "code", "model's provider", "", "Who provides the model."),
    registered(
        "model.eccn",
        "code",
        "model's ECCN",
        "15 CFR 774, Supplement No. 1",
        "Its export control classification number, or EAR99.",
    ),
    registered(
        "model.jurisdiction",
        "code",
        "model's jurisdiction",
        "15 CFR 734.3",
        "Under which regulations its export falls.",
    ),
    registered(
        "model.training_ops",
        "quantity",
        "number of operations in the model's training",
        "15 CFR 774, ECCN 4E091",
        "How many operations its training took.",
    ),
    registered(
        "model.weights_published",
        "boolean",
        "publication of the model's weights",
        "15 CFR 734.7",
        "Whether its weights are published.",
    ),
    registered(
        "model.capability_tags",
        "codes",
        "model's capability tags",
        "15 CFR 744.6",
        "What it can do that a rule may ask about, such as cyber or bio.",
    ),
    registered(
        "model.jailbreak_findings_open",
        "integer",
        "number of the model's open jailbreak findings",
        "15 CFR 732, Supplement No. 3",
        "Findings of a jailbreak that nobody has closed.",
        register_only=True,
    ),
    registered(
        "model.safety_level",
        "integer",
        "model's safety level",
        "",
        "The level that its provider gave it.",
    ),
    registered(
        "entitlement.status",
        "code",
        "status of the entitlement",
        "",
        "What the company granted, and whether an officer holds it.",
        register_only=True,
        values=("none", "active", "held"),
    ),
    _stated(
        "user.nationalities",
        "countries",
        "user's nationalities",
        "15 CFR 734.13(a)(2)",
        "Every nationality of the person who asks.",
        non_empty=True,
    ),
    _stated(
        "user.most_recent_nationality",
        "country",
        "user's most recent nationality",
        "15 CFR 734.13(b)",
        "The citizenship or permanent residency acquired last, which the EAR reads.",
    ),
    _stated(
        "user.us_person",
        "boolean",
        "user's being a US person",
        "15 CFR 772.1",
        "Whether the person is a US person.",
    ),
    _stated(
        "user.lawful_permanent_resident",
        "boolean",
        "user's permanent residence in the United States",
        "8 USC 1101(a)(20)",
        "Whether the person is a lawful permanent resident of the United States.",
    ),
    _stated(
        "user.protected_individual",
        "boolean",
        "user's being a protected individual",
        "8 USC 1324b(a)(3)",
        "Whether the person is protected, as a refugee or by asylum.",
    ),
    _stated(
        "user.employee_of_provider",
        "boolean",
        "user's employment with the provider",
        "15 CFR 744.22",
        "Whether the person works for the provider of the model.",
    ),
    _stated(
        "request.activity",
        "code",
        "activity",
        "15 CFR 734.13",
        "What the licensee wants to do with the model.",
        identity=True,
        values=ACTIVITIES,
    ),
    _stated(
        "request.location_country",
        "country",
        "country of access",
        "15 CFR 734.13(a)(1)",
        "Where the model is used from.",
    ),
    _stated(
        "request.location_region",
        "code",
        "region of access",
        "15 CFR 746.6",
        "The region by ISO 3166-2, for Crimea, Donetsk and Luhansk.",
    ),
    _stated(
        "request.end_use",
        "code",
        "end use",
        "15 CFR 744",
        "What the answers are for.",
    ),
)

BY_NAME: Final[dict[str, Attribute]] = {attribute.name: attribute for attribute in BUILT_IN}

# There is one of these attributes for each list, or for each ownership regime.
LIST_STATUS: Final = "licensee.list_status."
CAPTURED: Final = "licensee.captured_by_ownership."
RESTRICTED_SHARE: Final = "licensee.restricted_owner_share."


def list_status(list_: str) -> Attribute:
    return registered(
        LIST_STATUS + list_,
        "code",
        f"licensee's status on the list {list_}",
        "15 CFR 744",
        "What the screening against this list found; absent where it was not screened.",
        register_only=True,
        values=("clear", "possible", "confirmed"),
    )


def captured(regime: str) -> Attribute:
    return registered(
        CAPTURED + regime,
        "boolean",
        f"licensee's capture by ownership ({regime})",
        "15 CFR 744.11",
        "Whether listed parties own half of it or more, under this regime.",
        register_only=True,
    )


def restricted_owner_share(regime: str) -> Attribute:
    return registered(
        RESTRICTED_SHARE + regime,
        "share",
        f"share of the licensee that listed parties own ({regime})",
        "15 CFR 744.11",
        "The part of it that listed parties own, in aggregate.",
        register_only=True,
    )


def built_in(name: str) -> Attribute | None:
    """The built-in attribute of that name, also one of a list or of an ownership regime."""
    if name in BY_NAME:
        return BY_NAME[name]
    for prefix, make in (
        (LIST_STATUS, list_status),
        (CAPTURED, captured),
        (RESTRICTED_SHARE, restricted_owner_share),
    ):
        rest = name.removeprefix(prefix)
        if name.startswith(prefix) and rest and "." not in rest:
            return make(rest)
    return None
