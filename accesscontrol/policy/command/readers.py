"""The three readers that the command can answer by, each under the name of its option."""

from collections.abc import Callable
from typing import Final, NamedTuple

from accesscontrol.policy.judge.reference import judge_case_by_tree
from accesscontrol.policy.judge.rule_truth import Asked
from accesscontrol.policy.judge.verdict import Verdict
from accesscontrol.policy.online.judge import judge_asked


class Reader(NamedTuple):
    """Answers questions; ``judge`` returns None for a question that this reader does not judge."""

    name: str
    judge: Callable[[Asked], Verdict | None]


ONLINE: Final = Reader("online", judge_asked)
TREE: Final = Reader("tree", lambda asked: judge_case_by_tree(asked.case()))
NAMES: Final = ("tree", "online", "columns")


def reader_named(name: str) -> Reader:
    """The reader of that name. The columns are imported only when asked for: they bring numpy."""
    if name == "columns":
        from accesscontrol.policy.command.one_standing import judge_standing

        return Reader(name, judge_standing)
    return {"tree": TREE, "online": ONLINE}[name]
