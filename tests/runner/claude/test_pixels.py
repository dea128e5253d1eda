"""What kind of image some bytes are, how large it is, and whether it is whole."""

import pytest
from ngb_runner.claude.pixels import UnreadableImageError, measure

from tests.fakes import pictures

KINDS = {
    "png": (pictures.png(3, 5), ("image/png", 3, 5)),
    "jpeg": (pictures.JPEG, ("image/jpeg", 1, 1)),
    "gif": (pictures.GIF, ("image/gif", 1, 1)),
    "webp": (pictures.WEBP, ("image/webp", 1, 1)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_known_by_its_head(kind: str) -> None:
    raw, found = KINDS[kind]
    assert measure(raw) == found


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_was_cut_off_is_damaged_wherever_that_was(kind: str) -> None:
    raw = KINDS[kind][0]
    for length in (12, len(raw) // 2, len(raw) - 13):
        with pytest.raises(UnreadableImageError, match="damaged"):
            measure(raw[:length])


@pytest.mark.parametrize("raw", [b"", b"hello", b"BM6\0\0\0", b"<svg/>", b"RIFF\0\0\0\0WAVE"])
def test_what_is_none_of_the_four_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(UnreadableImageError, match="no PNG, JPEG, GIF or WebP"):
        measure(raw)


def test_one_without_a_side_is_damaged() -> None:
    with pytest.raises(UnreadableImageError, match="damaged"):
        measure(pictures.png(0, 5))


def test_what_a_camera_appends_behind_the_end_is_no_damage() -> None:
    assert measure(pictures.JPEG + b"\0" * 500) == ("image/jpeg", 1, 1)
