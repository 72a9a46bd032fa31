"""A rule is published while 16 clients ask without pause: when does the last old answer go out?

The real product: its web server with as many workers as ``make run`` starts, its Celery worker and
beat, PostgreSQL and the broker, all durable. In each round an officer's rule is drafted, previewed,
submitted, approved by a second person and published through the orders room, by this process; it
denies what was permitted. All clocks are the machine's monotonic clock, read in this process; the
commit's instant is taken by the first thing that runs after COMMIT has returned.

- ``stale_permits``: permits given by the old release to a question that was sent after that
  instant, over all rounds. A permit by the new release to someone whom the rule names counts too.
- ``to_first_new_answer_ms``: from the commit to the first answer that a client has by the new
  release (a question that is under way at the commit may still be answered by the old one).
- ``to_last_standing_s``: from the commit until the run that screens everyone has ended.
"""

import json
import os
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.benchmarks import harness, policy, server
from tests.benchmarks.clients import Clients, Clock
from tests.benchmarks.population import ref

CLIENTS = 16
AHEAD_S = 1.5  # the clients ask for so long before the publication
MODELS = ("swift-1", "swift-2", "swift-3", "swift-4", "vision-1", "vision-2", "coder-1", "coder-2")
PATIENCE_S = 600


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = harness.options(
        __doc__,
        size=(100_000, "licensees"),
        state=("", "folder to keep the filled databases in"),
    )
    args = parser.parse_args(arguments)
    if args.small:
        args.size, args.rounds = 1_000, 1
    with server.running(args.state, broker=True) as state:
        _lay(state, args.size)
        with _product(state) as port:
            rounds = [_round(port, model) for model in MODELS[: args.rounds]]
    _tell(rounds)
    keys = {
        "stale_permits": sum(each.stale_permits for each in rounds),
        "to_first_new_answer_ms": statistics.median(each.first_new_ms for each in rounds),
        "to_last_standing_s": statistics.median(each.last_standing_s for each in rounds),
    }
    harness.last(keys)
    return keys | {"answers": sum(each.answers for each in rounds)}


@dataclass(frozen=True)
class Round:
    """What one publication did to the answers."""

    answers: int
    errors: int
    stale_permits: int
    stale_answers: int  # of any outcome, to questions sent after the commit
    first_new_ms: float
    last_old_ms: float  # when the last answer by the old release was there; asked before the commit
    last_standing_s: float
    median_ms: float
    changed: int


def _lay(state: Path, size: int) -> None:
    """The product's own database is a copy of the filled one, everybody screened once."""
    from project import embedded
    from tests.benchmarks import screenings
    from tests.benchmarks.register import filled

    register = filled(state, size)
    server.use(register.name)
    server.copy(state, register.name, embedded.DATABASE)
    server.use(embedded.DATABASE)
    screenings.screened(narrowed=False)
    server.settle(state)


@contextmanager
def _product(state: Path) -> Iterator[int]:
    """The programs that ``make run`` starts, on a free port."""
    from project import supervisor

    port = _free_port()
    environment = {**os.environ, "STATE_DIR": str(state), "PORT": str(port)}
    programs = supervisor.programs(state, "127.0.0.1", port, environment)
    try:
        for program in programs:
            program.ensure()
        deadline = time.monotonic() + PATIENCE_S
        while not supervisor.answers(f"http://127.0.0.1:{port}"):
            assert time.monotonic() < deadline, "the web server does not answer"
            time.sleep(0.1)
        yield port
    finally:
        supervisor.stop(programs)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _round(port: int, model: str) -> Round:
    """Ask, publish in the middle, go on asking until every standing is new."""
    from accesscontrol.models import ScreeningRun

    version = _approved(model)
    subjects = _subjects()
    bodies = [(each, _question(each, model)) for each in subjects]
    _warm(port, bodies[0][1])
    with Clients(port, _token(), bodies, CLIENTS) as clients:
        time.sleep(AHEAD_S)
        committed, release = _publish(version)
        run = ScreeningRun.objects.get(release=release)
        deadline = time.monotonic() + PATIENCE_S
        while run.state in ("queued", "running"):
            assert time.monotonic() < deadline, "the run does not end"
            time.sleep(0.01)
            run.refresh_from_db(fields=["state"])
        ended = Clock()
        time.sleep(0.3)
    run.refresh_from_db()
    assert run.state == "done", run.state
    return _judged(clients, committed, release.number, ended - committed, run.changed)


def _judged(
    clients: Clients, committed: float, number: int, last_standing_s: float, changed: int
) -> Round:
    answers = clients.all()
    assert all(each.status == 200 for each in answers), "an answer was an error"
    old = [each for each in answers if each.release < number]
    new = [each for each in answers if each.release == number]
    after = [each for each in old if each.asked > committed]
    wrong = [each for each in new if each.outcome == "permit"]
    assert any(each.outcome == "permit" for each in old), "nothing was permitted before"
    assert new, "nobody was answered by the new release"
    return Round(
        answers=len(answers),
        errors=len(clients.errors),
        stale_permits=sum(each.outcome == "permit" for each in after) + len(wrong),
        stale_answers=len(after),
        first_new_ms=(min(each.answered for each in new) - committed) * 1e3,
        last_old_ms=(max(each.answered for each in old) - committed) * 1e3,
        last_standing_s=last_standing_s,
        median_ms=statistics.median(each.answered - each.asked for each in answers) * 1e3,
        changed=changed,
    )


def _publish(version: Any) -> tuple[float, Any]:
    """The instant at which the publication was committed, and the release."""
    from django.db import transaction

    from accesscontrol import orders
    from accesscontrol.models import User
    from tests.benchmarks.register import now

    instants: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: instants.append(Clock()))  # before the workers are woken
        release = orders.publish(
            version=version, by=User.objects.get(username="bench-olivia"), at=now(),
            because="Measured.",
        )  # fmt: skip
    return instants[0], release


def _approved(model: str) -> Any:
    """A rule that denies a model to licensees in the US, ready to be published."""
    from accesscontrol import orders
    from accesscontrol.models import Order, User
    from tests.benchmarks.register import now

    officer, approver = (
        User.objects.get(username=name) for name in ("bench-olivia", "bench-priya")
    )
    when = policy.all_of(
        policy.leaf("is", "model.id", model), policy.leaf("is", "licensee.country", "US")
    )
    rule = policy.rule(f"LETTER-{model.upper()}", "deny", when)
    version = orders.draft(
        ref=rule["ref"], order=Order.objects.get(reference="BENCH-1"),
        content={name: rule[name] for name in policy.DRAFTED}, by=officer, at=now(),
        because="A letter.",
    )  # fmt: skip
    orders.preview_now(version=version, by=officer, at=now())
    orders.submit(version=version, by=officer, at=now(), because="Ready.")
    orders.approve(version=version, by=approver, at=now())
    version.refresh_from_db()
    return version


def _subjects() -> list[str]:
    """Licensees whom the rules will hit, of all parts of the register."""
    from accesscontrol.models import Licensee

    ids = list(Licensee.objects.filter(country="US").values_list("id", flat=True))
    return [ref(pk - 1) for pk in ids[:: max(len(ids) // 200, 1)]]


def _question(licensee: str, model: str) -> str:
    return json.dumps({
        "subject": {
            "type": "licensee", "id": licensee,
            "properties": {"user": {"id": "u-1", "us_person": True}},
        },
        "resource": {"type": "model", "id": model},
        "action": {"name": "use_api", "properties": {"location_country": "US"}},
    })  # fmt: skip


def _token() -> str:
    from accesscontrol import access
    from tests.benchmarks.register import now

    at = now()
    issued = access.issue_token(
        name="benchmark", scopes=["decisions:ask"], by=None, at=at,
        expires_at=at + timedelta(days=1),
    )  # fmt: skip
    return issued.text


def _warm(port: int, body: str) -> None:
    """Every web process has answered before: a start is not what is measured."""
    with Clients(port, _token(), [("", body)], CLIENTS) as clients:
        time.sleep(1)
    assert not clients.errors, clients.errors[0]


def _tell(rounds: list[Round]) -> None:
    for n, each in enumerate(rounds, 1):
        harness.table(f"round {n}", vars(each))


if __name__ == "__main__":
    main()
