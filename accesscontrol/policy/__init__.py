"""The rule language: rules over typed facts, judged so that what is not known never permits.

It is pure: no Django, no database, no clock, no log. ``parse_release`` reads what is in force,
``judge`` answers a question or forecasts a standing, ``explain`` says it in words.
"""

from accesscontrol.policy.judge.reference import judge_by_tree
from accesscontrol.policy.judge.verdict import OUTCOMES, Lifted, Reason, Unknown, Verdict, WouldHave
from accesscontrol.policy.language.attributes import ACTIVITIES, Attribute
from accesscontrol.policy.language.builtin import BUILT_IN
from accesscontrol.policy.language.conditions import Condition
from accesscontrol.policy.language.errors import PolicyError
from accesscontrol.policy.language.release import Release, parse_release
from accesscontrol.policy.language.rules import EFFECTS, Exemption, Period, Rule, parse_rule
from accesscontrol.policy.language.vocabulary import vocabulary
from accesscontrol.policy.online.judge import judge
from accesscontrol.policy.words.lint import Finding, lint
from accesscontrol.policy.words.rules import explain, sentence, why_not
from accesscontrol.policy.words.what_would_change import what_would_change

__all__ = [
    "ACTIVITIES",
    "BUILT_IN",
    "EFFECTS",
    "OUTCOMES",
    "Attribute",
    "Condition",
    "Exemption",
    "Finding",
    "Lifted",
    "Period",
    "PolicyError",
    "Reason",
    "Release",
    "Rule",
    "Unknown",
    "Verdict",
    "WouldHave",
    "explain",
    "judge",
    "judge_by_tree",
    "lint",
    "parse_release",
    "parse_rule",
    "sentence",
    "vocabulary",
    "what_would_change",
    "why_not",
]
