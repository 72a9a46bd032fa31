"""A database filled with a population once, and copied for whoever wants to change it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import harness, server
from tests.benchmarks.population import populate


@dataclass(frozen=True)
class Register:
    """A filled database by its name, and the ids of the licensees whose truth it has."""

    name: str
    sample: list[int]


def filled(state: Path, size: int, *, rules: int = 60, entitled: float = 0.1) -> Register:
    """The database of this size; one that an earlier run left under the same state is used."""
    from django.core.management import call_command

    from project import embedded
    from tests.benchmarks import filling

    name = f"filled_{size}_{rules}_{round(entitled * 100)}"
    ids = [position + 1 for position in filling.spread(size, sample_of(size))]
    if server.exists(state, name):
        server.use(name)
        call_command("migrate", verbosity=0, interactive=False)
        return Register(name, ids)
    making = f"{name}_making"
    server.copy(state, embedded.DATABASE, making)
    server.use(making)
    people = populate(size)
    took = harness.seconds(
        lambda: filling.fill(people, rules=rules, entitled=entitled, sample=sample_of(size))
    )
    server.rename(state, making, name)
    harness.say(f"{size:,} licensees filled in {took:.1f} s, {people.lacking():.1%} lack a fact")
    return Register(name, ids)


def sample_of(size: int) -> int:
    return min(2_000, max(size // 10, 20))


def now() -> datetime:
    return datetime.now(UTC)
