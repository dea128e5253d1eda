"""A secret does not come back in what a server says, and nothing else is held back."""

import pytest

from apps.agents.gateway.redaction import Redactor

TOKEN = "a-token-nobody-may-see"


@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_a_secret_is_found_however_the_bytes_are_cut(pieces):
    redactor = Redactor([f"Bearer {TOKEN}"])
    text = f"a {TOKEN} b Bearer {TOKEN} a-token-nobody".encode()
    size = -(-len(text) // pieces)
    told = b"".join(redactor.feed(text[at : at + size]) for at in range(0, len(text), size)) + redactor.close()
    assert told == b"a [secret] b [secret] a-token-nobody"


def test_what_is_no_secret_is_not_held_back():
    assert Redactor([TOKEN]).feed(b"data: x\n\n") == b"data: x\n\n"
