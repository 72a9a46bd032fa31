"""May this licensee use this model now? Decided once, recorded with its event, never changed."""

from accesscontrol.decisions.answers import answer, may_explain
from accesscontrol.decisions.asking import Asked, Faulty, Semantic, UnknownName
from accesscontrol.decisions.deciding import Batch, Decided, decide, decide_many, evaluate, what_if
from accesscontrol.decisions.judging import Judged, again, replay
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
