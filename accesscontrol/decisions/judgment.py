"""Judges a question by a release, from the register's facts and the caller's statements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from accesscontrol import audit, facts, policy, releases
from accesscontrol.decisions.persons import US_PERSON, us_person
from accesscontrol.decisions.questions import Asked, all_readable, statements
from accesscontrol.models import Decision, Hold
from accesscontrol.models.common import instant
from accesscontrol.policy import NEEDED

HELD = "held"


@dataclass
class Judged:
    """A judged question. ``question`` has all that is needed to judge it again."""

    asked: Asked
    at: datetime
    release: releases.Loaded
    question: dict[str, Any]
    verdict: policy.Verdict
    entitlement: str = "none"
    licensee: audit.Subject | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """The verdict's outcome, or ``deny`` under an officer's hold."""
        return "deny" if self.entitlement == HELD else self.verdict.outcome

    @property
    def permits(self) -> bool:
        return self.outcome == "permit"


def judge(
    asked: Asked, known: facts.QuestionFacts, release: releases.Loaded, at: datetime
) -> Judged:
    """Judge the question. Raises UnknownName.

    1. Keep the register's facts that the release knows, and place the caller's statements.
    2. Derive whether the user is a US person, where no source says so.
    3. Ask the language for the verdict. An officer's hold outweighs it.
    4. Reduce the question to the facts that the verdict rests on, for the record.
    """
    names = release.policy.attributes
    notes: list[str] = []
    question: dict[str, Any] = {
        "at": instant(at),
        "facts": all_readable({n: value for n, value in known.facts.items() if n in names}),
        "sources": known.sources,
        "stated": statements(asked, names),
        "licenses": _usable(known.licenses, asked, notes),
        "dispositions": known.dispositions,
    }
    derived = _derived(question, names)
    if derived is not None:
        question["stated"] = {**question["stated"], US_PERSON: derived}
        question["derived"] = [US_PERSON]
    try:
        verdict = _verdict(release, question)
    except policy.PolicyError as error:
        # A paper that this release cannot read lifts nothing: stricter, never a permit.
        notes.append(f"The export licenses and decided reviews could not be read: {error.message}")
        question |= {"licenses": [], "dispositions": []}
        verdict = _verdict(release, question)
    question = _as_recorded(question, release.policy, verdict)
    hold = _hold(asked) if known.entitlement == HELD else None
    if hold is not None:
        question["hold"] = hold
    return Judged(
        asked=asked,
        at=at,
        release=release,
        question=question,
        verdict=verdict,
        entitlement=known.entitlement,
        licensee=_subject(known),
        notes=notes,
    )


def _subject(known: facts.QuestionFacts) -> audit.Subject | None:
    """The licensee as the log names it; None if it is not in the register."""
    licensee = known.licensee
    return audit.Subject("licensee", licensee.ref, licensee.name) if licensee else None


def _derived(question: dict[str, Any], names: Mapping[str, policy.Attribute]) -> bool | None:
    """Whether the user is a US person, if the release has the attribute and no source says it."""
    known = US_PERSON in question["facts"] or US_PERSON in question["stated"]
    return us_person(*_sound(question, names)) if US_PERSON in names and not known else None


def _sound(
    question: dict[str, Any], names: Mapping[str, policy.Attribute]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts and the statements, without attributes of the user that have an invalid value.

    An invalid value in one source makes its attribute absent: nothing may be derived from it.
    """
    sources = (question["facts"], question["stated"])
    unsound = {
        name
        for source in sources
        for name, value in source.items()
        if name.startswith("user.") and not _is_valid(names[name], value)
    }
    facts_, stated = ({n: v for n, v in source.items() if n not in unsound} for source in sources)
    return facts_, stated


def _is_valid(attribute: policy.Attribute, value: Any) -> bool:
    try:
        attribute.read(value)
    except ValueError:
        return False
    return True


def again(decision: Decision) -> Judged:
    """Judge the recorded question again, by the release of its decision."""
    release = releases.get(decision.release.number)
    question = decision.question
    about = question.get("asked", {})
    asked = Asked(
        licensee=about.get("licensee", decision.licensee_ref),
        model=about.get("model", decision.model_ref),
        activity=decision.activity,
        subject_type=about.get("subject_type", "licensee"),
        resource_type=about.get("resource_type", "model"),
        request_sha256=decision.request_sha256,
    )
    return Judged(
        asked=asked,
        at=decision.decided_at,
        release=release,
        question=question,
        verdict=_verdict(release, question),
        entitlement=decision.entitlement,
        notes=question.get("notes", []),
    )


def replay(decision: Decision) -> policy.Verdict:
    """The verdict on the recorded question by the recorded release. It is always the same."""
    return again(decision).verdict


def _verdict(release: releases.Loaded, question: Mapping[str, Any]) -> policy.Verdict:
    return policy.judge(release.policy, **policy_question(question))


def policy_question(question: Mapping[str, Any]) -> dict[str, Any]:
    """The recorded question as the arguments that the policy takes."""
    names = ("facts", "stated", "licenses", "dispositions")
    return {name: question[name] for name in names} | {"at": datetime.fromisoformat(question["at"])}


def _usable(licenses: list[dict[str, Any]], asked: Asked, notes: list[str]) -> list[dict[str, Any]]:
    """The licenses that can cover this. One with a quantity needs an Idempotency-Key."""
    usable = []
    for each in licenses:
        if each["remaining"] is None or asked.idempotency_key:
            usable.append(each)
        else:
            notes.append(
                f"Export license {each['number']} has a quantity. It covers a question only with "
                "the header Idempotency-Key, so that a retry uses up nothing."
            )
    return usable


def _as_recorded(
    question: dict[str, Any], release: policy.Release, verdict: policy.Verdict
) -> dict[str, Any]:
    """The question with only the attributes that a rule reads or the verdict names."""
    read = _read_by(release).union(
        *(each["facts"] for each in question["dispositions"]),
        verdict.conflicts,
        verdict.invalid,
        verdict.ignored,
    )
    kept = {name: value for name, value in question["facts"].items() if name in read}
    return {
        **question,
        "facts": kept,
        "sources": {name: question["sources"][name] for name in kept},
        "stated": {name: value for name, value in question["stated"].items() if name in read},
    }


@lru_cache(maxsize=8)
def _read_by(release: policy.Release) -> frozenset[str]:
    """The attributes that the rules of the release read, and those that every question needs.

    Threads share the set: a release never changes.
    """
    return frozenset(NEEDED).union(*(rule.attributes for rule in release.rules))


def _hold(asked: Asked) -> dict[str, Any] | None:
    """The officer's hold: since when, by whom, and whether its release was asked for."""
    hold = (
        Hold.objects.filter(
            entitlement__licensee__ref=asked.licensee_ref,
            entitlement__offering__model__ref=asked.model_ref,
            entitlement__offering__activity=asked.activity,
            cause=Hold.Cause.OFFICER,
            released_at=None,
        )
        .select_related("placed_by")
        .first()
    )
    if hold is None:
        return None
    return {
        "since": instant(hold.placed_at),
        "placed_by": str(hold.placed_by or "the system"),
        "release_asked": hold.release_asked_at is not None,
    }
