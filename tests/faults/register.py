"""The register that fault tests screen: run inside the cluster as ``python -m tests.faults.register``."""

import json
import os
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any

LICENSEES = 120
CHUNK = 3
COUNTRIES = ["US", "CN", "CU", "FR", "HK", "DE", "JP", "GB", "CA", "BR", "IN", "KR"]


def lay() -> dict[str, Any]:
    """Licensees of which hardly two are alike, each with an entitlement."""
    from tests.worlds import register as world

    offerings = [each for n in range(3) for each in world.model(f"m{n}")]
    for n in range(LICENSEES):
        row = world.licensee(
            f"l{n}", country=COUNTRIES[n % 12], hq_country=COUNTRIES[n // 12 % 12], sector=f"s{n}"
        )
        world.grant(row, offerings[n % len(offerings)])
    return {"licensees": LICENSEES}


def begin() -> dict[str, Any]:
    """A release under which everybody's outcome is another one than before, and its run."""
    from accesscontrol.models import Release
    from tests.worlds import register as world

    number = Release.objects.count() + 1
    everybody = {"not": {"is": ["licensee.sector", "none"]}}
    embargo = {"one_of": ["licensee.country", ["CU", "CN"]]}
    now = datetime.now(UTC)
    world.publish(
        world.rule(
            "R-1", "review" if number % 2 else "license_required", everybody, version=number
        ),
        world.rule("R-2", "deny", embargo),
        at=now,
    )
    return {"run": world.start(now, chunk=CHUNK).pk}


def check(run: int) -> dict[str, Any]:
    """What the run did, and whatever is there twice or differs from one-by-one judging."""
    from accesscontrol.models import AuditEvent, Case, Hold, OutboxMessage, ScreeningRun
    from tests.worlds import register as world

    row = ScreeningRun.objects.get(pk=run)
    sample = {f"l{n}" for n in range(0, LICENSEES, 12)}
    stands = {ref: says for ref, says in world.stored().items() if ref in sample}
    ours = [json.loads(text) for text in AuditEvent.objects.values_list("payload", flat=True)]
    chunk_events = Counter(
        event["subject"]["id"]
        for event in ours
        if event["kind"] == "run.chunk_done" and event["details"]["run"] == run
    )
    ends = [e for e in ours if e["kind"] == "run.finished" and e["subject"]["id"] == str(run)]
    holds = Counter(Hold.objects.filter(released_at=None).values_list("entitlement_id", flat=True))
    cases = Counter(Case.objects.filter(state="open").values_list("licensee_id", "kind", "subject"))
    return {
        "state": row.state,
        "total": row.total,
        "reconciles": row.total == row.changed + row.unchanged + row.failed,
        "failed": row.failed,
        "changed": row.changed,
        "change_rows": row.changes.count(),
        "chunks": row.chunks.count(),
        "chunk_events": len(chunk_events),
        "doubled_chunk_events": [name for name, n in chunk_events.items() if n > 1],
        "end_events": len(ends),
        "completed_messages": OutboxMessage.objects.filter(
            kind="run.completed", data__run=run
        ).count(),
        "doubled_holds": [name for name, n in holds.items() if n > 1],
        "doubled_cases": [str(name) for name, n in cases.items() if n > 1],
        "sample_is_as_judged": stands == world.one_by_one(datetime.now(UTC), sample),
    }


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django

    django.setup()
    match sys.argv[1:]:
        case ["lay"]:
            print(json.dumps(lay()))
        case ["begin"]:
            print(json.dumps(begin()))
        case ["check", run]:
            print(json.dumps(check(int(run))))


if __name__ == "__main__":
    main()
