"""The fixed cast of the demo, loaded for a test: people, models, licensees, and the questions to ask.

``load(at=…)`` loads the starter policy and the named licensees; ``crowd`` adds generated ones.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from accesscontrol import access, decisions, screening
from accesscontrol.management.demo import cast as script
from accesscontrol.management.demo import loading
from accesscontrol.models import (
    ApiToken,
    Decision,
    Entitlement,
    Finding,
    Licensee,
    Offering,
    Standing,
    User,
)

BEFORE_JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass
class Cast:
    """Everybody by the name that tests call them: ``cast.meridian``, ``cast.olivia``."""

    at: datetime
    people: dict[str, User] = field(default_factory=dict)
    licensees: dict[str, Licensee] = field(default_factory=dict)
    token: ApiToken | None = None

    def __getattr__(self, name: str) -> Any:
        for group in ("licensees", "people"):
            found = self.__dict__.get(group, {}).get(name)
            if found is not None:
                return found
        raise AttributeError(f"Nobody in the cast is called {name}.")

    def ask(
        self,
        licensee: Licensee,
        at: datetime,
        model: str = "frontier-5",
        activity: str = "use_api",
        **stated: Any,
    ) -> Decision:
        """A question of a licensing system; ``user_us_person=True`` states ``user.us_person``."""
        said = {name.replace("_", ".", 1): value for name, value in stated.items()}
        asked = decisions.Asked(licensee=licensee.ref, model=model, activity=activity, stated=said)
        assert self.token is not None
        return decisions.decide(asked=asked, by=self.token, at=at)


def load(*, at: datetime = BEFORE_JUNE, crowd: int = 0) -> Cast:
    """Starter policy, people, models, the named licensees and ``crowd`` generated ones, screened."""
    loading.load_demo(at=at, crowd_size=crowd, password="a long enough word")
    screen(at)
    cast = Cast(at=at)
    cast.people = {user.username: user for user in User.objects.all()}
    refs = {licensee.ref: licensee for licensee in Licensee.objects.all()}
    cast.licensees = {member.key: refs[member.ref] for member in script.MEMBERS}
    cast.token = access.issue_token(
        name="licensing system",
        scopes=["decisions:ask", "decisions:explain"],
        expires_at=at + timedelta(days=180),
        by=cast.people["adam"],
        at=at,
    ).token
    return cast


def screen(at: datetime) -> None:
    """Do what the workers do, until no chunk waits."""
    while screening.next_chunk(at=at):
        pass


def standing(licensee: Licensee, model: str = "frontier-5", activity: str = "use_api") -> str:
    """The licensee's standing for an offering."""
    finding = finding_of(licensee, model, activity)
    return finding.outcome if finding else "none"


def finding_of(
    licensee: Licensee, model: str = "frontier-5", activity: str = "use_api"
) -> Finding | None:
    """The finding behind a standing, with its rules and missing facts."""
    position = Offering.objects.get(model__ref=model, activity=activity).position
    row = Standing.objects.select_related("sheet").filter(licensee=licensee).first()
    if row is None or position >= len(row.sheet.findings):
        return None
    return Finding.objects.filter(pk=row.sheet.findings[position]).first()


def standings(model: str = "frontier-5", activity: str = "use_api") -> dict[str, str]:
    """Everybody's standing for an offering, by licensee ref."""
    position = Offering.objects.get(model__ref=model, activity=activity).position
    outcomes = dict(Finding.objects.values_list("id", "outcome"))
    rows = Standing.objects.values_list("licensee__ref", "sheet__findings")
    return {ref: outcomes.get(ids[position], "none") for ref, ids in rows if position < len(ids)}


def held(licensee: Licensee, model: str = "frontier-5", activity: str = "use_api") -> bool:
    """Whether the licensee's entitlement for the offering is held."""
    entitlement = Entitlement.objects.get(
        licensee=licensee, offering__model__ref=model, offering__activity=activity
    )
    return entitlement.holds.filter(released_at=None).exists()
