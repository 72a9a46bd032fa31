"""What is known at an instant: of many licensees or models at once, or for one question."""

from accesscontrol.facts.gathering import (
    Sourced,
    about_licensees,
    about_models,
    disposition_json,
    entitlement_statuses,
    license_json,
)
from accesscontrol.facts.questions import Named, Question, question

__all__ = [
    "Named",
    "Question",
    "Sourced",
    "about_licensees",
    "about_models",
    "disposition_json",
    "entitlement_statuses",
    "license_json",
    "question",
]
