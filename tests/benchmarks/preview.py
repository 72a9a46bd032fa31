"""What a draft would change, for everybody: the impact preview beside the screening it foretells.

In each round a drafted rule (review of every model for about 8 % of the licensees, of whom a tenth
hold an entitlement that it would take) is previewed, as a worker does it, part by part, each durable; then the release with that rule is published and everybody screened
with nobody left out; then the rule is taken back. ``vs_full_rescreen`` is the preview's time over
that screening's. ``groups_add_up``: in every preview the six groups are all licensees, and those that
it affects are as many by country.
"""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import harness, policy, server

RULE = policy.rule("PREVIEWED", "review", policy.leaf("is", "licensee.country", "GB"))


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = harness.options(
        __doc__,
        sizes=("10000,100000,1000000", "licensees, the last one is what the keys are about"),
        state=("", "folder to keep the filled databases in"),
    )
    args = parser.parse_args(arguments)
    if args.small:
        args.sizes, args.rounds = "2000", 1
    sizes = [int(each) for each in args.sizes.split(",")]
    with server.running(args.state) as state:
        found = [_measure(state, size, args.rounds) for size in sizes]
    _growth(sizes, found)
    harness.last(found[-1]["keys"])
    return found[-1]["keys"]


def _measure(state: Path, size: int, rounds: int) -> dict[str, Any]:
    from tests.benchmarks import screenings
    from tests.benchmarks.register import filled

    register = filled(state, size)
    server.copy(state, register.name, "bench")
    server.use("bench")
    screenings.screened(narrowed=False)
    version = _draft()
    took: dict[str, list[float]] = {"preview": [], "full rescreen": []}
    add_up = True
    for _ in range(rounds):
        server.settle(state)
        found: list[Any] = []
        took["preview"].append(harness.seconds(lambda f=found: f.append(_preview(version))))
        add_up = add_up and _adds_up(found[0], size)
        server.settle(state)
        run = screenings.screened(narrowed=False, release=screenings.publish(RULE))
        took["full rescreen"].append(run.seconds)
        harness.say(
            f"  {size:>9,} preview {took['preview'][-1]:8.3f} s {found[0].groups},"
            f" full rescreen {run.seconds:8.3f} s, {run.changed:,} changed"
        )
        screenings.screened(narrowed=True, release=screenings.publish())
    server.drop_ours(state, "bench")
    keys = {
        "vs_full_rescreen": harness.ratio(took["preview"], took["full rescreen"]),
        "groups_add_up": add_up,
    }
    return {"took": {name: statistics.median(each) for name, each in took.items()}, "keys": keys}


def _draft() -> Any:
    """The rule as an open version, drafted by an officer."""
    from accesscontrol import orders
    from accesscontrol.models import Order, User
    from tests.benchmarks.register import now

    content = {name: RULE[name] for name in policy.DRAFTED}
    return orders.draft(
        ref=RULE["ref"], order=Order.objects.get(reference="BENCH-1"), content=content,
        by=User.objects.get(username="bench-olivia"), at=now(), because="To be previewed.",
    )  # fmt: skip


def _preview(version: Any) -> Any:
    from accesscontrol import orders
    from accesscontrol.models import User
    from accesscontrol.screening.preview import lifecycle
    from tests.benchmarks.register import now

    officer = User.objects.get(username="bench-olivia")
    asked = orders.preview(version=version, by=officer, at=now())
    while lifecycle.work(at=now()):
        pass
    asked.refresh_from_db()
    assert asked.state == "done", f"the preview is {asked.state}: {asked.problem}"
    return asked


def _adds_up(preview: Any, size: int) -> bool:
    groups = preview.groups
    affected = size - groups["no_change"]
    assert affected, "the rule affects nobody, so nothing is shown"
    by_country = sum(sum(each.values()) for each in preview.by_country.values())
    return sum(groups.values()) == preview.total == size and by_country == affected


def _growth(sizes: Sequence[int], found: Sequence[dict[str, Any]]) -> None:
    for n, size in enumerate(sizes):
        harness.table(f"{size:,} licensees: seconds (median)", found[n]["took"])
    rows = {
        name: harness.exponent(sizes, [each["took"][name] for each in found])
        for name in found[-1]["took"]
    }
    harness.table("grows with the number of licensees to the power of", rows)


if __name__ == "__main__":
    main()
