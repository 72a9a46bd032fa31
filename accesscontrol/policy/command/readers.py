"""The three readers that the command can answer by, each under the name of its option."""

from collections.abc import Callable
from typing import Final, NamedTuple

from accesscontrol.policy.judge.question import Question
from accesscontrol.policy.judge.reference import judge_prepared_by_tree
from accesscontrol.policy.judge.verdict import Verdict
from accesscontrol.policy.online.judge import judge_question


class Reader(NamedTuple):
    """Answers questions; ``judge`` returns None for a question that this reader does not judge."""

    name: str
    judge: Callable[[Question], Verdict | None]


ONLINE: Final = Reader("online", judge_question)
TREE: Final = Reader("tree", lambda question: judge_prepared_by_tree(question.prepared()))
NAMES: Final = ("tree", "online", "columns")


def reader_named(name: str) -> Reader:
    """The reader of that name. The columns are imported only when asked for: they bring numpy."""
    if name == "columns":
        from accesscontrol.policy.command.one_standing import judge_standing

        return Reader(name, judge_standing)
    return {"tree": TREE, "online": ONLINE}[name]
