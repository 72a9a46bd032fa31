"""Reads the names of a listed party from the columns in which its list prints them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from accesscontrol.matching.normalize import normalize

_SUCCESSORS = re.compile(r"[;,]?\s*(?:and\s+)?any\s+(?:successors?|sub-?units?)\b.*$", re.I | re.S)
_INCLUDING = re.compile(r",?\s+(?:including|and subordinate entit(?:y|ies))\s.*$", re.I | re.S)
_AFFILIATE = re.compile(
    r"^.*?[.;,]?\s*(?:Affiliated Entit(?:y|ies)|Subordinate (?:Institution|Entity|Institute)s?)"
    r"\s*[:\-–]\s*",
    re.I | re.S,
)
_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]")
_ACRONYM = re.compile(r"[A-Z][A-Z0-9 &-]{2,}")
_ADDRESS = re.compile(r",\s*(?:No\.\s*)?\d+[\w/-]*[\s,].*,.*$", re.S)
_AKA = re.compile(r"^(?:and\s+)?(?:(?:a\.?k\.?a|f\.?k\.?a|n\.?k\.?a)\.?[,:]?\s*)?", re.I)


@dataclass(frozen=True, slots=True)
class Name:
    """One spelling of a listed party, as printed and as compared."""

    name: str
    normalized: str
    alias: bool


def names_of(name: str, alt_names: str) -> tuple[Name, ...]:
    """The party's names, the printed one first, each normalized spelling once."""
    names: dict[str, Name] = {}
    printed: dict[str, bool] = {}
    for alias, spelling in _spellings(name, alt_names):
        printed.setdefault(spelling, alias)
    for spelling, alias in printed.items():
        normalized = normalize(spelling)
        if normalized:
            names.setdefault(normalized, Name(spelling, normalized, alias))
    return tuple(names.values())


def _spellings(name: str, alt_names: str) -> Iterator[tuple[bool, str]]:
    yield False, name
    for index, printed in enumerate([name, *alt_names.split(";")]):
        spelling = _AKA.sub("", printed.strip()) if index else printed
        yield bool(index), spelling.strip()
        for reading in _readings(spelling):
            yield True, reading


def _readings(printed: str) -> Iterator[str]:
    """The other names that a printed name can mean. A licensee can match any of them."""
    core = _INCLUDING.sub("", _SUCCESSORS.sub("", printed)).strip()
    core = _AFFILIATE.sub("", core).strip()
    yield core
    bare = _BRACKETS.sub("", core).strip()
    yield bare
    yield _ADDRESS.sub("", bare).strip()
    at_end = re.search(r"[(\[]([^()\[\]]*)[)\]]\s*$", core)
    if at_end and _ACRONYM.fullmatch(at_end[1].strip()) and bare != at_end[1]:
        yield at_end[1].strip()
