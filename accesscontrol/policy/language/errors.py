"""The one failure of the rule language: what is wrong, where it stands, and how to mend it."""

from typing import Final

from accesscontrol.ledger.canonical import canonical_json

BAD_SHAPE: Final = "bad_shape"
BAD_VALUE: Final = "bad_value"
BAD_PERIOD: Final = "bad_period"
CYCLE: Final = "cycle"
DUPLICATE: Final = "duplicate"
IS_KNOWN_FORBIDDEN: Final = "is_known_forbidden"
NO_RELEASE: Final = "no_release"
NOT_JSON: Final = "not_json"
TOO_DEEP: Final = "too_deep"
TOO_MANY_CLAUSES: Final = "too_many_clauses"
UNKNOWN_ATTRIBUTE: Final = "unknown_attribute"
UNKNOWN_GROUP: Final = "unknown_group"
UNKNOWN_LIST: Final = "unknown_list"
UNKNOWN_OPERATOR: Final = "unknown_operator"
WRONG_OPERATOR: Final = "wrong_operator"


class PolicyError(ValueError):
    """A release, rule or question is refused, because a part of it is wrong.

    ``pointer`` is the RFC 6901 pointer to that part, ``code`` one of the table in
    docs/language.md §8, ``message`` a sentence for the person who wrote it. In JSON the pointer is
    ``at``.
    """

    def __init__(self, pointer: str, code: str, message: str) -> None:
        super().__init__(f"{pointer or 'the line'}: {message}")
        self.pointer = pointer
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type["PolicyError"], tuple[str, str, str]]:
        return PolicyError, (self.pointer, self.code, self.message)

    def to_json(self) -> dict[str, str]:
        return {"at": self.pointer, "code": self.code, "message": self.message}


def below(pointer: str, *steps: str | int) -> str:
    """Adds steps to the pointer, with ``~`` and ``/`` escaped as RFC 6901 asks."""
    for step in steps:
        pointer += "/" + str(step).replace("~", "~0").replace("/", "~1")
    return pointer


def shown(value: object) -> str:
    """Writes a value for a message: as JSON, and shortened."""
    try:
        text = canonical_json(value)
    except ValueError:
        text = repr(value)
    except RecursionError:
        text = "a value nested very deeply"
    return text if len(text) <= 60 else text[:57] + "…"
