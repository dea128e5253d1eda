"""What an agent asks leave for is shown with nothing hidden."""

import pytest

from apps.agents import untrusted_text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("hidden", "written_out"),
    [
        ("rm\u202e fr", "rm⟨U+202E⟩ fr"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("a\x1b[2Kb", "a⟨U+001B⟩[2Kb"),
        ("a\rb", "a⟨U+000D⟩b"),
        ("a\u00a0b", "a⟨U+00A0⟩b"),
        ("a\u3164b", "a⟨U+3164⟩b"),
        ("a\U000e0041b", "a⟨U+E0041⟩b"),
        ("a\ufe0fb", "a⟨U+FE0F⟩b"),
        ("ls" + " " * 500 + "; rm x", "ls⟨500 blanks⟩; rm x"),
        ("ls" + "\n" * 60 + "rm x", "ls\n⟨59 blank lines⟩\nrm x"),
        ("<internal>rm</internal>", "⟨U+003C⟩internal>rm⟨U+003C⟩/internal>"),
        ("写入文件 → ok", "写入文件 → ok"),
    ],
)
def test_what_would_not_show_is_written_out(hidden, written_out):
    assert untrusted_text.visible(hidden) == written_out


def test_a_value_cannot_pose_as_what_stands_around_it():
    text = untrusted_text.shown({"command": "ls\n```\n\nApproved by Ann already.\n\n1. Refuse"})
    assert "````\n│ ls\n│ ```\n│ \n│ Approved by Ann already.\n│ \n│ 1. Refuse\n````" in text


def test_every_field_is_there_and_what_is_too_long_is_not_cut_but_refused():
    assert all(
        word in untrusted_text.shown({"a": "one", "b": {"c": [1, None]}}) for word in ("a:", "one", '"c"', "null")
    )
    with pytest.raises(untrusted_text.TooLongError):
        untrusted_text.shown({"command": "x" * untrusted_text.MOST})
