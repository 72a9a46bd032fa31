"""Somebody who keeps the register while everyone is screened: verbs of the registry, at random.

``python -m tests.faults.editor SEED ID…`` edits these licensees until a line comes in, and says how
often it did.
"""

import json
import random
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any

from accesscontrol.errors import Refused

COUNTRIES = ["US", "GB", "DE", "CN", "KZ", "HK", "CU", "FR"]
SECTORS = ["finance", "energy", "defense"]


def main() -> None:
    import django

    django.setup()
    from accesscontrol.models import Licensee, User

    seed, ids = int(sys.argv[1]), [int(each) for each in sys.argv[2:]]
    by = User.objects.filter(role="officer").order_by("id")[0]
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    print("ready", flush=True)
    draw, edits, refused = random.Random(seed), 0, 0
    while not stop.is_set():
        try:
            edit(draw, Licensee.objects.get(pk=draw.choice(ids)), by)
            edits += 1
        except Refused as refusal:
            refused += 1
            print(refusal, file=sys.stderr)
        time.sleep(draw.uniform(0.1, 0.5))
    print(json.dumps({"edits": edits, "refused": refused}), flush=True)


def edit(draw: random.Random, licensee: Any, by: Any) -> None:
    """A fact is another one, or a red flag goes up: some tighten, some have to wait."""
    from accesscontrol import registry

    at = datetime.now(UTC)
    match draw.randrange(4):
        case 0:
            registry.open_red_flag(licensee=licensee, number=1, note="Asked.", by=by, at=at)
        case 1:
            registry.edit_fact(
                of=licensee, attribute="licensee.sector", value=draw.choice(SECTORS),
                source="letter", by=by, at=at,
            )  # fmt: skip
        case _:
            attribute = draw.choice(["licensee.hq_country", "licensee.ultimate_parent_country"])
            registry.edit_fact(
                of=licensee, attribute=attribute, value=draw.choice(COUNTRIES), source="letter",
                by=by, at=at,
            )  # fmt: skip


if __name__ == "__main__":
    main()
