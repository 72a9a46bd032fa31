"""Which files of ours a decision and a publication enter, and how many of our functions they call.

The demo company on a database of the trace's own. The decision is a permit over HTTP, through all
middleware, asked often enough before that everything is warm. The publication is ``orders.publish``
of an approved rule, its transaction committed. A call is one frame of ours:
comprehensions and each resumption of a generator count.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from tests.benchmarks import harness, policy, server

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(f"{ROOT / folder}/" for folder in ("accesscontrol", "project"))
WARM = 20  # decisions before the one that is traced
QUESTION = {
    "subject": {"type": "licensee", "id": "meridian-labs",
                "properties": {"user": {"id": "u-1", "us_person": True}}},
    "resource": {"type": "model", "id": "frontier-5"},
    "action": {"name": "use_api", "properties": {"location_country": "US"}},
}  # fmt: skip


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    harness.options(__doc__).parse_args(arguments)
    with server.running():
        _demo()
        ask = _question()
        for _ in range(WARM):
            ask()
        publish = _publication()
        parts = {"decision": traced(ask), "publication": traced(publish)}
    for name, calls in parts.items():
        harness.table(name, dict(sorted(calls.items(), key=lambda item: (-item[1], item[0]))))
    keys = {
        key: value
        for name, calls in parts.items()
        for key, value in ((f"{name}_files", len(calls)), (f"{name}_calls", calls.total()))
    }
    harness.last(keys)
    return keys


def traced(work: Callable[[], object]) -> Counter[str]:
    """The calls of our functions while it works, by file."""
    calls: Counter[str] = Counter()
    with _counting(calls):
        work()
    return calls


@contextmanager
def _counting(calls: Counter[str]) -> Iterator[None]:
    def note(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(OURS):
            calls[name.removeprefix(f"{ROOT}/")] += 1

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


def _demo() -> None:
    """The demo company with everybody screened."""
    from accesscontrol import screening
    from accesscontrol.management.demo.loading import load_demo
    from tests.benchmarks.register import now

    load_demo(at=now(), password="a long enough word")
    while screening.next_chunk(at=now()):
        pass


def _question() -> Callable[[], object]:
    """Asks over HTTP and holds the answer to be a permit."""
    from django.test import Client

    from accesscontrol import access
    from tests.benchmarks.register import now

    at = now()
    token = access.issue_token(
        name="trace", scopes=["decisions:ask"], by=None, at=at, expires_at=at + timedelta(days=1)
    )
    client = Client(SERVER_NAME="localhost", HTTP_AUTHORIZATION=f"Bearer {token.text}")
    body = json.dumps(QUESTION)

    def ask() -> None:
        answer = client.post("/access/v1/evaluation", body, content_type="application/json")
        assert answer.json()["decision"] is True, answer.content

    return ask


def _publication() -> Callable[[], object]:
    """An approved rule, ready to be published."""
    from accesscontrol import orders
    from accesscontrol.models import Order, User
    from tests.benchmarks.register import now

    officer, approver = (User.objects.get(username=name) for name in ("olivia", "priya"))
    order = Order.objects.earliest("id")
    rule = policy.rule("TRACED", "deny", policy.leaf("is", "model.id", "swift-3"))
    version = orders.draft(
        ref=rule["ref"], order=order, content={name: rule[name] for name in policy.DRAFTED},
        by=officer, at=now(), because="Traced.",
    )  # fmt: skip
    orders.preview_now(version=version, by=officer, at=now())
    orders.submit(version=version, by=officer, at=now(), because="Ready.")
    orders.approve(version=version, by=approver, at=now())
    version.refresh_from_db()
    return lambda: orders.publish(version=version, by=officer, at=now(), because="Traced.")


if __name__ == "__main__":
    main()
