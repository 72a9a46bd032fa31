"""What expands into too many clauses is refused, and the message names where it multiplies."""

from typing import Any

import pytest

from accesscontrol import policy
from tests.worlds import language


def bank(number: int) -> dict[str, Any]:
    return {"at_least": ["licensee.red_flags_open", number]}


def any_of(count: int) -> dict[str, Any]:
    return {"any": [bank(number) for number in range(count)]}


REFUSED = [
    ({"all": [any_of(5), bank(0), any_of(13)]}, 'the outermost "all" multiplies 5 × 13'),
    (
        {"any": [bank(0), {"all": [bank(1), {"all": [any_of(9), any_of(9)]}]}]},
        'the "all" in part 2 of "all" in part 2 of "any" multiplies 9 × 9',
    ),
    (
        {"not": {"any": [{"not": any_of(8)}, {"not": any_of(9)}]}},
        'the "any" in "not" multiplies 8 × 9',
    ),
    (
        {"any": [any_of(40), any_of(30)]},
        'the outermost "any" adds up 40 + 30',
    ),
    (
        {"all": [any_of(2) for _ in range(40)]},
        'more than a billion clauses, and 64 is the most: the outermost "all" multiplies 2 × 2 × 2',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("when", "named"), REFUSED)
def test_the_message_names_what_multiplies(when: dict[str, Any], named: str) -> None:
    with pytest.raises(policy.PolicyError) as refused:
        language.release(language.rule(when))
    assert (refused.value.code, refused.value.pointer) == (
        "too_many_clauses",
        "/release/rules/0/when",
    )
    assert named in refused.value.message


def test_sixty_four_are_not_too_many() -> None:
    language.release(language.rule({"all": [any_of(8), any_of(8)]}))
    language.release(language.rule(any_of(64)))
