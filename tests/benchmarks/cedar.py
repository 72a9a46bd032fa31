"""The same rules in Cedar, as a peer: translated exactly where every fact is known.

Cedar has no unknown: a policy that lacks an attribute fails and is skipped. So the two are compared
on questions that lack nothing. What Cedar is spared: report-only rules, and guards for
missing attributes.
"""

import importlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from accesscontrol.policy.language.countries import COUNTRIES
from accesscontrol.policy.language.values import read

Json = dict[str, Any]


def library() -> Any:
    """The module cedarpy; None where it is not installed (``pip install -e .[bench]``)."""
    try:
        return importlib.import_module("cedarpy")
    except ModuleNotFoundError:
        return None


class Translation:
    """A release document as Cedar policies, and facts as its entities and requests."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.types = {each["name"]: each["type"] for each in document["vocabulary"]}
        self._members = {
            name: [entry["value"] for entry in entries]
            for kind in ("groups", "lists")
            for name, entries in document[kind].items()
        }
        self.rules = [each for each in document["rules"] if each["report_only_until"] is None]
        self.effects = {each["ref"]: each["effect"] for each in self.rules}

    def policies(self) -> str:
        permit = '@id("permit") permit(principal, action, resource);'
        return "\n".join([permit, *(self._policy(each) for each in self.rules)])

    def _policy(self, rule: Json) -> str:
        lifted = "".join(f" unless {{ {self._text(e['when'])} }}" for e in rule["unless"])
        when = self._text(rule["when"])
        return (
            f'@id("{rule["ref"]}") forbid(principal, action, resource) when {{ {when} }}{lifted};'
        )

    def _text(self, condition: Json) -> str:
        ((operator, operand),) = condition.items()
        match operator:
            case "all":
                return "(" + " && ".join(map(self._text, operand)) + ")"
            case "any":
                return "(" + " || ".join(map(self._text, operand)) + ")"
            case "not":
                return f"!{self._text(operand)}"
        return self._leaf(operator, *operand)

    def _leaf(self, operator: str, attribute: str, *operand: Any) -> str:
        """A test; operands on countries are written out with the territories that belong there."""
        place = _place(attribute)
        if operator == "is_known":
            return f"({place[0]} has {json.dumps(place[1])})"
        value = f"{place[0]}[{json.dumps(place[1])}]" if place[0] != "action" else "action"
        if operator in ("at_least", "at_most"):
            sign = ">=" if operator == "at_least" else "<="
            return f"({value} {sign} {self.number(attribute, operand[0])})"
        wanted = self._wanted(operator, attribute, operand[0])
        if place[0] == "action":
            return "(" + " || ".join(f"action == Action::{json.dumps(each)}" for each in wanted) + ")"  # fmt: skip
        if self.types[attribute] in ("countries", "codes"):
            return f"({value}.containsAny({json.dumps(wanted)}))"
        if len(wanted) == 1:
            return f"({value} == {json.dumps(wanted[0])})"
        return f"({json.dumps(wanted)}.contains({value}))"

    def _wanted(self, operator: str, attribute: str, operand: Any) -> list[Any]:
        if operator in ("in_group", "in_list"):
            wanted = self._members[operand]
        else:
            wanted = operand if isinstance(operand, list) else [operand]
        if self.types[attribute] in ("country", "countries"):
            return sorted(code for code in COUNTRIES if self._line(code) & set(wanted))
        return list(wanted)

    def _line(self, country: str) -> set[str]:
        line = {country}
        while (parent := self.document["territories"].get(country)) is not None:
            line.add(parent)
            country = parent
        return line

    def number(self, attribute: str, value: Any) -> int:
        """A quantity is beyond Cedar's 64 bits: its place among millions of millions stands for it."""
        if self.types[attribute] != "quantity":
            return int(value)
        whole = read("quantity", value)
        assert isinstance(whole, int)
        assert whole % 10**12 == 0, "a quantity that this stands for exactly"
        return min(whole // 10**12, 2**62)

    # ------------------------------------------------------------ facts

    def entity(self, type_: str, id_: str, facts: Mapping[str, Any]) -> Json:
        side = "principal" if type_ == "Licensee" else "resource"
        about = {
            _place(name)[1]: self._fact(name, value)
            for name, value in facts.items()
            if name in self.types and _place(name)[0] == side
        }
        return {"uid": {"type": type_, "id": id_}, "attrs": about, "parents": []}

    def _fact(self, name: str, value: Any) -> Any:
        return self.number(name, value) if self.types[name] == "quantity" else value

    def request(self, facts: Mapping[str, Any], stated: Mapping[str, Any]) -> Json:
        known = {**facts, **stated}
        context = {name: value for name, value in known.items() if _place(name)[0] == "context"}
        return {
            "principal": {"type": "Licensee", "id": known["licensee.id"]},
            "action": {"type": "Action", "id": known["request.activity"]},
            "resource": {"type": "Model", "id": known["model.id"]},
            "context": context,
        }

    def comparable(self, facts: Mapping[str, Any], stated: Mapping[str, Any]) -> bool:
        """Whether no rule can lack a fact, so that both engines must say the same."""
        known = {**facts, **stated}
        return all(name in known for name in self._read)

    @property
    def _read(self) -> frozenset[str]:
        names: set[str] = set()
        for rule in self.rules:
            names.update(_attributes(rule["when"]))
            for exemption in rule["unless"]:
                names.update(_attributes(exemption["when"]))
        self.__dict__["_read"] = found = frozenset(names)
        return found

    def reasons(self, result: Any) -> tuple[str, ...]:
        """The rules that Cedar found true, as ours are listed: by ref within an effect."""
        found = result.diagnostics.id_annotations_by_reason.values()
        order = ("deny", "license_required", "review")
        refs = sorted(each for each in found if each != "permit")
        return tuple(sorted(refs, key=lambda ref: order.index(self.effects[ref])))


def _place(attribute: str) -> tuple[str, str]:
    """Where a fact stands in a Cedar request: principal, resource, context, or the action itself."""
    if attribute == "request.activity":
        return "action", ""
    about, _, rest = attribute.partition(".")
    return {"licensee": ("principal", rest), "model": ("resource", rest)}.get(
        about, ("context", attribute)
    )


def _attributes(condition: Json) -> Iterable[str]:
    ((operator, operand),) = condition.items()
    if operator in ("all", "any"):
        for child in operand:
            yield from _attributes(child)
    elif operator == "not":
        yield from _attributes(operand)
    else:
        yield operand[0]


class Peer:
    """cedarpy with a release's policies parsed once."""

    def __init__(self, cedarpy: Any, translation: Translation) -> None:
        self.cedarpy, self.translation = cedarpy, translation
        self.policies = cedarpy.PolicySet.from_str(translation.policies())

    def entities(self, *facts: Mapping[str, Any]) -> Any:
        """Licensees and models as one parsed handle."""
        known: dict[tuple[str, str], Json] = {}
        for each in facts:
            for type_, name in (("Licensee", "licensee.id"), ("Model", "model.id")):
                if name in each:
                    entity = self.translation.entity(type_, each[name], each)
                    known[type_, each[name]] = entity
        return self.cedarpy.Entities.from_json_str(json.dumps(list(known.values())))

    def licensee(self, facts: Mapping[str, Any]) -> str:
        """A licensee as the text that an existing handle of entities takes in addition."""
        return json.dumps([self.translation.entity("Licensee", facts["licensee.id"], facts)])

    def ask(self, request: Json, entities: Any) -> Any:
        return self.cedarpy.is_authorized(request, self.policies, entities)

    def ask_many(self, requests: Sequence[Json], entities: Any) -> Any:
        return self.cedarpy.is_authorized_batch(list(requests), self.policies, entities)
