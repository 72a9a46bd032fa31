"""What the last nightly proof found, and since when proofs find changes that nothing explains."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accesscontrol.models import ScreeningRun

NIGHTLY = "nightly"


@dataclass(frozen=True)
class Alarm:
    """The newest proof that found something, and when the first of the proofs in a row did."""

    run: ScreeningRun
    since: datetime

    @property
    def unexplained(self) -> int:
        """Licensees of which a standing, or a stored fact, differed without a change."""
        return self.run.alarm


def last_proof() -> ScreeningRun | None:
    """The newest nightly run that was done."""
    return _ended().order_by("-id").first()


def alarm() -> Alarm | None:
    """The alarm, which lasts until a nightly proof finds nothing."""
    last = ScreeningRun.objects.filter(cause=NIGHTLY, alarm__gt=0).order_by("-id").first()
    if last is None or _ended().filter(id__gt=last.pk, alarm=0).exists():
        return None
    clean = _ended().filter(alarm=0).order_by("-id").values_list("id", flat=True).first()
    first = ScreeningRun.objects.filter(cause=NIGHTLY, alarm__gt=0, id__gt=clean or 0)
    return Alarm(last, _since(first.order_by("id").first() or last))


def _since(run: ScreeningRun) -> datetime:
    return run.finished_at or run.created_at


def _ended() -> QuerySet[ScreeningRun]:
    return ScreeningRun.objects.filter(cause=NIGHTLY, state=ScreeningRun.State.DONE)
