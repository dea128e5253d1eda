"""WeCom's envelope."""

import base64
import time
from functools import partial

import pytest

from apps.platforms.adapters.wecom.codec import Codec
from apps.platforms.webhooks import WebhookRefused
from tests.fakes.wecom_api import APP, CORP_ID, sealed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


def test_wecoms_own_sample_is_opened(monkeypatch):
    """From the sample code of "Encryption and decryption of callbacks"."""
    monkeypatch.setattr(time, "time", lambda: 1409659589)
    key = base64.b64decode("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C=")
    codec = Codec(token="QDG6eK", key=key, receiver="wx5823bf96d3bd56c7")
    echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    query = {"timestamp": "1409659589", "nonce": "263014780"}
    signature = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert codec.open({**query, "msg_signature": signature}, echo) == b"1616140317555161061"


def test_an_envelope_is_for_one_company_and_one_key_only():
    encrypted, query = sealed("hello", receiver=CORP_ID)
    key = base64.b64decode(f"{APP['encoding_aes_key']}=")
    ours = partial(Codec, token=APP["token"], key=key, receiver=CORP_ID)

    assert ours().open(query, encrypted) == b"hello"
    for other in (ours(receiver="ww-other"), ours(key=bytes(32)), ours(token="other")):
        with pytest.raises(WebhookRefused):
            other.open(query, encrypted)
