"""Adds up the numbers of a question's facts, many of them with one look-up.

The attributes that questions were met with stand in one order, in groups. Of each group the values
that were met together are remembered with the sum of their numbers, so that a question costs a
look-up a group and not one a fact. A group starts as all attributes of a side; where its values are
met in too many combinations it is split, until those that vary much stand alone.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, cast

from accesscontrol.policy.judge.known import ABSENT
from accesscontrol.policy.online.numbers import EXACT, SETS, Numbers

COMBINATIONS: Final = 1_000  # of a group's values; with more it is split
ALONE: Final = 20_000  # values that are remembered of an attribute that stands alone


class Column(NamedTuple):
    """An attribute: its type, its side, whether none may go without it, its values' numbers."""

    name: str
    type: str
    side: int
    required: bool
    numbers: Numbers


Groups = Sequence[tuple[Column, ...]]


class Row:
    """The attributes that were met so far; ``total`` adds their values' numbers up.

    ``total`` takes the values in the order of ``nothing``, ABSENT where there is none. It returns
    ``wrong`` or more where a value is none of its attribute's, or what is required is absent; it
    raises TypeError for a value that cannot be looked up, such as an object. ``regroup`` is told
    the groups that would be better.
    """

    def __init__(self, groups: Groups, wrong: int, regroup: Callable[[Groups], object]) -> None:
        self.groups = groups
        self.nothing: dict[str, object] = {
            column.name: ABSENT for group in groups for column in group
        }
        self.size = len(self.nothing)
        self._regroup = regroup
        self.sums = [_Sums(self, place, wrong) for place in range(len(groups))]
        self.total = _compiled(groups, self.sums, wrong)

    def with_more(self, columns: Sequence[Column]) -> Groups:
        """The groups with further attributes, each in the last group of its side."""
        groups = list(self.groups)
        for column in columns:
            ours = [place for place, group in enumerate(groups) if group[0].side == column.side]
            groups[ours[-1]] += (column,)
        return groups

    def split(self, place: int) -> None:
        """Halve a group: the attributes that were met with more values, those with fewer."""
        group = sorted(self.groups[place], key=lambda column: -len(column.numbers.known))
        half = len(group) // 2
        halves = [tuple(group[:half]), tuple(group[half:])]
        self._regroup([*self.groups[:place], *halves, *self.groups[place + 1 :]])


class _Sums(dict[tuple[object, ...], int]):
    """By the values of a group, sets as tuples, the sum of their numbers."""

    def __init__(self, row: Row, place: int, wrong: int) -> None:
        super().__init__()
        self._row = row
        self._place = place
        self._wrong = wrong
        self._numbers = [column.numbers for column in row.groups[place]]

    def __missing__(self, values: tuple[object, ...]) -> int:
        total = 0
        for numbers, value in zip(self._numbers, values, strict=True):
            total += numbers.of(value)
        if total < self._wrong:
            self._remember(values, total)
        return total

    def _remember(self, values: tuple[object, ...], total: int) -> None:
        alone = len(values) == 1
        if len(self) >= (ALONE if alone else COMBINATIONS):
            self.clear()
            if not alone:
                self._row.split(self._place)
        self[values] = total


def _compiled(groups: Groups, sums: Sequence[_Sums], wrong: int) -> Callable[..., int]:
    """One expression over the values v0, v1, …; no text of the release becomes part of it.

    Python takes True, 1 and 1.0 for the same key, JSON does not: so types are looked at first.
    """
    columns = [column for group in groups for column in group]
    names = [f"v{place}" for place in range(len(columns))]
    checks = [check for pair in zip(names, columns, strict=True) for check in _checks(*pair)]
    keys = map(_key, names, columns)
    sums_of = [
        f"s{place}[{''.join(f'{next(keys)}, ' for _ in group)}]"
        for place, group in enumerate(groups)
    ]
    source = (
        f"lambda {', '.join(names)}: {' + '.join(sums_of)} if {' and '.join(checks)} else wrong"
    )
    known = {f"s{place}": each for place, each in enumerate(sums)}
    total = eval(source, {**known, "absent": ABSENT, "wrong": wrong})  # noqa: S307  no foreign text
    return cast("Callable[..., int]", total)


def _checks(name: str, column: Column) -> list[str]:
    """What has to hold of a value before it is looked up."""
    if column.required:
        return [f"{name} is not absent"]
    exact = list if column.type in SETS else EXACT.get(column.type)
    return [] if exact is None else [f"(type({name}) is {exact.__name__} or {name} is absent)"]


def _key(name: str, column: Column) -> str:
    return f"({name} if {name} is absent else tuple({name}))" if column.type in SETS else name
