"""One model call on its way through the providers, until one of them answers."""

import json
import logging
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from apps.agents.models.provider import ALL_OTHERS
from apps.agents.providers import pool
from apps.agents.providers.call import Call
from apps.agents.providers.pool import Provider
from apps.chats.network_errors import why

logger = logging.getLogger(__name__)

PASSED_UP = {"accept", "anthropic-version", "anthropic-beta", "user-agent"}
KEPT_BACK = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "set-cookie"}
NO_ENTRY = {401, 402, 403}  # the key or the account is refused
NO_CREDIT = b"credit balance is too low"  # the API says this with a 400
NO_DATABASE = b"no_db_connection"  # a LiteLLM proxy without a database, with a 400, of every key but its own
DEARER = ("fast-mode",)  # betas that agents may not ask for: up to six times the price for the same words
OUTPUT_REFUSED = re.compile(r"max_(completion_|output_)?tokens")
BUSY = {408, 429}  # and everything from 500 on: another provider may do better
THEIR_OWN = "x-litellm-"  # headers that name the server behind the proxy, which is none of the agent's business
MAX_WHOLE = 1024 * 1024  # bytes of an answer that is read as a whole, such as an error's
MAX_HEADER = 4000  # characters
CONNECT_S = 10.0
CONNECT_AMONG_OTHERS_S = 4.0
STREAMED = re.compile(rb'"stream"\s*:\s*true')


@dataclass(slots=True)
class Answered:
    """Who answered and how: `stream` is still to be read and closed; where there is none, `body` is all of it."""

    provider: Provider
    status: int
    headers: dict[str, str]
    body: bytes = b""
    stream: httpx.Response | None = None
    is_echo: bool = False  # of what the agent said itself: it tells nothing of the provider


_making = threading.Lock()


def upstream() -> httpx.Client:
    """One pooled client for each process, also when its first calls come at once."""
    with _making:
        return _upstream()


@cache
def _upstream() -> httpx.Client:
    return httpx.Client(limits=httpx.Limits(max_connections=200, max_keepalive_connections=20))


def hang_up() -> None:
    """Closes what is kept open; the next call begins anew."""
    with _making:
        if _upstream.cache_info().currsize:
            _upstream().close()
            _upstream.cache_clear()


def is_message(call: Call) -> bool:
    """Whether it costs money: counting tokens and listing models are free."""
    return call.method == "POST" and call.path.partition("?")[0] == "/v1/messages"


def asked_model(call: Call) -> str:
    """What the agent asked for; read from the body only where it is needed."""
    return str(_loads(call.body).get("model") or "")


def first_answer(call: Call, asked: Sequence[Provider]) -> Answered | None:
    """The first answer that another provider could not better, else the last error that one gave, intact.

    None when the agent has given the call up; raises httpx.HTTPError when nobody answered at all. Nothing is asked
    again once a byte of an answer has passed.
    """
    last: Answered | None = None
    for number, provider in enumerate(asked, start=1):
        if call.cancelled.is_set():
            return None
        is_last = number == len(asked)
        try:
            answered = _ask(call, provider, is_last=is_last)
        except httpx.HTTPError as error:
            if is_message(call):
                pool.failed(provider, what_happened(error))
            if is_last and last is None:
                raise
            continue
        last = answered
        if is_message(call):
            _note(answered)
        if not _is_for_another(answered):
            break
    return last


def _is_for_another(answered: Answered) -> bool:
    return keeps_us_out(answered) or _may_be_shut(answered) or answered.status in BUSY or answered.status >= 500


def keeps_us_out(answered: Answered) -> bool:
    """The key or the account is refused: whatever the agent does, no call will pass."""
    return answered.status in NO_ENTRY or _is_wrong_key(answered) or _says(answered, NO_CREDIT)


def _is_wrong_key(answered: Answered) -> bool:
    return answered.status in (401, 403) or _says(answered, NO_DATABASE)


def _says(answered: Answered, words: bytes) -> bool:
    return answered.status == 400 and words in answered.body and not answered.is_echo


def _may_be_shut(answered: Answered) -> bool:
    """It says so in words that stand in the question too, as where people talk about it: nobody can tell."""
    return answered.status == 400 and answered.is_echo


def _note(answered: Answered) -> None:
    """How the provider did. Only messages count: not every endpoint can count tokens or list its models."""
    if _may_be_shut(answered):
        return
    if keeps_us_out(answered):
        pool.refused(answered.provider, refusal_sentence(answered))
    elif _is_for_another(answered):
        pool.failed(answered.provider, refusal_sentence(answered))
    else:
        pool.worked(answered.provider)


def asked_once(call: Call, provider: Provider, *, patience_s: float) -> Answered:
    """The whole answer of one provider, for whom nothing is noted; raises httpx.HTTPError."""
    response = upstream().send(_request(call, provider, httpx.Timeout(patience_s)), stream=True)
    return Answered(provider, response.status_code, _headers_down(response, provider), _whole(response, provider))


def _request(call: Call, provider: Provider, timeout: httpx.Timeout) -> httpx.Request:
    headers, body = headers_up(call.headers, provider), _body_for(call, provider)
    return upstream().build_request(
        call.method, provider.url(call.path), headers=headers, content=body, timeout=timeout
    )


def _ask(call: Call, provider: Provider, *, is_last: bool) -> Answered:
    request = _request(call, provider, _patience(call, is_last=is_last))
    response = upstream().send(request, stream=True)
    # From here on it is silence in the middle of an answer that is measured, not the wait for its beginning.
    request.extensions["timeout"]["read"] = settings.AGENT_MODEL_TIMEOUT
    headers = _headers_down(response, provider)
    if response.status_code < 400:
        return Answered(provider, response.status_code, headers, stream=response)
    whole = _whole(response, provider)
    return Answered(provider, response.status_code, headers, body=whole, is_echo=_is_echo(whole, call))


def _is_echo(body: bytes, call: Call) -> bool:
    """Whether the words that would have a provider rest for everybody stand in what this agent asked."""
    found = [words for words in (NO_CREDIT, NO_DATABASE) if words in body]
    if not found:
        return False
    asked = json.dumps(_loads(call.body), ensure_ascii=False).encode(errors="replace")
    return any(words in asked or words in call.body for words in found)


def _patience(call: Call, *, is_last: bool) -> httpx.Timeout:
    """Short where another provider can be asked; an answer that is not streamed begins only when it is whole."""
    silence: float = settings.AGENT_MODEL_TIMEOUT
    if is_last:
        return httpx.Timeout(silence, connect=CONNECT_S, pool=30)
    begins_soon = not is_message(call) or STREAMED.search(call.body)
    first_byte = min(settings.AGENT_FIRST_BYTE_TIMEOUT, silence) if begins_soon else silence
    return httpx.Timeout(silence, connect=CONNECT_AMONG_OTHERS_S, read=first_byte, pool=30)


def headers_up(headers: dict[str, str], provider: Provider) -> dict[str, str]:
    """What the agent said, without its placeholder key and with ours; uncompressed, so that it can be counted."""
    passed = {name: value for name, value in headers.items() if name in PASSED_UP and _can_be_sent(value)}
    asked = passed.pop("anthropic-beta", "").split(",")
    if betas := ",".join(beta for beta in asked if beta.strip() and not beta.strip().startswith(DEARER)):
        passed["anthropic-beta"] = betas
    ours = {"accept-encoding": "identity"}
    if "content-type" in headers:  # without a charset: a body is judged as plain JSON, and nobody may read it otherwise
        ours["content-type"] = "application/json"
    return passed | ours | provider.headers(passed.get("anthropic-beta", ""))


def _can_be_sent(value: str) -> bool:
    """What no header holds would fail at the provider's door, and be held against the provider."""
    return value.isascii() and value.isprintable() and len(value) <= MAX_HEADER


def _body_for(call: Call, provider: Provider) -> bytes:
    """With the model's name as the provider knows it, and no more output asked for than it gives."""
    if not call.body or not (provider.model_names or provider.max_output_tokens):
        return bytes(call.body)
    said = _loads(call.body)
    theirs = provider.model_names.get(str(said.get("model"))) or provider.model_names.get(ALL_OTHERS)
    changed = ({"model": theirs} if theirs else {}) | _less_output(said, provider.max_output_tokens)
    return json.dumps(said | changed).encode() if changed else bytes(call.body)


def _less_output(said: dict[str, Any], most: int | None) -> dict[str, Any]:
    """What must be said instead where the call asks for more; thinking is a part of the output, and less than all."""
    asked = said.get("max_tokens")
    if not most or not isinstance(asked, int) or asked <= most:
        return {}
    thinking = said.get("thinking")
    if isinstance(thinking, dict) and isinstance(budget := thinking.get("budget_tokens"), int) and budget >= most:
        return {"max_tokens": most, "thinking": thinking | {"budget_tokens": most - 1}}
    return {"max_tokens": most}


def _headers_down(response: httpx.Response, provider: Provider) -> dict[str, str]:
    return {
        name: value
        for name, value in response.headers.items()
        if not (name.lower() in KEPT_BACK or name.lower().startswith(THEIR_OWN)) and provider.scrubbed(value) == value
    }


def _whole(response: httpx.Response, provider: Provider) -> bytes:
    """A short body, without the key."""
    said = bytearray()
    try:
        for piece in response.iter_bytes():
            said += piece
            if len(said) > MAX_WHOLE:
                break
    finally:
        response.close()
    return provider.scrubbed(said.decode(errors="replace")).encode()


def _loads(body: bytes | bytearray) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def what_happened(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return _("The model cannot be reached: %s.") % why(error)
    if isinstance(error, httpx.TimeoutException):
        patience = error.request.extensions.get("timeout", {}).get("read") or settings.AGENT_MODEL_TIMEOUT
        return _("The model has said nothing for %g seconds.") % patience
    hung_up = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError)
    return _("The connection to the model broke: %s.") % (_("it hung up") if hung_up else why(error))


def refusal_sentence(answered: Answered) -> str:
    """The upstream's own words, in one line."""
    said = _own_words(answered.body) or f"HTTP {answered.status}"
    provider, advice = answered.provider, ""
    if answered.status == 400 and provider.pk and OUTPUT_REFUSED.search(said):
        advice = _("Enter for the provider %s in the admin how many output tokens it gives at most.") % provider.name
    if _is_wrong_key(answered):
        its_key = _("Check the key of the provider %s in the admin.") % provider.name
        advice = its_key if provider.pk else _("Check ANTHROPIC_API_KEY in .env.")
    refused = _("The model refused: %s.") % said[:300].removesuffix(".")
    return f"{refused} {advice}".rstrip()


def _own_words(body: bytes) -> str:
    """The sentence in an error's body, in the API's form or another that servers use; empty: there is none."""
    if body.lstrip()[:1] not in (b"{", b"[", b"<"):
        return " ".join(body.decode(errors="replace").split())
    said = _loads(body)
    error = said.get("error")
    if isinstance(error, dict):
        said = error
    found = (said.get(name) for name in ("message", "error", "detail"))
    return next((" ".join(words.split()) for words in found if isinstance(words, str)), "")
