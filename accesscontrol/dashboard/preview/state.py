"""The state of a version's impact preview: none, running, up to date, out of date or ended."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from accesscontrol.models import Preview, RuleVersion
from accesscontrol.screening import preview as impact_preview

WORDS = {  # state -> (word, tone, icon)
    "none": ("No impact preview", "unknown", "info"),
    "running": ("Impact being calculated", "accent", "run"),
    "ready": ("Impact up to date", "allow", "check"),
    "stale": ("Impact out of date", "review", "clock"),
    "cancelled": ("Impact cancelled", "unknown", "close"),
    "failed": ("Impact failed", "deny", "review"),
}


@dataclass(frozen=True)
class Impact:
    """The state of a version's preview in words. ``why`` says why it is out of date."""

    state: str
    preview: Preview | None = None
    why: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether the version can be submitted with it."""
        return self.state == "ready"

    @property
    def word(self) -> str:
        return WORDS[self.state][0]

    @property
    def tone(self) -> str:
        return WORDS[self.state][1]

    @property
    def icon(self) -> str:
        return WORDS[self.state][2]

    @property
    def note(self) -> str:
        """The note below the step."""
        preview = self.preview
        if preview is None:
            return "Required before submitting"
        if self.state == "running":
            return f"So far {preview.done:,} of {preview.total:,}"
        if self.state == "ready":
            return f"{preview.affected:,} of {preview.total:,} licensees change"
        return {"stale": "Out of date", "cancelled": "Cancelled", "failed": "Failed"}[self.state]


def of(version: RuleVersion, preview: Preview | None) -> Impact:
    """The state of this preview of a version."""
    if preview is None:
        return Impact("none")
    if preview.state in Preview.OPEN:
        return Impact("running", preview)
    if preview.state != Preview.State.DONE:
        return Impact(preview.state, preview, preview.problem)
    why = impact_preview.why_stale(preview, version=version) if version.state != "published" else ""
    return Impact("stale" if why else "ready", preview, why)


def settled(version: RuleVersion) -> Preview | None:
    """The preview that counts for a version: a draft's newest, else the approved or submitted."""
    if version.state == "draft":
        return newest(version)
    return version.approved_preview or version.submitted_preview


def newest(version: RuleVersion) -> Preview | None:
    """The newest preview of the version."""
    return _newest([version]).get(version.pk)


def compared(preview: Preview) -> str:
    """The release that a preview compares with, in words."""
    if preview.release is None:
        return "no release: nothing is restricted yet"
    return f"release {preview.release.number}"


def current(version: RuleVersion) -> Impact:
    """The state of the preview that counts for a version."""
    return of(version, settled(version))


def of_drafts(versions: Iterable[RuleVersion]) -> dict[int, Impact]:
    """The states of the newest previews of the versions, by id, in two statements."""
    versions = list(versions)
    previews = _newest(versions)
    return {version.pk: of(version, previews.get(version.pk)) for version in versions}


def _newest(versions: Iterable[RuleVersion]) -> dict[int, Preview]:
    ids = [version.pk for version in versions]
    last = Preview.objects.filter(version=OuterRef("version")).order_by("-id").values("pk")[:1]
    rows = Preview.objects.filter(version__in=ids, pk=Subquery(last))
    rows = rows.select_related("release", "asked_by").defer("release__canonical")
    return {preview.version_id: preview for preview in rows}
