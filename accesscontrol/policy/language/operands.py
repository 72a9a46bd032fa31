"""The kinds of operands: what a rule may write beside the attribute of a test.

The operand of ``{"at_least": ["licensee.red_flags_open", 1]}`` is one value. Other operators take
several values, or the name of a group or of a list.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from accesscontrol.policy.language import documents
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.errors import UNKNOWN_GROUP, UNKNOWN_LIST, PolicyError, shown
from accesscontrol.policy.language.values import Operand, Value, element, written

Named = Literal["group", "list"]
Names = Mapping[Named, Collection[str]]  # the groups and lists that a rule may name
Read = Callable[[Attribute, object, str, Names], Operand]


@dataclass(frozen=True)
class OperandKind:
    """How operands of one kind are read and written, and the values that they name.

    ``several`` is true of an array. ``names`` says what the operand is the name of, if it is one.
    ``read`` takes the attribute, the JSON, its pointer and the known names. It raises PolicyError.
    ``values`` takes the operand, and the members of the group or list that it names.
    """

    several: bool
    names: Named | None
    read: Read
    write: Callable[[Attribute, Any], object]
    values: Callable[[Any, Iterable[Value]], Iterable[Value]]


def _read_value(attribute: Attribute, given: object, pointer: str, names: Names) -> Value:
    return documents.value(given, pointer, attribute.read_element, attribute.expected)


def _read_values(
    attribute: Attribute, given: object, pointer: str, names: Names
) -> frozenset[Value]:
    if not isinstance(given, list | tuple) or not given:
        raise documents.bad_value(pointer, given, "an array of values, one at least")
    read = frozenset(_read_value(attribute, each, pointer, names) for each in given)
    if len(read) != len(given):
        raise documents.bad_value(pointer, given, "values without duplicates")
    return read


def _read_name(what: Named, code: str) -> Read:
    """Reads the name of a group or list that the release has; ``code`` is the error otherwise."""

    def read(attribute: Attribute, given: object, pointer: str, names: Names) -> str:
        known = names[what]
        if not isinstance(given, str):
            raise documents.bad_value(pointer, given, f"the name of one {what}")
        if given not in known:
            message = f"There is no {what} {shown(given)}{documents.near(given, known)}"
            raise PolicyError(pointer, code, message)
        return given

    return read


def _write_value(attribute: Attribute, value: Value) -> object:
    return written(element(attribute.type), value)


def _write_values(attribute: Attribute, values: frozenset[Any]) -> object:
    return [_write_value(attribute, each) for each in sorted(values)]


def _write_name(attribute: Attribute, name: str) -> object:
    return name


def _the_value(operand: Value, members: Iterable[Value]) -> Iterable[Value]:
    return (operand,)


def _the_values(operand: frozenset[Value], members: Iterable[Value]) -> Iterable[Value]:
    return sorted(operand, key=str)


def _the_members(operand: str, members: Iterable[Value]) -> Iterable[Value]:
    return members


ONE_VALUE: Final = OperandKind(
    several=False, names=None, read=_read_value, write=_write_value, values=_the_value
)
SOME_VALUES: Final = OperandKind(
    several=True, names=None, read=_read_values, write=_write_values, values=_the_values
)
A_GROUP: Final = OperandKind(
    several=False,
    names="group",
    read=_read_name("group", UNKNOWN_GROUP),
    write=_write_name,
    values=_the_members,
)
A_LIST: Final = OperandKind(
    several=False,
    names="list",
    read=_read_name("list", UNKNOWN_LIST),
    write=_write_name,
    values=_the_members,
)
