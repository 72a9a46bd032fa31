"""The table of all screens: each is opened by the browser tests and pictured by `screenshots`.

A screen's path may need an id of the stage (tests/worlds/stage.py): then it is a function of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Path = str | Callable[[Any], str]


@dataclass(frozen=True)
class Screen:
    """Its picture's name, where it is, who looks at it ("" = nobody signed in), its status."""

    name: str
    path: Path
    who: str = "olivia"
    status: int = 200

    def at(self, stage: Any) -> str:
        return self.path if isinstance(self.path, str) else self.path(stage)


SCREENS = [
    Screen("sign-in", "/sign-in", who=""),
    Screen("overview", "/"),
    Screen("search", "/search?q=m"),
    Screen("look-up", "/look-up"),
    Screen(
        "look-up-answer",
        "/look-up?q=cascade-analytics&model=frontier-5&activity=use_api&us_person=no&nationalities=IN",
    ),
    Screen("look-up-unknown", "/look-up?q=unknown-holdings&model=frontier-5&activity=use_api"),
    Screen("look-up-standings", "/look-up?q=meridian-labs"),
    Screen("look-up-nobody", "/look-up?q=Nobody"),
    Screen("licensees", "/licensees"),
    Screen("licensees-filtered", "/licensees?standing=undetermined&gap=hq"),
    Screen("licensees-none", "/licensees?q=zzzz"),
    Screen("licensee", "/licensees/meridian-labs"),
    Screen("licensee-owned", "/licensees/delta-compute"),
    Screen("licensee-add", "/licensees/add"),
    Screen("licensee-fact", "/licensees/meridian-labs/fact?attribute=licensee.hq_country"),
    Screen("licensee-hold", lambda stage: f"/licensees/meridian-labs/ask-release/{stage.hold.pk}"),
    Screen("models", "/models"),
    Screen("model", "/models/frontier-5"),
    Screen("decisions", "/decisions"),
    Screen("decision", lambda stage: f"/decisions/{stage.decision_id}"),
    Screen("audit", "/audit"),
    Screen("audit-search", "/audit?q=action:rule.*+-actor:priya&tab=policy"),
    Screen("orders", "/orders"),
    Screen("orders-none", "/orders?state=superseded"),
    Screen("order", "/orders/BIS-2026-0417"),
    Screen("order-enter", "/orders/enter"),
    Screen("order-annex", "/orders/BIS-2026-0417/annex"),
    Screen("rules", "/rules"),
    Screen("rule", "/rules/LETTER-FRONTIER-5"),
    Screen("rule-submitted", "/rules/LETTER-FRONTIER-5-CYBER"),
    Screen("rule-new", "/rules/new?order=BIS-2026-0417"),
    Screen("preview", "/rules/HUBS/preview"),
    Screen("preview-filtered", "/rules/HUBS/preview?group=cant_decide&country=unknown"),
    Screen("preview-no-change", "/rules/HUBS/preview?group=no_change"),
    Screen("preview-running", "/rules/HUBS-RUNNING/preview"),
    Screen("preview-stale", "/rules/HUBS-STALE/preview"),
    Screen("preview-empty", "/rules/HUBS-EMPTY/preview"),
    Screen("preview-none", "/rules/HUBS-NEW/preview"),
    Screen("preview-viewer", "/rules/HUBS/preview", who="vera"),
    Screen("rule-draft", "/rules/HUBS"),
    Screen("approvals", "/approvals", who="priya"),
    Screen("approval", lambda stage: f"/approvals/{stage.waiting}", who="priya"),
    Screen("approval-own", lambda stage: f"/approvals/{stage.waiting}"),
    Screen("approval-differs", lambda stage: f"/approvals/{stage.differs}", who="priya"),
    Screen("runs", "/runs"),
    Screen("run", lambda stage: f"/runs/{stage.run}"),
    Screen("cases", "/cases"),
    Screen("cases-review", "/cases?kind=review&whose=all"),
    Screen("cases-match", "/cases?kind=match&whose=all"),
    Screen("cases-clear", "/cases?licensee=nobody"),
    Screen("lists", "/lists"),
    Screen("people", "/people", who="adam"),
    Screen("account", "/account"),
    Screen("not-found", "/nowhere", status=404),
    Screen("refused", "/licensees/add", who="vera", status=403),
]
