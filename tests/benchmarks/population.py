"""Made-up licensees in any number, as columns: skewed as real ones are, facts missing in 5 %.

What it makes, from a fixed seed: countries (37 % US, 8 % GB, a long tail over all of ISO 3166),
headquarters (mostly at home, some in the US, a few in China), ultimate parents, sectors, types of
end user, sets of data center countries, shares of foreign nationals, red flags, statements on file,
capture and shares by ownership under two regimes, statuses on five lists, attestations of place and
of users (seven of ten), two custom attributes of which one is read by no rule. Nothing touches a
database here.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from accesscontrol.policy.language.countries import COUNTRIES
from tests.benchmarks.policy import CERTIFICATE, LISTS, MANAGER, SECTORS

SEED = 20260612
MISSING = 0.05  # licensees that lack a fact, one or two of those that somebody should have entered
STATUSES = ("", "clear", "possible", "confirmed")

ATTRIBUTES = {
    "country": "licensee.country",
    "hq_country": "licensee.hq_country",
    "ultimate_parent_country": "licensee.ultimate_parent_country",
    "sector": "licensee.sector",
    "end_user_type": "licensee.end_user_type",
    "data_center_countries": "licensee.data_center_countries",
    "foreign_national_access": "licensee.foreign_national_access",
    "red_flags_open": "licensee.red_flags_open",
    "statements_on_file": "licensee.statements_on_file",
    "captured_ofac": "licensee.captured_by_ownership.ofac",
    "captured_bis_affiliates": "licensee.captured_by_ownership.bis_affiliates",
    "share_ofac": "licensee.restricted_owner_share.ofac",
    "share_bis_affiliates": "licensee.restricted_owner_share.bis_affiliates",
}
OBJECTS = ("attested", "more")  # columns whose values are objects: attribute → value
# What can be missing, and how often among those that lack something.
FORGOTTEN = {
    "hq_country": 0.28, "ultimate_parent_country": 0.28, "country": 0.04, "sector": 0.12,
    "end_user_type": 0.06, "foreign_national_access": 0.06, "captured_bis_affiliates": 0.05,
    "captured_ofac": 0.03, "data_center_countries": 0.04, "more": 0.04,
}  # fmt: skip

WEIGHTS = {
    "US": 37, "GB": 8, "DE": 7, "JP": 6, "FR": 5, "CA": 5, "IN": 4.5, "CN": 3.5, "KR": 3,
    "AU": 2.5, "BR": 2, "NL": 2, "SG": 1.5, "CH": 1.5, "IL": 1.2, "SE": 1.2, "ES": 1.2, "IT": 1.2,
    "TW": 1, "HK": 0.8, "AE": 0.7, "PL": 0.7, "MX": 0.6, "TR": 0.5, "SA": 0.4, "VN": 0.4,
    "KZ": 0.3, "RU": 0.3, "UA": 0.3, "PK": 0.2, "BY": 0.1, "VE": 0.1, "MM": 0.1, "MO": 0.1,
    "IR": 0.05, "CU": 0.04, "SY": 0.03, "KP": 0.01,
}  # fmt: skip
STATEMENTS = ([], ["end_use"], ["uvl_statement"], ["end_use", "tsr"], ["end_use", "uvl_statement"])
END_USERS = ("civil", "government", "police", "military", "military_intelligence")


@dataclass(frozen=True)
class Population:
    """Licensees by position 0 … n-1: per column the number of its value, 0 where it is absent."""

    size: int
    columns: dict[str, np.ndarray]
    values: dict[str, list[Any]]  # by column; number 0 is no value
    lists: dict[str, np.ndarray]  # by list: 0 absent, 1 clear, 2 possible, 3 confirmed

    def facts(self, position: int) -> dict[str, Any]:
        """What is known of one licensee, as the judge takes it."""
        known: dict[str, Any] = {"licensee.id": ref(position)}
        for column, attribute in ATTRIBUTES.items():
            number = int(self.columns[column][position])
            if number:
                known[attribute] = self.values[column][number]
        for column in OBJECTS:
            known |= self.values[column][int(self.columns[column][position])] or {}
        for code, statuses in self.lists.items():
            if statuses[position]:
                known[f"licensee.list_status.{code}"] = STATUSES[int(statuses[position])]
        return known

    def lacking(self) -> float:
        """The share of licensees that lack a fact."""
        lacks = np.zeros(self.size, dtype=bool)
        for column in FORGOTTEN:
            lacks |= self.columns[column] == 0
        for statuses in self.lists.values():
            lacks |= statuses == 0
        return float(lacks.mean())


def ref(position: int) -> str:
    return f"L-{position + 1:07}"


def annex(size: int) -> tuple[str, ...]:
    """The licensees that the annex names: 300 at most, spread over all."""
    return tuple(ref(n) for n in range(0, size, max(size // 300, 1)))[:300]


def populate(size: int, seed: int = SEED) -> Population:
    """The population of this size; the same one for the same seed."""
    draw = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {}
    values: dict[str, list[Any]] = {}
    _seats(draw, size, columns, values)
    _business(draw, size, columns, values)
    _ownership(draw, size, columns, values)
    _attested(draw, size, columns, values)
    _custom(draw, size, columns, values)
    lists = _lists(draw, size)
    _forget(draw, size, columns, lists)
    return Population(size, columns, values, lists)


def _choose(draw: np.random.Generator, size: int, weights: Any) -> np.ndarray:
    odds = np.asarray(list(weights), dtype=float)
    return draw.choice(len(odds), size=size, p=odds / odds.sum()).astype(np.int32)


def _seats(
    draw: np.random.Generator,
    size: int,
    columns: dict[str, np.ndarray],
    values: dict[str, list[Any]],
) -> None:
    """Country, headquarters mostly there, parent mostly where the headquarters are."""
    tail = [code for code in COUNTRIES if code not in WEIGHTS]
    codes = [None, *WEIGHTS, *tail]
    odds = [*WEIGHTS.values(), *([0.6 / len(tail)] * len(tail))]
    anywhere = [1 + _choose(draw, size, odds) for _ in range(3)]
    america, china = codes.index("US"), codes.index("CN")
    country, luck = anywhere[0], draw.random(size)
    seat = np.select(
        [luck < 0.82, luck < 0.90, luck < 0.92], [country, america, china], anywhere[1]
    )
    parent = np.where(draw.random(size) < 0.9, seat, anywhere[2])
    for name, column in zip(
        ("country", "hq_country", "ultimate_parent_country"), (country, seat, parent), strict=True
    ):
        columns[name], values[name] = column.astype(np.int32), codes
    _data_centers(draw, size, columns, values)


def _data_centers(
    draw: np.random.Generator,
    size: int,
    columns: dict[str, np.ndarray],
    values: dict[str, list[Any]],
) -> None:
    """None of its own for two thirds, at home for a fifth, else one of forty sets."""
    codes = values["country"]
    frequent = list(WEIGHTS)[:24]
    sets = [sorted(draw.choice(frequent, size=2 + n % 3, replace=False)) for n in range(40)]
    found = [None, [], *([code] for code in codes[1:]), *(list(map(str, each)) for each in sets)]
    luck, other = draw.random(size), _choose(draw, size, range(40, 0, -1))
    home = 1 + columns["country"]
    columns["data_center_countries"] = np.select(
        [luck < 0.66, luck < 0.86], [1, home], 1 + len(codes) + other
    ).astype(np.int32)
    values["data_center_countries"] = found


def _business(
    draw: np.random.Generator,
    size: int,
    columns: dict[str, np.ndarray],
    values: dict[str, list[Any]],
) -> None:
    steps = [0, 100, 250, 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 7500, 9000, 10000]
    drawn: dict[str, tuple[tuple[Any, ...] | list[Any], Any]] = {
        "sector": (SECTORS, [1 / (n + 1) for n in range(len(SECTORS))]),
        "end_user_type": (END_USERS, [93, 4.5, 1, 1, 0.5]),
        "foreign_national_access": (steps, [30, 12, 10, 10, 8, 6, 5, 4, 4, 3, 3, 2, 1.5, 1, 0.5]),
        "red_flags_open": ((0, 1, 2, 3, 4), [95, 3.5, 1, 0.3, 0.2]),
        "statements_on_file": (STATEMENTS, [70, 18, 4, 6, 2]),
    }
    for name, (found, odds) in drawn.items():
        columns[name], values[name] = 1 + _choose(draw, size, odds), [None, *found]


def _ownership(
    draw: np.random.Generator,
    size: int,
    columns: dict[str, np.ndarray],
    values: dict[str, list[Any]],
) -> None:
    """Hardly anybody is owned by a listed party; captured from half on, as the law has it."""
    shares = [None, 0, 100, 500, 1000, 2000, 2500, 3000, 4500, 5000, 7500, 10000]
    for regime, owned in (("ofac", 0.004), ("bis_affiliates", 0.012)):
        some = 2 + _choose(draw, size, range(len(shares) - 2, 0, -1))
        share = np.where(draw.random(size) < owned, some, 1).astype(np.int32)
        columns[f"share_{regime}"], values[f"share_{regime}"] = share, shares
        half = shares.index(5000)
        columns[f"captured_{regime}"] = np.where(share >= half, 2, 1).astype(np.int32)
        values[f"captured_{regime}"] = [None, False, True]


def _attested(
    draw: np.random.Generator,
    size: int,
    columns: dict[str, np.ndarray],
    values: dict[str, list[Any]],
) -> None:
    """Three of ten attest nothing; the rest where, and half of them who, of an American kind or not."""
    codes = values["country"]
    found: list[Any] = [None]
    for who in ({}, {"user.us_person": True}, {"user.us_person": False}):
        found += [{"request.location_country": code, **who} for code in codes[1:]]
    luck, kind = draw.random(size), draw.random(size)
    american = columns["country"] == codes.index("US")
    who = np.where(kind < 0.5, 0, np.where(american | (kind > 0.95), 1, 2))
    place = (len(codes) - 1) * who + columns["country"]
    columns["attested"] = np.where(luck < 0.3, 0, place).astype(np.int32)
    values["attested"] = found


def _custom(
    draw: np.random.Generator,
    size: int,
    columns: dict[str, np.ndarray],
    values: dict[str, list[Any]],
) -> None:
    managers = [f"manager-{n}" for n in range(400)]
    found: list[Any] = [None]
    found += [{CERTIFICATE: holds, MANAGER: who} for holds in (False, True) for who in managers]
    holds = (draw.random(size) < 0.25).astype(np.int32)
    columns["more"] = (1 + len(managers) * holds + _choose(draw, size, [1] * 400)).astype(np.int32)
    values["more"] = found


def _lists(draw: np.random.Generator, size: int) -> dict[str, np.ndarray]:
    return {code: (1 + _choose(draw, size, [99.3, 0.6, 0.1])).astype(np.int8) for code in LISTS}


def _forget(
    draw: np.random.Generator,
    size: int,
    columns: dict[str, np.ndarray],
    lists: dict[str, np.ndarray],
) -> None:
    """Take away one fact, sometimes two, of one licensee in twenty; one in a thousand is unmatched."""
    new = draw.random(size) < 0.001
    for statuses in lists.values():
        statuses[new] = 0
    lacking = draw.random(size) < MISSING - 0.001
    names = list(FORGOTTEN)
    for again in (1.0, 0.2):
        which = _choose(draw, size, FORGOTTEN.values())
        hit = lacking & (draw.random(size) < again)
        for n, name in enumerate(names):
            columns[name][hit & (which == n)] = 0


def digest(population: Population) -> str:
    """The population's address, so that two runs can say that they measured the same."""
    import hashlib

    whole = hashlib.sha256(json.dumps(population.values, sort_keys=True).encode())
    for name in sorted(population.columns):
        whole.update(np.ascontiguousarray(population.columns[name]).tobytes())
    for name in sorted(population.lists):
        whole.update(np.ascontiguousarray(population.lists[name]).tobytes())
    return whole.hexdigest()[:16]
