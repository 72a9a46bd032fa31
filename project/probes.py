"""Whether the product lives, whether it can answer, and its numbers for Prometheus."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from accesscontrol import releases
from accesscontrol.errors import Refused


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 where a question can be decided and recorded, else 503 with what is missing in words."""
    checks, warnings = look()
    ready = all(state == "ok" for state in checks.values())
    return JsonResponse(
        {"ready": ready, "checks": checks, "warnings": warnings}, status=200 if ready else 503
    )


def look() -> tuple[dict[str, str], list[str]]:
    """Each thing a decision needs, as "ok" or what to do; and what is not right yet."""
    checks = {"database": _said(_database)}
    if checks["database"] == "ok":
        checks["migrations"] = _said(_migrations)
    if checks.get("migrations") == "ok":
        checks["release"] = _said(_release)
    warnings = [said for said in (_said(_broker), _said(_guarded)) if said != "ok"]
    return checks, warnings


def _said(check: Callable[[], str]) -> str:
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
        _pending.cache_clear()  # somebody may migrate meanwhile
        return f"{pending} migrations are not applied; run manage.py migrate"
    return "ok"


@cache
def _pending() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _release() -> str:
    releases.current()
    return "ok"


def _broker() -> str:
    """A warning only: work is in the database, and decisions need no broker."""
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
    except Exception as error:
        return f"the broker does not answer ({type(error).__name__}); screenings wait"
    return "ok"


def _guarded() -> str:
    """Whether the log is guarded by a role of its own, or by triggers alone."""
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
    """Counts and ages straight from the database, so that every process tells the same."""
    registry = CollectorRegistry()
    registry.register(_Numbers())
    return HttpResponse(
        generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8"
    )


_COUNTERS = {
    "decisions": (
        "Decisions recorded, by outcome",
        "outcome",
        "SELECT outcome, count(*) FROM accesscontrol_decision GROUP BY 1",
    ),
}
_GAUGES = {
    "open_cases": (
        "Cases waiting for a person",
        "",
        "SELECT count(*) FROM accesscontrol_case WHERE decided_at IS NULL",
    ),
    "run_chunks": (
        "Chunks of screening runs, by state",
        "state",
        "SELECT state, count(*) FROM accesscontrol_chunk GROUP BY 1",
    ),
}


class _Numbers:
    """Never a licensee's name: only states, outcomes and counts leave here."""

    def collect(self) -> Iterator[Metric]:
        for name, (words, label, query) in _COUNTERS.items():
            yield from self._read(CounterMetricFamily, name, words, label, query)
        for name, (words, label, query) in _GAUGES.items():
            yield from self._read(GaugeMetricFamily, name, words, label, query)

    def _read(self, kind: type, name: str, words: str, label: str, query: str) -> Iterator[Metric]:
        family = kind(f"export_gate_{name}", words, labels=[label] if label else [])
        with connection.cursor() as cursor:
            cursor.execute(query)
            for row in cursor.fetchall():
                family.add_metric([str(value) for value in row[:-1]], row[-1])
        yield family


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a weakness (RFC 9116); absent where no contact is set."""
    if not settings.SECURITY_CONTACT:
        return HttpResponse("no contact is set\n", status=404, content_type="text/plain")
    expires = (datetime.now(UTC) + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    text = f"Contact: {settings.SECURITY_CONTACT}\nExpires: {expires}\n"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
