"""Restricted parties: lists and their versions, matches of licensees, capture by ownership."""

from accesscontrol.parties.expiry import refresh
from accesscontrol.parties.lists import CannotImport, Import, ListChange, import_list
from accesscontrol.parties.matches import basis, match
from accesscontrol.parties.ownership import REGIME_LISTS, refresh_ownership
from accesscontrol.parties.timeline import NewFact, put_facts

__all__ = [
    "REGIME_LISTS", "CannotImport", "Import", "ListChange", "NewFact", "basis", "import_list",
    "match", "put_facts", "refresh", "refresh_ownership",
]  # fmt: skip
