"""Fills a database with a population: the register, what is known of each licensee, the policy.

- ``Licensee`` and ``CurrentFacts`` for everybody, with ``FactValue`` for each value that occurs.
- ``Entitlement``: one for each licensee in ten unless told otherwise (``entitled``), a second one for
  a tenth of those; an offering of a licensee follows from its number.
- The policy through ``orders.install`` (60 rules unless told otherwise), 25 models with their dated
  facts, 100 offerings, the annex, the custom attributes.
- For a **sample** (2,000 licensees spread over all ids unless told otherwise) also everything that
  ``CurrentFacts`` is made of: dated facts, attestations that a second person confirmed, matches, red
  flags, and for a tenth of the sample papers: an export license, a disposition, in turn. Screening
  reads the columns, the oracle reads these tables, so that equal standings prove both. What the
  product itself derives from the tables is compared with the columns, row by row.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accesscontrol import orders, screening
from accesscontrol.ledger.canonical import canonical_json
from accesscontrol.models import (
    AIModel,
    Attestation,
    CurrentFacts,
    CustomAttribute,
    Disposition,
    ExportLicense,
    Fact,
    FactValue,
    Match,
    NamedList,
    NamedListEntry,
    Offering,
    RedFlag,
    RestrictedList,
    User,
)
from accesscontrol.orders.installation import GroupMembership, Policy
from accesscontrol.screening.register import binary_copy, current_facts
from tests.benchmarks import policy
from tests.benchmarks.population import ATTRIBUTES, OBJECTS, STATUSES, Population, annex, ref

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
EVER = DateTimeTZRange(LONG_AGO, None)
YEARS = timedelta(days=25_000)
BATCH = 5_000
# What of a licensee is no dated fact: it has tables of its own.
ELSEWHERE = (
    "licensee.id", "licensee.red_flags_open", "licensee.list_status.", "user.", "request.",
)  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """What stands in the database now: the ids of the sample, and how many entitlements."""

    sample: list[int]
    entitlements: int


def fill(
    population: Population,
    *,
    rules: int = 60,
    entitled: float = 0.1,
    sample: int = 2_000,
) -> Filled:
    """Everything of the module's docstring, in one transaction but for the statistics."""
    positions = spread(population.size, sample)
    with transaction.atomic():
        people = _people()
        _models()
        _install(population.size, rules, people)
        _licensees(population)
        granted = _entitlements(population.size, entitled)
        _current(population, granted)
        _truth(population, positions, people)
        ids = [position + 1 for position in positions]
        _prove_columns(ids)
    _statistics()
    return Filled(ids, sum(len(each) for each in granted))


def spread(size: int, sample: int) -> list[int]:
    """Positions at equal distances."""
    step = max(size // max(sample, 1), 1)
    return list(range(0, size, step))[:sample]


def _people() -> tuple[User, User]:
    first, second = (
        User.objects.create(username=name, role=role, password="!")
        for name, role in (("bench-olivia", "officer"), ("bench-priya", "approver"))
    )
    return first, second


def _models() -> None:
    for name in policy.MODELS:
        row = AIModel.objects.create(ref=name, name=name.title(), created_at=LONG_AGO)
        Fact.objects.bulk_create(
            Fact(model=row, attribute=attribute, value=value, source="card", held=EVER,
                 learned_at=LONG_AGO)
            for attribute, value in policy.model_facts(name).items()
        )  # fmt: skip
        for activity in policy.ACTIVITIES:
            position = Offering.objects.count()
            Offering.objects.create(model=row, activity=activity, position=position)


def _install(size: int, rules: int, people: tuple[User, User]) -> None:
    """The policy as the first release, with the run that it starts ended: nobody is there yet."""
    first, second = people
    for each in policy.CUSTOM:
        CustomAttribute.objects.create(
            name=each["name"], definition=each, recorded_at=LONG_AGO, entered_by=first,
            confirmed_by=second, confirmed_at=LONG_AGO,
        )  # fmt: skip
    named = NamedList.objects.create(code=policy.ANNEX, title="Annex", created_at=LONG_AGO)
    NamedListEntry.objects.bulk_create(
        NamedListEntry(named_list=named, value=each, valid=EVER, recorded_at=LONG_AGO,
                       entered_by=first, confirmed_by=second, confirmed_at=LONG_AGO)
        for each in annex(size)
    )  # fmt: skip
    _begin_at_one("accesscontrol_restrictedlist")  # whose numbers are places in the columns
    orders.install(starter=_starter(rules), at=LONG_AGO, because="A benchmark begins.")
    while screening.next_chunk(at=LONG_AGO):
        pass


def _starter(rules: int) -> Policy:
    return Policy(
        lists={code: code for code in policy.LISTS},
        end_uses={code: code.title() for code in policy.END_USES},
        memberships=[
            GroupMembership(group, country, None, None, "15 CFR 740")
            for group, members in policy.GROUPS.items()
            for country in members.split()
        ],
        territories=policy.TERRITORIES,
        territories_citation="15 CFR 738.3",
        orders=[{
            "reference": "BENCH-1", "kind": "rule", "authority": "BIS",
            "citation": "15 CFR 744", "subject": "A benchmark", "effective_at": LONG_AGO,
        }],
        rules=policy.rules(rules),
    )  # fmt: skip


def _licensees(population: Population) -> None:
    codes = {
        name: population.values[name]
        for name in ("country", "hq_country", "ultimate_parent_country")
    }
    at = f"{LONG_AGO:%Y-%m-%d %H:%M:%S+00}"
    seats = [[codes[name][n] or "" for n in population.columns[name].tolist()] for name in codes]
    columns = (
        "COPY accesscontrol_licensee (id, ref, name, normalized_name, registration_number, domain,"
        " country, hq_country, ultimate_parent_country, foreign_national_access, created_at,"
        " changed_at, version) FROM STDIN"
    )
    with connection.cursor() as cursor, cursor.copy(columns) as copy:
        for n, (country, seat, parent) in enumerate(zip(*seats, strict=True)):
            copy.write(
                f"{n + 1}\t{ref(n)}\tLicensee {n + 1}\tlicensee {n + 1}\t\t\t{country}\t{seat}\t"
                f"{parent}\t-1\t{at}\t{at}\t1\n".encode()
            )
    _continue_after("accesscontrol_licensee", population.size)


def _begin_at_one(table: str) -> None:
    """Rows of tests that were taken back have left gaps."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), 1, false)", [table])


def _continue_after(table: str, last: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, max(last, 1)])


def _entitlements(size: int, entitled: float) -> list[np.ndarray]:
    """Two arrays of positions in the register: who was granted one offering, and who a second."""
    draw = np.random.default_rng(size)
    first = np.flatnonzero(draw.random(size) < entitled)
    second = first[draw.random(len(first)) < 0.1]
    offering = np.array(Offering.objects.order_by("position").values_list("id", flat=True))
    who = np.concatenate([first, second])
    which = np.concatenate([granted_offering(first, 0), granted_offering(second, 1)])
    binary_copy.insert(
        "accesscontrol_entitlement",
        {
            "id": np.arange(1, len(who) + 1, dtype=np.int64),
            "licensee_id": (who + 1).astype(np.int64),
            "offering_id": offering[which].astype(np.int64),
            "granted_at": binary_copy.microseconds(LONG_AGO),
        },
        len(who),
    )
    _continue_after("accesscontrol_entitlement", len(who))
    return [first, second]


def granted_offering(positions: np.ndarray, which: int) -> np.ndarray:
    """The position of the first or second offering that a licensee was granted."""
    return (positions * 7 + which * 31) % 100


def _current(population: Population, granted: Sequence[np.ndarray]) -> None:
    """A row of numbers for everybody; a value's number is the id of its FactValue."""
    known: dict[str, int] = {}
    columns: dict[str, np.ndarray] = {
        "licensee_id": np.arange(1, population.size + 1, dtype=np.int64)
    }
    for name in (*ATTRIBUTES, *OBJECTS):
        ids = _value_ids(population.values[name], known)
        columns[name] = ids[population.columns[name]]
    columns["lists"] = _list_bits(population)
    columns["statuses"] = _statuses(population.size, granted, known)
    columns["papers"] = np.zeros(population.size, dtype=np.int32)
    FactValue.objects.bulk_create(
        (FactValue(id=number, text=text) for text, number in known.items()), batch_size=BATCH
    )
    _continue_after("accesscontrol_factvalue", len(known))
    binary_copy.insert("accesscontrol_currentfacts", columns, population.size)


def _value_ids(values: Sequence[Any], known: dict[str, int]) -> np.ndarray:
    ids = np.zeros(len(values), dtype=np.int32)
    for n, value in enumerate(values):
        if value is not None:
            ids[n] = known.setdefault(canonical_json(value), len(known) + 1)
    return ids


def _list_bits(population: Population) -> np.ndarray:
    bits = np.zeros(population.size, dtype=np.int64)
    of_code = dict(RestrictedList.objects.values_list("code", "id"))
    for code, statuses in population.lists.items():
        bits |= statuses.astype(np.int64) << (2 * (of_code[code] - 1))
    return bits


def _statuses(size: int, granted: Sequence[np.ndarray], known: dict[str, int]) -> np.ndarray:
    """The object position → active of whoever was granted something."""
    first, second = granted
    ids = np.zeros(size, dtype=np.int32)
    twice = np.zeros(size, dtype=bool)
    twice[second] = True
    for remainder in range(100):  # the offerings follow from the number, so a hundred objects do
        for two in (False, True):
            here = first[(first % 100 == remainder) & (twice[first] == two)]
            if len(here):
                offerings = {int(granted_offering(here[:1], n)[0]) for n in range(1 + two)}
                text = canonical_json({str(each): "active" for each in sorted(offerings)})
                ids[here] = known.setdefault(text, len(known) + 1)
    return ids


def _statistics() -> None:
    """What the server does by itself after a large import, done now."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


# ---------------------------------------------------------------- the truth of the sample


def _truth(population: Population, positions: Sequence[int], people: tuple[User, User]) -> None:
    first, second = people
    two = {"entered_by": first, "confirmed_by": second, "confirmed_at": LONG_AGO,
           "recorded_at": LONG_AGO}  # fmt: skip
    known = {position: population.facts(position) for position in positions}
    Fact.objects.bulk_create(_facts(known), batch_size=BATCH)
    Attestation.objects.bulk_create(
        (Attestation(licensee_id=n + 1, attribute=name, value=value, evidence="letter",
                     valid=EVER, **two)
         for n, facts in known.items() for name, value in facts.items() if _attested(name)),
        batch_size=BATCH,
    )  # fmt: skip
    _matches(population, positions)
    RedFlag.objects.bulk_create(
        RedFlag(licensee_id=n + 1, number=1 + k, note="asked", opened_at=LONG_AGO)
        for n, facts in known.items()
        for k in range(facts["licensee.red_flags_open"])
    )
    _papers(positions[::10], two)


def _facts(known: Mapping[int, Mapping[str, Any]]) -> Iterator[Fact]:
    for position, facts in known.items():
        for name, value in facts.items():
            if not name.startswith(ELSEWHERE):
                yield Fact(
                    licensee_id=position + 1, attribute=name, value=value, source="bench",
                    held=EVER, learned_at=LONG_AGO,
                )  # fmt: skip


def _attested(name: str) -> bool:
    return name.startswith(("user.", "request."))


def _matches(population: Population, positions: Sequence[int]) -> None:
    of_code = dict(RestrictedList.objects.values_list("code", "id"))
    Match.objects.bulk_create(
        (Match(licensee_id=n + 1, restricted_list_id=of_code[code], status=STATUSES[found[n]],
               list_version=1, matcher_version="bench", learned_at=LONG_AGO)
         for code, found in population.lists.items() for n in positions if found[n]),
        batch_size=BATCH,
    )  # fmt: skip


def _papers(positions: Iterable[int], two: Mapping[str, Any]) -> None:
    """An export license for one, a disposition of a review for the next."""
    for k, position in enumerate(positions):
        valid = DateTimeTZRange(LONG_AGO, LONG_AGO + YEARS)
        if k % 2:
            Disposition.objects.create(
                ref=f"DISPOSITION-{k}", rule="RED-FLAGS-0", version=1, licensee_id=position + 1,
                valid=valid, because="Answered.", **two,
            )  # fmt: skip
        else:
            ExportLicense.objects.create(
                number=f"D-{k}", licensees=[ref(position)], valid=valid,
                countries=["US", "GB"] if k % 4 else None, **two,
            )  # fmt: skip


def _prove_columns(ids: Sequence[int]) -> None:
    """The product's own columns of the sample are the ones written here; papers come with them."""
    ours = _columns_of(ids)
    current_facts.refresh(ids, at=LONG_AGO + timedelta(days=1))
    assert _columns_of(ids) == ours, "the columns say something else than the tables"


def _columns_of(ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    names = [*ATTRIBUTES, *OBJECTS, "statuses"]
    rows = CurrentFacts.objects.filter(licensee__in=ids).values_list("licensee_id", "lists", *names)
    return {row[0]: row[1:] for row in rows}
