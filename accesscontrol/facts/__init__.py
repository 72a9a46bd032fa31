"""The facts at an instant: of many licensees or models, or for one question."""

from accesscontrol.facts.paths import (
    Sourced,
    about_licensees,
    about_models,
    disposition_json,
    entitlement_statuses,
    license_json,
)
from accesscontrol.facts.questions import LicenseeName, QuestionFacts, question

__all__ = [
    "LicenseeName",
    "QuestionFacts",
    "Sourced",
    "about_licensees",
    "about_models",
    "disposition_json",
    "entitlement_statuses",
    "license_json",
    "question",
]
