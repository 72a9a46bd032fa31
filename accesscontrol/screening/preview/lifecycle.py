"""Previews what a drafted rule would change: all licensees are judged, no standing is written.

A preview is asked for and worked on like a screening: a part of the licensees at a time, each part
in one transaction with the counts so far, by any worker that is free. No standing, hold, case or
message comes of it. What it found is kept, and never changes once it is done.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from time import perf_counter
from typing import Any

from django.db import transaction

from accesscontrol import access, audit, policy, releases
from accesscontrol.errors import Refused
from accesscontrol.models import (
    ApiToken,
    Group,
    Licensee,
    Preview,
    Release,
    RuleVersion,
    User,
)
from accesscontrol.screening.preview import affected, before_and_after, impact
from accesscontrol.screening.preview.before_and_after import BothReleases, next_range
from accesscontrol.screening.runs import lifecycle, work_item

# Licensees in a part: few enough that people see the counts grow, and that a cancel takes effect
# soon.
PART = 100_000
State = Preview.State


class CannotCancelPreview(Refused):
    """The preview has ended already."""

    code = "cannot_cancel"


def ask(
    *,
    version: RuleVersion,
    rules: Sequence[Mapping[str, Any]],
    judged_at: datetime,
    by: User | ApiToken | None,
    at: datetime,
) -> Preview:
    """Queue the preview of a version, in the caller's transaction, and wake the workers after it.

    ``rules`` is the rule, all its terms, as the release would have it after publication;
    ``judged_at`` when the draft would first change an answer. A preview of the version that is
    under way is cancelled.
    """
    access.require(by, "policy.draft", at=at)
    with transaction.atomic():
        preview = _new(version, rules, judged_at, by, at)
        preview.save()
        audit.record(
            "rule.preview_asked", version.rule, by=by, at=at, order=version.rule.order,
            rule=version.rule.ref, release=preview.release,
            details={"version": version.version, "digest": version.digest, "preview": preview.pk},
        )  # fmt: skip
        transaction.on_commit(lifecycle.wake, robust=True)
    return preview


def now(
    *,
    version: RuleVersion,
    rules: Sequence[Mapping[str, Any]],
    judged_at: datetime,
    by: User | ApiToken | None,
    at: datetime,
    draft: policy.Release,
) -> Preview:
    """The whole preview in this call and one transaction; the caller's verb writes the event.

    ``draft`` is ``draft_release`` of the same rules at the same instant.
    """
    with transaction.atomic():
        preview = _new(version, rules, judged_at, by, at)
        preview.state, preview.started_at = State.RUNNING, at
        preview.save()
        with _both_releases(preview, draft, at) as both:
            while preview.state == State.RUNNING:
                _part(preview, both, at=at)
    return preview


def work(*, at: datetime) -> bool:
    """Do one part of the oldest preview that waits; False if none can be taken now."""
    return work_item.work_on_next(
        work_item.free(Preview.objects.filter(state__in=Preview.OPEN)).order_by("id"),
        begin=_begin,
        work=_go_on,
        under_way=_under_way,
        fail=_fail,
        failure="a part of preview %s could not be judged",
        at=at,
    )


def cancel(preview: Preview, *, by: User | ApiToken | None, at: datetime) -> Preview:
    """Stop a preview that is under way, after the part in work. Raises CannotCancelPreview."""
    access.require(by, "policy.draft", at=at)
    with transaction.atomic():
        preview = _locked(preview.pk)
        if preview.state not in Preview.OPEN:
            state = State(preview.state).label.lower()
            raise CannotCancelPreview(f"The preview has ended already: {state}.")
        _end(preview, State.CANCELLED, "Cancelled.", at)
        audit.record(
            "rule.preview_cancelled", preview.version.rule, by=by, at=at,
            order=preview.version.rule.order, rule=preview.version.rule.ref,
            details=event_details(preview),
        )  # fmt: skip
    return preview


def why_stale(preview: Preview, *, version: RuleVersion) -> str:
    """Why the preview no longer says what the version would change; empty while it does."""
    if preview.content_digest != version.digest:
        return "The rule was edited after this preview."
    newest = Release.objects.order_by("-number").values_list("number", flat=True).first()
    if number(preview) != (newest or 0):
        compared = f"release {number(preview)}" if preview.release else "no release"
        return f"This preview compares with {compared}; release {newest} is in force now."
    return ""


def number(preview: Preview) -> int:
    """The number of the release that it compares with; 0 where none was published yet."""
    return preview.release.number if preview.release else 0


def event_details(preview: Preview) -> dict[str, Any]:
    """What an event says of a preview: which one, over what, its six counts and its digest."""
    return {
        "version": preview.version.version,
        "digest": preview.content_digest,
        "preview": preview.pk,
        "compared_with": number(preview),
        "judged_at": preview.judged_at,
        "licensees": preview.done,
        "groups": preview.groups,
        "affected_sha256": preview.affected_digest,
    }


def _new(
    version: RuleVersion,
    rules: Sequence[Mapping[str, Any]],
    judged_at: datetime,
    by: User | ApiToken | None,
    at: datetime,
) -> Preview:
    """A new one, not saved; the caller has locked the rule, so that only one is under way."""
    for earlier in version.previews.filter(state__in=Preview.OPEN).select_for_update():
        _end(earlier, State.CANCELLED, "Another preview of this version was asked for.", at)
    return Preview(
        version=version, content_digest=version.digest, rules=list(rules), judged_at=judged_at,
        release=Release.objects.defer("canonical").order_by("-number").first(),
        total=Licensee.objects.count(), asked_by=by if isinstance(by, User) else None,
        created_at=at,
    )  # fmt: skip


def _both_releases(
    preview: Preview, draft: policy.Release, at: datetime
) -> AbstractContextManager[BothReleases]:
    after = releases.Loaded(0, draft.number, draft.digest, draft)
    before = _release_before(preview)
    return before_and_after.both_releases(before, after, judged_at=preview.judged_at, at=at)


def draft_release(ref: str, rules: Sequence[Mapping[str, Any]], *, at: datetime) -> policy.Release:
    """The next release as it would be with these terms of a rule in it. Raises PolicyError."""
    document = _next_release(at)
    others = [rule for rule in document["rules"] if rule["ref"] != ref]
    both = sorted([*others, *rules], key=lambda rule: (rule["ref"], rule["version"]))
    return policy.parse_release(document | {"rules": both})


def _release_before(preview: Preview) -> releases.Loaded:
    """The release compared with; before the first one, nothing is restricted."""
    if preview.release is not None:
        return releases.get(preview.release.number)
    nothing = policy.parse_release(_next_release(preview.created_at) | {"rules": []})
    return releases.Loaded(0, 0, nothing.digest, nothing)


def _next_release(at: datetime) -> dict[str, Any]:
    newest = Release.objects.order_by("-number").values_list("number", flat=True).first()
    return releases.build(number=(newest or 0) + 1, at=at)


def _begin(preview: Preview, at: datetime) -> None:
    Preview.objects.filter(pk=preview.pk).update(
        **work_item.attempt(preview), state=State.RUNNING, started_at=preview.started_at or at
    )


def _go_on(pk: int, at: datetime) -> None:
    """Do a part, in the caller's transaction; nothing if another worker has the preview.

    1. Lock the preview; cancel it if its rule or the release has changed meanwhile.
    2. Borrow an evaluator of the release before and one of the draft's.
    3. Judge the next licensees by both, and store those that are affected.
    4. After the last licensee end the preview with its event.
    """
    preview = (
        Preview.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("version__rule__order", "release")
        .filter(pk=pk, state=State.RUNNING)
        .first()
    )
    if preview is None:
        return
    stale = why_stale(preview, version=preview.version)
    if stale:
        _end(preview, State.CANCELLED, f"{stale} Calculate it again.", at)
        return
    draft = draft_release(preview.version.rule.ref, preview.rules, at=preview.created_at)
    with _both_releases(preview, draft, at) as both:
        _part(preview, both, at=at)
    if preview.state == State.DONE:
        audit.record(
            "rule.previewed", preview.version.rule, by=preview.asked_by, at=at,
            order=preview.version.rule.order, rule=preview.version.rule.ref,
            release=preview.release, details=event_details(preview),
        )  # fmt: skip


def _part(preview: Preview, both: BothReleases, *, at: datetime) -> None:
    """Judge the next licensees, store those affected, and end the preview after the last."""
    began = perf_counter()
    last, licensees = next_range(preview.up_to, PART)
    if licensees:
        _judge(preview, both, last)
        preview.done += licensees
        preview.up_to = last
    if licensees < PART:
        preview.state, preview.finished_at = State.DONE, at
        preview.total, preview.affected_digest = preview.done, affected.digest(preview)
    preview.attempts, preview.taken_at, preview.problem = 0, None, ""
    preview.seconds += perf_counter() - began
    preview.save()


def _judge(preview: Preview, both: BothReleases, last: int) -> None:
    licensees, failed = both.judge(preview.up_to + 1, last)
    before, after = both.sheets(licensees)
    rule = preview.version.rule.ref
    part = impact.of(licensees, before, after, rule=rule, granted=both.granted)
    ids_before, ids_after = both.store(licensees.only(part.places))
    affected.store(preview, licensees, part, before=ids_before, after=ids_after)
    affected.leave_open(preview, failed)
    _add(preview, part)


def _add(preview: Preview, part: impact.PartImpact) -> None:
    for group in Group:
        setattr(preview, group.key, getattr(preview, group.key) + part.counts[group.key])
    preview.by_country = {
        code: dict(Counter(preview.by_country.get(code, {})) + part.by_country.get(code, Counter()))
        for code in sorted({*preview.by_country, *part.by_country})
    }
    preview.entitlements = dict(Counter(preview.entitlements) + part.entitlements)
    preview.ask_for = dict(Counter(preview.ask_for) + part.ask_for)
    preview.matched += part.matched
    preview.matched_not_granted += part.matched_not_granted
    preview.matched_denied += part.matched_denied


def _locked(pk: int) -> Preview:
    rows = Preview.objects.select_for_update(of=("self",))
    return rows.select_related("version__rule__order", "release").get(pk=pk)


def _end(preview: Preview, state: Preview.State, problem: str, at: datetime) -> None:
    preview.state, preview.problem, preview.finished_at = state, problem, at
    preview.save(update_fields=["state", "problem", "finished_at"])


def _under_way(pk: int) -> Preview | None:
    preview = _locked(pk)
    return preview if preview.state in Preview.OPEN else None


def _fail(preview: Preview, problem: str, at: datetime) -> None:
    _end(preview, State.FAILED, problem, at)
