"""Random releases and questions: the tree, the online reader and the columns answer all alike.

By hand: ``python -m tests.policy.agreement --cases 10000000 --seed 7``.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np

from accesscontrol import policy
from accesscontrol.policy import ABSENT
from accesscontrol.policy.columns import Columns
from accesscontrol.policy.command.one_standing import judge_standing
from accesscontrol.policy.judge.question import Question
from accesscontrol.policy.judge.reference import judge_prepared_by_tree
from accesscontrol.policy.judge.verdict import NO_FACTS
from accesscontrol.policy.online.judge import judge_question
from tests.worlds.random_releases import World, world

QUESTIONS = 60  # of each release: those of one kind, each with its own facts
LICENSEES = 24  # screened for each release
STATUSES = ("none", "active", "held")
MET = (  # what some thousands of cases meet in any event
    "deny",
    "license_required",
    "review",
    "undetermined",
    "per_request",
    "permit",
    "missing",
    "deferred",
    "lifted",
    "would_have",
    "conflicts",
    "invalid",
    "ignored",
)


class Disagreement(AssertionError):
    """Two readers answer one question differently."""


def agree(random: Random, seen: Counter[str]) -> int:
    """Make one release and ask about it; how many cases the readers agreed on."""
    made = world(random)
    return questions(made, random, seen) + screening(made, random, seen)


def questions(made: World, random: Random, seen: Counter[str]) -> int:
    """Live questions and standings, with statements and papers; the columns answer standings."""
    for _ in range(QUESTIONS):
        given = made.question(random)
        asked = Question(made.release, **given)
        right = judge_prepared_by_tree(asked.prepared())
        same(made, given, right, policy.judge(made.release, **given), "online")
        same(made, given, right, judge_question(asked), "online, of the command")
        alone = judge_standing(asked)
        assert (alone is not None) is given["standing"]
        if alone is not None:
            same(made, given, without_facts(right), alone, "columns")
        count(right, seen)
    return QUESTIONS


def screening(made: World, random: Random, seen: Counter[str]) -> int:
    """Standings of some licensees for some offerings: the columns screen them, in two calls."""
    offerings = made.offerings(random)
    at = made.instant(random)
    columns = Columns(made.release, at=at, offerings=offerings)
    licensees = [made.licensee(random) for _ in range(LICENSEES)]
    if "licensee.id" not in columns.reads:  # every licensee has one, which then plays no part
        licensees = [{**each, "licensee.id": "acme"} for each in licensees]
    held = np.array([[random.randrange(3) for _ in offerings] for _ in licensees], np.int8)
    codes = np.array(
        [[columns.code(n, each.get(n, ABSENT)) for n in columns.reads] for each in licensees]
    ).reshape(len(licensees), len(columns.reads))
    half = LICENSEES // 2
    sheets = [
        *columns.answers(codes[:half], held[:half]),
        *columns.answers(codes[half:], held[half:]),
    ]
    assert list(columns.answers(codes, held)) == sheets
    read = frozenset[str]().union(*(rule.attributes for rule in made.release.rules))
    for licensee, sheet, statuses in zip(licensees, sheets, held, strict=True):
        for offering, status, number in zip(
            offerings, statuses, columns.sheets()[sheet], strict=True
        ):
            facts = {**licensee, **offering, "entitlement.status": STATUSES[status]}
            asked = {"facts": facts, "at": at, "standing": True}
            verdict = without_facts(policy.judge_by_tree(made.release, **asked))
            named = tuple(name for name in verdict.invalid if name in read)
            right = verdict._replace(invalid=named, ignored=())
            same(made, asked, right, columns.verdicts[number], "screening")
            count(right, seen)
            papers(made, random, asked, columns, int(number), read)
    return len(licensees) * len(offerings)


def papers(
    made: World,
    random: Random,
    asked: dict[str, Any],
    columns: Columns,
    without: int,
    read: frozenset[str],
) -> None:
    """The standing of a holder of papers, from what the columns say without them."""
    asked = {**asked, "licenses": made.licenses(random), "dispositions": made.dispositions(random)}
    prepared = Question(made.release, **asked, stated={}).prepared()
    right = without_facts(judge_prepared_by_tree(prepared))
    found = columns.verdicts[columns.with_papers(without, prepared)]
    named = tuple(name for name in right.invalid if name in read)
    same(made, asked, right._replace(invalid=named, ignored=()), found, "screening, with papers")


def same(
    made: World, asked: dict[str, Any], right: policy.Verdict, found: policy.Verdict, reader: str
) -> None:
    if right != found:
        raise Disagreement(
            f"{reader}\nasked: {asked}\ntree:  {right}\nfound: {found}\n"
            f"release: {made.release.canonical}"
        )


def without_facts(full: policy.Verdict) -> policy.Verdict:
    """What a verdict has in common with those on other facts: all that the columns answer."""
    return full._replace(
        reasons=tuple(each._replace(facts=NO_FACTS) for each in full.reasons),
        undetermined=tuple(each._replace(facts=NO_FACTS) for each in full.undetermined),
        would_have=tuple(each._replace(facts=NO_FACTS) for each in full.would_have),
    )


def count(verdict: policy.Verdict, seen: Counter[str]) -> None:
    """What the cases were about: a test that never meets something says nothing about it."""
    seen[verdict.outcome] += 1
    for name in (
        "reasons",
        "undetermined",
        "lifted",
        "would_have",
        "conflicts",
        "invalid",
        "ignored",
    ):
        seen[name] += bool(getattr(verdict, name))
    seen["missing"] += any(each.missing for each in verdict.undetermined)
    seen["deferred"] += any(each.deferred for each in verdict.undetermined)
    seen["by license"] += any(each.kind == "license" for each in verdict.lifted)
    seen["by disposition"] += any(each.kind == "disposition" for each in verdict.lifted)


def run(cases: int, seed: int) -> Iterator[tuple[int, Counter[str]]]:
    """After each release how many cases agreed so far. Raises Disagreement, naming its seed."""
    done, seen = 0, Counter[str]()
    while done < cases:
        try:
            done += agree(Random(seed), seen)
        except Exception as error:
            error.add_note(f"with the seed {seed}")
            raise
        seed += 1
        yield done, seen


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="each release has the next one")
    given = parser.parse_args(arguments)
    began, shown, found = time.monotonic(), 0.0, (0, Counter[str]())
    for found in run(given.cases, given.seed):
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            print(f"{found[0]:,} cases agree, {time.monotonic() - began:.0f} s", file=sys.stderr)
    done, seen = found
    print(f"{done:,} cases agree in {time.monotonic() - began:.0f} s: {dict(sorted(seen.items()))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
