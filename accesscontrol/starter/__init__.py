"""The starter policy of a new installation: the law as rules, country groups, territories.

It is data only. Only the command that installs it imports it (``manage.py load_starter``).
"""

from accesscontrol.starter.countries import ENDED, GROUPS, TERRITORIES, TERRITORIES_CITATION
from accesscontrol.starter.rules import END_USES, INTERNAL, LISTS, ORDERS, RULES

__all__ = [
    "ENDED", "END_USES", "GROUPS", "INTERNAL", "LISTS", "ORDERS", "RULES", "TERRITORIES",
    "TERRITORIES_CITATION",
]  # fmt: skip
