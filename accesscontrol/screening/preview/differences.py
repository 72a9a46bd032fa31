"""How one impact preview differs from another: licensees that came, went, or changed the group."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from accesscontrol.models import Group, Preview

EXAMPLES = 50

FROM_DIFFERENT = """
    FROM (SELECT licensee_id, "group" FROM accesscontrol_affectedlicensee
          WHERE preview_id = %(old)s) AS was
    FULL JOIN (SELECT licensee_id, "group" FROM accesscontrol_affectedlicensee
               WHERE preview_id = %(new)s) AS now USING (licensee_id)
    WHERE was."group" IS DISTINCT FROM now."group"
"""


@dataclass(frozen=True)
class Difference:
    """Licensees whose group differs; ``moves`` counts them by (group before, group now).

    ``licensees`` names the first of them by id, each with both groups.
    """

    moves: Mapping[tuple[Group, Group], int]
    licensees: Mapping[int, tuple[Group, Group]]

    @property
    def equal(self) -> bool:
        """Whether the same licensees are affected in the same way."""
        return not self.moves

    @property
    def count(self) -> int:
        """How many licensees differ."""
        return sum(self.moves.values())

    def in_words(self) -> str:
        """The difference in a sentence, or that there is none."""
        if self.equal:
            return "The same licensees are affected in the same way."
        parts = [
            f"{count} {_quoted(was)} → {_quoted(now)}"
            for (was, now), count in sorted(self.moves.items())
        ]
        noun = "licensee differs" if self.count == 1 else "licensees differ"
        return f"{self.count} {noun}: {', '.join(parts)}."


def compare(old: Preview, new: Preview) -> Difference:
    """What differs between two previews that are done, of the same version or of two."""
    if old.affected_digest == new.affected_digest:
        return Difference({}, {})
    both = {"old": old.pk, "new": new.pk}
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT was."group", now."group", count(*) {FROM_DIFFERENT} GROUP BY 1, 2',
            both,
        )
        moves = {(_read(was), _read(now)): count for was, now, count in cursor.fetchall()}
        cursor.execute(
            f'SELECT licensee_id, was."group", now."group" {FROM_DIFFERENT}'
            " ORDER BY licensee_id LIMIT %(most)s",
            both | {"most": EXAMPLES},
        )
        named = {pk: (_read(was), _read(now)) for pk, was, now in cursor.fetchall()}
    return Difference(moves, named)


def _read(group: int | None) -> Group:
    return Group.NO_CHANGE if group is None else Group(group)


def _quoted(group: Group) -> str:
    return f"“{group.label}”"
