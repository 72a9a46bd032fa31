"""Decisions: recorded answers to whether a licensee may use a model now. They never change."""

from accesscontrol.decisions.answers import answer, may_explain
from accesscontrol.decisions.evaluation import (
    Batch,
    Decided,
    decide,
    decide_many,
    evaluate,
    what_if,
)
from accesscontrol.decisions.judgment import Judged, again, replay
from accesscontrol.decisions.questions import Asked, Faulty, Semantic, UnknownName
from accesscontrol.decisions.units import KeyReused

__all__ = [
    "Asked",
    "Batch",
    "Decided",
    "Faulty",
    "Judged",
    "KeyReused",
    "Semantic",
    "UnknownName",
    "again",
    "answer",
    "decide",
    "decide_many",
    "evaluate",
    "may_explain",
    "replay",
    "what_if",
]
