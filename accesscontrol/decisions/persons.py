"""Derives whether a user is a US person from the user's nationalities and status.

15 CFR 772.1 (foreign person), 8 USC 1324b(a)(3) (protected individuals): a citizen, a lawful
permanent resident or a protected individual is a US person.
"""

from collections.abc import Mapping
from typing import Any

US_PERSON = "user.us_person"
NATIONALITIES = "user.nationalities"
STATUSES = ("user.lawful_permanent_resident", "user.protected_individual")


def us_person(facts: Mapping[str, Any], stated: Mapping[str, Any]) -> bool | None:
    """True if one of the three signs says so, False only if all three are known and none does.

    None if that is not known, or if a source says it, even with an invalid value. A sign on which
    attestation and statement differ is not known.
    """
    if US_PERSON in facts or US_PERSON in stated:
        return None
    signs = [_american(_agreed(NATIONALITIES, facts, stated))]
    signs += [_yes_or_no(_agreed(name, facts, stated)) for name in STATUSES]
    if True in signs:
        return True
    return None if None in signs else False


def _agreed(name: str, facts: Mapping[str, Any], stated: Mapping[str, Any]) -> Any:
    values = [source[name] for source in (facts, stated) if name in source]
    return values[0] if values and all(each == values[0] for each in values) else None


def _american(nationalities: Any) -> bool | None:
    """Whether US is among the nationalities. None for a list with other than two-letter codes."""
    if not isinstance(nationalities, list) or not nationalities:
        return None
    if not all(isinstance(each, str) and len(each) == 2 for each in nationalities):
        return None
    return "US" in nationalities


def _yes_or_no(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
