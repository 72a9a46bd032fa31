"""The rule language: rules over typed facts, judged so that what is not known never permits.

It is pure: no Django, no database, no clock, no log. ``parse_release`` reads what is in force,
``judge`` answers a question, also of a standing, ``explain`` says it in words.

What it means is in ``judge``, above ``language``; every folder above these two is only faster, or
in words. Other rooms import this face, and ``policy.columns``, which brings numpy.
"""

from accesscontrol.policy.compiled.clauses import Literal
from accesscontrol.policy.judge.entries import Entry, strictness
from accesscontrol.policy.judge.entries import verdict as verdict_of
from accesscontrol.policy.judge.known import ABSENT, Seen, World, look
from accesscontrol.policy.judge.papers import parse_dispositions, parse_licenses
from accesscontrol.policy.judge.question import Prepared
from accesscontrol.policy.judge.reference import judge_by_tree
from accesscontrol.policy.judge.verdict import OUTCOMES, Lifted, Reason, Unknown, Verdict, WouldHave
from accesscontrol.policy.language.attributes import ACTIVITIES, Attribute
from accesscontrol.policy.language.builtin import BUILT_IN, built_in
from accesscontrol.policy.language.condition_json import Scope, parse_condition
from accesscontrol.policy.language.conditions import Condition
from accesscontrol.policy.language.countries import COUNTRIES
from accesscontrol.policy.language.errors import PolicyError
from accesscontrol.policy.language.operands import Named, OperandKind
from accesscontrol.policy.language.operators import OPERATORS
from accesscontrol.policy.language.release import Release, parse_release
from accesscontrol.policy.language.rules import EFFECTS, Exemption, Period, Rule, parse_rule
from accesscontrol.policy.language.values import EXPECTED, NotAValue, Type, Value
from accesscontrol.policy.language.values import read as read_value
from accesscontrol.policy.language.vocabulary import NEEDED, vocabulary
from accesscontrol.policy.narrowing.interval import Interval, Offerings, named_values, read_or_none
from accesscontrol.policy.narrowing.touched import STATUS, HasPapers, Invalid, Mark, Marks, touched
from accesscontrol.policy.online.judge import judge
from accesscontrol.policy.words.lint import Flaw, lint
from accesscontrol.policy.words.rules import explain, sentence, why_not
from accesscontrol.policy.words.tests import say
from accesscontrol.policy.words.what_would_change import what_would_change

__all__ = [
    "ABSENT",
    "ACTIVITIES",
    "BUILT_IN",
    "COUNTRIES",
    "EFFECTS",
    "EXPECTED",
    "NEEDED",
    "OPERATORS",
    "OUTCOMES",
    "STATUS",
    "Attribute",
    "Condition",
    "Entry",
    "Exemption",
    "Flaw",
    "HasPapers",
    "Interval",
    "Invalid",
    "Lifted",
    "Literal",
    "Mark",
    "Marks",
    "Named",
    "NotAValue",
    "Offerings",
    "OperandKind",
    "Period",
    "PolicyError",
    "Prepared",
    "Reason",
    "Release",
    "Rule",
    "Scope",
    "Seen",
    "Type",
    "Unknown",
    "Value",
    "Verdict",
    "World",
    "WouldHave",
    "built_in",
    "explain",
    "judge",
    "judge_by_tree",
    "lint",
    "look",
    "named_values",
    "parse_condition",
    "parse_dispositions",
    "parse_licenses",
    "parse_release",
    "parse_rule",
    "read_or_none",
    "read_value",
    "say",
    "sentence",
    "strictness",
    "touched",
    "verdict_of",
    "vocabulary",
    "what_would_change",
    "why_not",
]
