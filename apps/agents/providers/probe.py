"""Asking a model provider for some tokens, to say in words whether what the admin entered works."""

import json

import httpx

from apps.agents.models import ModelProvider
from apps.agents.providers.call import Call
from apps.agents.providers.failover import asked_once, refusal_sentence, what_happened
from apps.agents.providers.pool import from_row

PATIENCE_S = 20.0
TOKENS = 16  # the least that OpenAI's models let themselves be asked for, behind a proxy that speaks the Messages API


def probe(row: ModelProvider, model: str) -> tuple[bool, str]:
    """Whether it answers, and a sentence about it. One short call of this model, which costs next to nothing."""
    provider = from_row(row)
    if provider.trouble:
        return False, provider.trouble
    said = {"model": model, "max_tokens": TOKENS, "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
    call = Call("probe", "POST", "/v1/messages", headers, bytearray(json.dumps(said).encode()))
    try:
        answered = asked_once(call, provider, patience_s=PATIENCE_S)
    except httpx.HTTPError as error:
        return False, what_happened(error)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        return False, f"The base URL or the key cannot be sent: {provider.scrubbed(str(error))}"
    if answered.status == 404:
        address = provider.url("/v1/messages")
        return False, f"{address} is not there, or has no model {model}: {refusal_sentence(answered)}"
    if answered.status >= 400:
        return False, refusal_sentence(answered)
    if answered.status >= 300:
        target = answered.headers.get("location", "another address")
        return False, f"The address leads on to {target}: enter that one."
    return _judged(answered.body, model)


def _judged(body: bytes, model: str) -> tuple[bool, str]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or answer.get("type") != "message":
        return False, "Something answers there, but it does not speak the Messages API."
    who, usage = answer.get("model") or model, answer.get("usage")
    if not isinstance(usage, dict) or not usage.get("output_tokens"):
        return True, f"It answers: {who}. It does not say what it used: that is reckoned by the length of the words."
    return True, f"It answers: {who}."
