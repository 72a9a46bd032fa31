"""The June story as a test: the same steps as ``make story``, on the named cast and a small crowd."""

import pytest

from tests.journeys import story
from tests.worlds import cast


@pytest.mark.django_db
def test_june_2026() -> None:
    told: list[str] = []
    story.tell(story.Story(cast.load(crowd=120), say=told.append))
    assert any("Timeline" in line for line in told)
