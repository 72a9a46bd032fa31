"""The conditions that rules of the starter policy share, and functions that write conditions."""

from typing import Any

Json = dict[str, Any]


def all_of(*conditions: Json) -> Json:
    return {"all": list(conditions)}


def any_of(*conditions: Json) -> Json:
    return {"any": list(conditions)}


def no(condition: Json) -> Json:
    return {"not": condition}


def leaf(operator: str, *arguments: Any) -> Json:
    return {operator: list(arguments)}


def rule(ref: str, *, version: int = 1, **members: Any) -> Json:
    """A rule as JSON. Members that most rules leave empty are filled in."""
    return {
        "ref": ref,
        "version": version,
        "unless": [],
        "effective_until": None,
        "report_only_until": None,
        **members,
    }


# A seat is the country in which the licensee resides, is headquartered, or has its ultimate parent.
HEADQUARTERS = ("licensee.hq_country", "licensee.ultimate_parent_country")
SEATS = ("licensee.country", *HEADQUARTERS)
PLACES = (*SEATS, "request.location_country")
# Weights of closed models trained with 1e26 operations or more, and advanced computing items.
WEIGHTS = leaf("is", "model.eccn", "4E091")
CONTROLLED = leaf("one_of", "model.eccn", ["3A090", "3A090.a", "3A090.b", "4A090", "4A090.a",
                                           "4A090.b", "4E091"])  # fmt: skip
TO_RELEASE = leaf("one_of", "request.activity", ["download_weights", "source_access"])


def anywhere(attributes: tuple[str, ...], *groups: str) -> Json:
    """One of these countries is in one of these groups."""
    return any_of(*(leaf("in_group", name, group) for name in attributes for group in groups))


def d5_or_macau(attributes: tuple[str, ...]) -> Json:
    """One of these countries is in Country Group D:5 or is Macau, as in the headquarters rule."""
    return any_of(
        *(leaf("in_group", name, "D:5") for name in attributes),
        *(leaf("is", name, "MO") for name in attributes),
    )


def listed(code: str, status: str = "confirmed") -> Json:
    return leaf("is", f"licensee.list_status.{code}", status)


def affiliates(version: int, effective_from: str, effective_until: str | None) -> Json:
    """BIS's 50 % rule. Its versions: in force, suspended for a year, in force again."""
    return rule(
        "BIS-AFFILIATES",
        version=version,
        title="Owned to 50 % or more by parties on the Entity List, the MEU List or blocked",
        order="AFFILIATES-RULE",
        citation="15 CFR 744.11(a), 744.21(b); interim final rule effective 2025-09-29",
        effect="license_required",
        license_review_policy="presumption_of_denial",
        when=leaf("is", "licensee.captured_by_ownership.bis_affiliates", True),
        effective_from=effective_from,
        effective_until=effective_until,
    )
