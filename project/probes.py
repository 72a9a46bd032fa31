"""The probes: whether the process lives, whether it can decide, and numbers for Prometheus."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from accesscontrol import releases, screening
from accesscontrol.errors import Refused
from accesscontrol.models import Case, Decision, ScreeningChunk


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """200 if the process answers. Nothing else is checked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 if a question can be decided and recorded, else 503 with what is missing in words."""
    checks, warnings = check_all()
    ready = all(state == "ok" for state in checks.values())
    return JsonResponse(
        {"ready": ready, "checks": checks, "warnings": warnings}, status=200 if ready else 503
    )


def check_all() -> tuple[dict[str, str], list[str]]:
    """Return ``(checks, warnings)``.

    A check is of something that a decision needs: "ok" or what to do. A warning is of something
    that a decision does not need.
    """
    checks = {"database": _result(_database)}
    if checks["database"] == "ok":
        checks["migrations"] = _result(_migrations)
    if checks.get("migrations") == "ok":
        checks["release"] = _result(_release)
    warnings = [result for result in (_result(_broker), _result(_guarded)) if result != "ok"]
    return checks, warnings


def _result(check: Callable[[], str]) -> str:
    try:
        return check()
    except (DatabaseError, OSError, Refused) as error:
        return f"{check.__name__.strip('_')}: {error}".strip()


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    pending = _pending()
    if pending:
        _pending.cache_clear()  # count again at the next request
        return f"{pending} migrations are not applied; run manage.py migrate"
    return "ok"


@cache
def _pending() -> int:
    """The number of migrations that are not applied.

    Threads share a 0, which stays right. Any other number is dropped at once.
    """
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _release() -> str:
    releases.current()
    return "ok"


def _broker() -> str:
    """Whether the broker answers. Work is in the database, and decisions need no broker."""
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
    except Exception as error:
        return f"the broker does not answer ({type(error).__name__}); screenings wait"
    return "ok"


def _guarded() -> str:
    """Whether a role of its own guards the log, or triggers alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_userbyid(relowner) = current_user FROM pg_class"
            " WHERE oid = to_regclass('audit.event')"
        )
        row = cursor.fetchone()
    if row and row[0]:
        return (
            "the audit log belongs to the product's own role, so triggers alone guard it; "
            "run manage.py bootstrap_database as the owner of the database"
        )
    return "ok"


# ---------------------------------------------------------------- numbers


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Counts and ages, read from the database, so that each process reports the same."""
    registry = CollectorRegistry()
    registry.register(_Numbers())
    return HttpResponse(
        generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8"
    )


class _Numbers:
    """The metrics. They carry states, outcomes and counts, never a licensee's name."""

    def collect(self) -> Iterator[Metric]:
        yield _family(
            CounterMetricFamily,
            "decisions",
            "Decisions recorded",
            "outcome",
            Decision.objects.values_list("outcome").annotate(Count("pk")).order_by(),
        )
        waiting = Case.objects.exclude(state__in=["decided", "closed"])
        yield _family(
            GaugeMetricFamily,
            "open_cases",
            "Cases waiting for a person",
            "kind",
            waiting.values_list("kind").annotate(Count("pk")).order_by(),
        )
        yield _oldest(waiting.aggregate(Min("opened_at"))["opened_at__min"])
        yield _family(
            GaugeMetricFamily,
            "screening_chunks",
            "Chunks of unfinished screening runs",
            "state",
            ScreeningChunk.objects.filter(run__state__in=["queued", "running"])
            .values_list("state")
            .annotate(Count("pk"))
            .order_by(),
        )
        yield from _nightly_proof()


def _nightly_proof() -> Iterator[Metric]:
    """Two numbers to alert on: unexplained above 0, and age over two days (absent if no proof)."""
    alarm, last = screening.alarm(), screening.last_proof()
    yield GaugeMetricFamily(
        "export_gate_nightly_proof_unexplained",
        "Licensees whose standing or stored facts the nightly proof found changed by nothing",
        value=alarm.unexplained if alarm else 0,
    )
    age = GaugeMetricFamily(
        "export_gate_nightly_proof_age_seconds", "Time since a nightly proof last ended"
    )
    if last is not None and last.finished_at is not None:
        age.add_metric([], (datetime.now(UTC) - last.finished_at).total_seconds())
    yield age


def _family(
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily],
    name: str,
    words: str,
    label: str,
    rows: Iterable[tuple[object, float]],
) -> Metric:
    family = kind(f"export_gate_{name}", words, labels=[label])
    for value, count in rows:
        family.add_metric([str(value)], count)
    return family


def _oldest(opened_at: datetime | None) -> Metric:
    age = (datetime.now(UTC) - opened_at).total_seconds() if opened_at else 0.0
    return GaugeMetricFamily("export_gate_oldest_case_seconds", "Age of the oldest case", value=age)


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """The contact for reports of a weakness (RFC 9116). 404 if no contact is set."""
    if not settings.SECURITY_CONTACT:
        return HttpResponse("no contact is set\n", status=404, content_type="text/plain")
    expires = (datetime.now(UTC) + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    text = f"Contact: {settings.SECURITY_CONTACT}\nExpires: {expires}\n"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
