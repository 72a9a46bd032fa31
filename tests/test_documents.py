"""Documents and code cite only what is in this repository, and no picture lies here unseen."""

from tests.documents import PICTURES, pictures_shown

MOST_PICTURES = 16


def test_every_picture_kept_is_shown_by_a_document() -> None:
    """The others are made by `make screenshots`, where git does not look."""
    kept = set(PICTURES.iterdir())
    assert kept == pictures_shown()
    assert len(kept) <= MOST_PICTURES
