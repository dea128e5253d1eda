"""The command line's words for a failed model call, as a person in a chat can read them."""

import json
import re

CALL = re.compile(
    r"(?:Failed to authenticate\. )?API Error:?\s*(?:Request rejected \()?(?P<status>\d{3})?\)?[\s·:]*(?P<words>.*)",
    re.DOTALL,
)
ADVICE = re.compile(
    # Who reads this starts no calls, and the gateway it speaks of is this runner's own port.
    r"\s*(This is a server-side issue, usually temporary — try again in a moment\."
    r"|If it persists, check your inference gateway(?: \([^)]*\))?\.)"
)
INNER = re.compile(r"\(?\b(?:https?://)?(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:/\S*)?\)?")
SAID_BY_HOST = "504"
"""The host's gateway says why nobody answered, in a sentence of its own."""


def plainly(said: str) -> str:
    """Without the command line's advice and the container's inner addresses; a status stays, as `(529)`."""
    text = re.sub(" {2,}", " ", INNER.sub("", ADVICE.sub("", said))).strip()
    found = CALL.fullmatch(text)
    if not found:
        return text
    words = _message_in(found["words"]).rstrip(" .:")
    if found["status"] == SAID_BY_HOST and words:
        return words if words.endswith("。") else f"{words}."
    status = f" ({found['status']})" if found["status"] else ""
    return f"The model refused{status}: {words}." if words else f"The model refused{status}."


def _message_in(words: str) -> str:
    """The sentence inside an error that is quoted as JSON."""
    try:
        return str(json.loads(words.rstrip(". "))["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return words
