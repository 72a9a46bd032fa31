"""One decision in process, with its reasons and missing facts, under 60 and under 1,000 rules.

Questions are drawn from thousands of licensees of the population, a twentieth of whom lack a fact;
most state who the user is and where, the rest rest on attestations or lack it. Measured in time of
the processor: a question that was met before (its facts in a pattern seen before), one about a
licensee never met while others were, one never seen (a release just compiled), the tree evaluator
that is the oracle, and cedarpy with the same rules.
Every answer is compared with the oracle's, and with cedarpy's where nothing is missing.
"""

import random
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from accesscontrol import policy
from tests.benchmarks import cedar, harness
from tests.benchmarks.policy import ACTIVITIES, MODELS, document, model_facts
from tests.benchmarks.population import SEED, annex, populate

RULES = (60, 1000)


@dataclass(frozen=True)
class Question:
    facts: dict[str, Any]
    stated: dict[str, Any]


def questions(count: int, licensees: int, *, after: int = 0) -> list[Question]:
    """Questions about this many licensees; seven of ten say who asks, and from where.

    ``after`` so many other licensees, whom nothing is asked about.
    """
    people = populate(after + licensees)
    draw = random.Random(SEED)
    about = {name: {"model.id": name, **model_facts(name)} for name in MODELS}
    asked = []
    for n in range(count):
        facts = people.facts(after + n % licensees)
        facts |= {**about[draw.choice(MODELS)], "request.activity": draw.choice(ACTIVITIES)}
        facts["entitlement.status"] = "active"
        stated = {}
        if draw.random() < 0.7:
            country = facts.get("licensee.country", "US")
            stated = {
                "user.us_person": facts.get("user.us_person", country == "US"),
                "request.location_country": facts.get("request.location_country", country),
            }
        asked.append(Question(facts, stated))
    return asked


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = harness.options(__doc__, questions=(12_000, "questions"), licensees=(8_000, "of whom"))
    args = parser.parse_args(arguments)
    if args.small:
        args.questions, args.licensees, args.rounds = 200, 150, 1
    asked = questions(args.questions, args.licensees)
    at = datetime.now(UTC)
    documents = {n: document(n, annex=annex(args.licensees)) for n in RULES}
    releases = {n: policy.parse_release(documents[n]) for n in RULES}
    compared = {n: _differences(releases[n], asked, at, small=args.small) for n in RULES}
    took = _measure(args, documents, releases, asked, at)
    peer = _against_cedar(args, documents[60], releases[60], asked, at)
    _tell(args, took, compared, peer)
    keys = {
        "us_60": statistics.median(took["60 rules"]),
        "us_1000": statistics.median(took["1000 rules"]),
        "vs_cedarpy": peer["ratio"] if peer else None,
    }
    harness.last(keys)
    return {**keys, "different": sum(n for _, n in compared.values())} | (peer or {})


def _differences(
    release: policy.Release, asked: list[Question], at: datetime, *, small: bool
) -> tuple[int, int]:
    """(compared, different) against the oracle; all of them, under 1,000 rules a tenth."""
    sample = asked if small or len(release.rules) <= 60 else asked[::10]
    different = 0
    for each in sample:
        said = policy.judge(release, facts=each.facts, stated=each.stated, at=at)
        oracle = policy.judge_by_tree(release, facts=each.facts, stated=each.stated, at=at)
        different += said != oracle
    return len(sample), different


def _measure(
    args: Any,
    documents: dict[int, Any],
    releases: dict[int, policy.Release],
    asked: list[Question],
    at: datetime,
) -> dict[str, list[float]]:
    """Microseconds of the processor a decision, in each round."""
    few = asked[: max(len(asked) // 20, 50)]

    def ask(release: policy.Release, what: list[Question], judge: Any = policy.judge) -> Any:
        def part() -> None:
            for each in what:
                judge(release, facts=each.facts, stated=each.stated, at=at)

        return part

    def cold(rules: int) -> list[float]:
        """Each round under a release compiled anew, whose first question is not counted."""
        found = []
        for _ in range(args.rounds):
            release = policy.parse_release(documents[rules])
            ask(release, asked[:1])()
            found.append(harness.seconds(ask(release, asked[1:]), clock=time.process_time))
        return [each / (len(asked) - 1) * 1e6 for each in found]

    def strangers(rules: int) -> list[float]:
        """Each round about licensees whom no round before was about."""
        found = []
        for n in range(args.rounds):
            others = questions(args.licensees, args.licensees, after=(n + 1) * args.licensees)
            found.append(harness.seconds(ask(releases[rules], others), clock=time.process_time))
        return [each / args.licensees * 1e6 for each in found]

    parts = {f"{n} rules": (ask(releases[n], asked), len(asked)) for n in RULES}
    parts["60 rules, tree"] = (ask(releases[60], few, policy.judge_by_tree), len(few))
    parts["1000 rules, tree"] = (ask(releases[1000], few, policy.judge_by_tree), len(few))
    took = harness.interleaved(
        args.rounds, {name: part for name, (part, _) in parts.items()}, clock=time.process_time
    )
    us = {name: [s / parts[name][1] * 1e6 for s in each] for name, each in took.items()}
    us |= {f"{n} rules, other licensees": strangers(n) for n in RULES}
    return us | {f"{n} rules, never seen": cold(n) for n in RULES}


def _against_cedar(
    args: Any, document_: Any, release: policy.Release, asked: list[Question], at: datetime
) -> dict[str, Any] | None:
    """The same questions to cedarpy where nothing is missing.

    Twice: with the licensee's facts read for each question, as ours reads them, and with all its
    entities and requests parsed beforehand.
    """
    cedarpy = cedar.library()
    if cedarpy is None:
        return None
    peer = cedar.Peer(cedarpy, cedar.Translation(document_))
    whole = [q for q in asked if peer.translation.comparable(q.facts, q.stated)]
    whole = whole[: 100 if args.small else 1_500]
    ready = [(peer.translation.request(q.facts, q.stated), peer.entities(q.facts)) for q in whole]
    different = 0
    for q, (request, entities) in zip(whole, ready, strict=True):
        ours = policy.judge(release, facts=q.facts, stated=q.stated, at=at)
        theirs = peer.translation.reasons(peer.ask(request, entities))
        different += tuple(reason.rule for reason in ours.reasons) != theirs

    def ours() -> None:
        for q in whole:
            policy.judge(release, facts=q.facts, stated=q.stated, at=at)

    models = peer.entities(*({"model.id": name, **model_facts(name)} for name in MODELS))

    def theirs() -> None:
        """As ours: the models are known, the licensee's facts come with the question."""
        for q in whole:
            known = models.with_added_json_str(peer.licensee(q.facts))
            peer.ask(peer.translation.request(q.facts, q.stated), known)

    def theirs_ready() -> None:
        for request, entities in ready:
            peer.ask(request, entities)

    took = harness.interleaved(
        args.rounds,
        {"ours": ours, "cedarpy": theirs, "everything parsed": theirs_ready},
        clock=time.process_time,
    )
    return {
        "ratio": harness.ratio(took["cedarpy"], took["ours"]),
        "ratio_everything_parsed": harness.ratio(took["everything parsed"], took["ours"]),
        "cedarpy_us": statistics.median(took["cedarpy"]) / len(whole) * 1e6,
        "cedarpy_us_everything_parsed": statistics.median(took["everything parsed"])
        / len(whole)
        * 1e6,
        "cedarpy_compared": len(whole),
        "cedarpy_different": different,
    }


def _tell(
    args: Any,
    took: dict[str, list[float]],
    compared: dict[int, tuple[int, int]],
    peer: dict[str, Any] | None,
) -> None:
    rows = {name: statistics.median(each) for name, each in took.items()}
    harness.table(
        f"microseconds a decision: {args.questions:,} questions, {args.licensees:,} licensees", rows
    )
    growth = harness.exponent(RULES, [rows[f"{n} rules"] for n in RULES])
    harness.say(f"  grows with the number of rules to the power of {growth}")
    for n, (all_, different) in compared.items():
        harness.say(f"  {n} rules: {all_:,} answers compared with the oracle, {different} differ")
    if peer is None:
        harness.say("  cedarpy is not installed: pip install -e .[bench]")
    else:
        harness.table("cedarpy, 60 rules", peer)


if __name__ == "__main__":
    main()
    sys.exit(0)
