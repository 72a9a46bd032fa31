"""Gives the different spellings of a party's name one normalized form.

Names are equal here if they differ only in case, punctuation, diacritics, script, legal form or the
order of their words. Words are sorted, since the lists print persons surname first ("ZBOUN, Anwar
Mohammed") and companies in either order. So two different names of the same words match; a person
then looks at the match, and no party is missed. Digits are always kept: "Fund VII" is not "Fund
VIII" and "Plant 12" is not "Plant 21".
"""

import re
import unicodedata

from anyascii import anyascii

from accesscontrol.matching.legal_forms import GLUED, LEADING, LONGEST, TRAILING

# Stored with every match. A change of this module is a new version.
MATCHER_VERSION = "exact-1"

# The lists print "?" for an apostrophe they could not encode ("QAR?AWI").
_APOSTROPHES = re.compile(r"(?<=[^\W\d_])\?(?=[^\W\d_])|['’‘ʼʻ`´ʾʿ′]")
_INITIALS = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z][./])+[A-Za-z](?![A-Za-z0-9])")
_WORDS = re.compile(r"[a-z0-9]+")
_EMPTY_WORDS = frozenset({"and", "the", "of"})


def normalize(name: str) -> str:
    """The name's words in Latin letters, sorted. Empty only if it has no letter or digit."""
    return " ".join(sorted(words(name)))


def words(name: str) -> list[str]:
    """The normalized words, in the order of the name."""
    latin = anyascii(_without_glued_forms(unicodedata.normalize("NFKC", name)))
    latin = _APOSTROPHES.sub("", latin)
    latin = _INITIALS.sub(lambda found: re.sub(r"[./]", "", found[0]), latin)
    spelled = _WORDS.findall(latin.replace("&", " and ").lower())
    return _without_legal_forms(spelled)


def _without_glued_forms(name: str) -> str:
    if name.isascii():
        return name
    name = _APOSTROPHES.sub("", name)
    for form in GLUED:
        shorter = name.replace(form, " ")
        if any(letter.isalnum() for letter in shorter):
            name = shorter
    return name


def _without_legal_forms(spelled: list[str]) -> list[str]:
    """Cut legal forms from both ends, but leave at least one word other than "and" or "the"."""
    rest = spelled
    while True:
        shorter = _cut_end(_cut_start(rest))
        if shorter == rest or not _names_something(shorter):
            return rest
        rest = shorter


def _names_something(spelled: list[str]) -> bool:
    return any(word not in _EMPTY_WORDS for word in spelled)


def _cut_end(spelled: list[str]) -> list[str]:
    for length in range(min(LONGEST, len(spelled) - 1), 0, -1):
        if tuple(spelled[-length:]) in TRAILING:
            rest = spelled[:-length]
            return rest[:-1] if rest[-1] == "and" else rest
    return spelled


def _cut_start(spelled: list[str]) -> list[str]:
    if len(spelled) > 1 and spelled[0] == "the":
        return spelled[1:]
    for length in range(min(LONGEST, len(spelled) - 1), 0, -1):
        if tuple(spelled[:length]) in LEADING:
            return spelled[length:]
    return spelled
