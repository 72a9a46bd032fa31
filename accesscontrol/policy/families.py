"""Built-in attributes of which there is one for each list, or one for each ownership regime."""

from typing import Final

from accesscontrol.policy.attributes import Attribute
from accesscontrol.policy.builtin import BY_NAME, registered

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
    """The built-in attribute of that name, those once a list or regime included."""
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
