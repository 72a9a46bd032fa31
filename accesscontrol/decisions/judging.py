"""Judges one question from the register's facts, what the caller states, a release; and again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from accesscontrol import audit, facts, policy, releases
from accesscontrol.decisions.asking import Asked, all_readable, statements
from accesscontrol.decisions.persons import US_PERSON, us_person
from accesscontrol.models import Decision, Hold
from accesscontrol.models.common import instant
from accesscontrol.policy import NEEDED

HELD = "held"


@dataclass
class Judged:
    """A question with everything its answer rests on; ``question`` is enough to judge it again."""

    asked: Asked
    at: datetime
    release: releases.Loaded
    question: dict[str, Any]
    verdict: policy.Verdict
    outcome: str
    entitlement: str = "none"
    licensee: audit.Subject | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def permits(self) -> bool:
        return self.outcome == "permit"


def judge(
    asked: Asked, known: facts.QuestionFacts, release: releases.Loaded, at: datetime
) -> Judged:
    """The verdict on the question; an officer's hold outweighs it. Raises UnknownName."""
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
        # A paper that says nothing to this release lifts nothing: stricter, never a permit.
        notes.append(f"The export licenses and decided reviews could not be read: {error.message}")
        question |= {"licenses": [], "dispositions": []}
        verdict = _verdict(release, question)
    question = _as_recorded(question, release.policy, verdict)
    held = _hold(asked) if known.entitlement == HELD else None
    if held is not None:
        question["hold"] = held
    return Judged(
        asked=asked,
        at=at,
        release=release,
        question=question,
        verdict=verdict,
        outcome="deny" if known.entitlement == HELD else verdict.outcome,
        entitlement=known.entitlement,
        licensee=_subject(known),
        notes=notes,
    )


def _subject(known: facts.QuestionFacts) -> audit.Subject | None:
    """The licensee as the log names it; None where the register has none by that name."""
    found = known.licensee
    return audit.Subject("licensee", found.ref, found.name) if found else None


def _derived(question: dict[str, Any], names: Mapping[str, policy.Attribute]) -> bool | None:
    """Whether the user is a US person, where the release asks for it and no source says it."""
    said = US_PERSON in question["facts"] or US_PERSON in question["stated"]
    return us_person(*_sound(question, names)) if US_PERSON in names and not said else None


def _sound(
    question: dict[str, Any], names: Mapping[str, policy.Attribute]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts and statements about persons, without what some source says outside its domain.

    An invalid value makes its attribute absent, whatever the other source says: nothing may be
    derived from it.
    """
    said = (question["facts"], question["stated"])
    unsound = {
        name
        for source in said
        for name, value in source.items()
        if name.startswith("user.") and not _holds(names[name], value)
    }
    facts_, stated = ({n: v for n, v in source.items() if n not in unsound} for source in said)
    return facts_, stated


def _holds(attribute: policy.Attribute, value: Any) -> bool:
    try:
        attribute.read(value)
    except ValueError:
        return False
    return True


def again(decision: Decision) -> Judged:
    """The recorded question judged again by the release it was judged by."""
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
    verdict = _verdict(release, question)
    held = decision.entitlement == HELD
    return Judged(
        asked=asked,
        at=decision.decided_at,
        release=release,
        question=question,
        verdict=verdict,
        outcome="deny" if held else verdict.outcome,
        entitlement=decision.entitlement,
        notes=question.get("notes", []),
    )


def replay(decision: Decision) -> policy.Verdict:
    """The verdict that the recorded question gets from the recorded release: always the same."""
    return again(decision).verdict


def _verdict(release: releases.Loaded, question: Mapping[str, Any]) -> policy.Verdict:
    return policy.judge(
        release.policy,
        facts=question["facts"],
        stated=question["stated"],
        licenses=question["licenses"],
        dispositions=question["dispositions"],
        at=datetime.fromisoformat(question["at"]),
    )


def _usable(licenses: list[dict[str, Any]], asked: Asked, notes: list[str]) -> list[dict[str, Any]]:
    """Licenses that can cover this: one with a quantity only where a retry burns nothing."""
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
    """What the rules of the release read, and what papers are held against in any case.

    Threads share it: a release and what it reads never change.
    """
    return frozenset(NEEDED).union(*(rule.attributes for rule in release.rules))


def _hold(asked: Asked) -> dict[str, Any] | None:
    """Who can release the officer's hold, and since when it is there."""
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
