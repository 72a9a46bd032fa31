"""The rule language: rules over typed facts, judged so that what is not known never permits.

It is pure: no Django, no database, no clock, no log. ``parse_release`` reads what is in force,
``judge`` answers a question or forecasts a standing, ``explain`` says it in words.
"""

from accesscontrol.policy.attributes import ACTIVITIES, Attribute
from accesscontrol.policy.builtin import BUILT_IN
from accesscontrol.policy.changing import what_would_change
from accesscontrol.policy.conditions import Condition
from accesscontrol.policy.errors import PolicyError
from accesscontrol.policy.explaining import explain, sentence, why_not
from accesscontrol.policy.judging import judge
from accesscontrol.policy.lint import Finding, lint
from accesscontrol.policy.release import Release, parse_release
from accesscontrol.policy.rules import EFFECTS, Exemption, Period, Rule, parse_rule
from accesscontrol.policy.tree import judge_by_tree
from accesscontrol.policy.verdict import OUTCOMES, Lifted, Reason, Unknown, Verdict, WouldHave
from accesscontrol.policy.vocabulary import vocabulary

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
