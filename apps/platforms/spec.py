"""What a platform says of itself without loading its SDK: each platform's `spec.py` holds one PlatformSpec."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

Words = str | Promise
HTTP, WEBSOCKET = ("http", "https"), ("ws", "wss")
REFERENCES = ("env:", "file:")  # of credentials: what they mean is known when the channel connects


@dataclass(frozen=True, slots=True)
class Field:
    """One value that a channel of the platform takes, as the form, the command line and the documentation show it."""

    name: str
    help: Words  # where a person finds the value
    label: Words = ""  # empty: the name
    required: bool = False
    secret: bool = True  # of credentials: never shown again
    choices: Sequence[str] = ()  # the first one is the default
    schemes: Sequence[str] = ()  # of an address; empty: it is none

    @property
    def title(self) -> Words:
        return self.label or self.name.replace("_", " ").capitalize()

    def problem(self, value: str) -> str:
        """Why the platform's adapter could not use the value, or an empty string."""
        if value and self.choices and value not in self.choices:
            return gettext("One of %(choices)s is expected.") % {"choices": ", ".join(self.choices)}
        if value and self.schemes and not _is_address(value, self.schemes):
            beginnings = ", ".join(f"{scheme}://" for scheme in self.schemes)
            return gettext("An address is expected that begins with one of: %(beginnings)s") % {
                "beginnings": beginnings
            }
        return ""


def _is_address(value: str, schemes: Sequence[str]) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no port, no brackets that match
        return False


@dataclass(frozen=True, slots=True)
class PlatformSpec:
    """The dotted paths are loaded when needed.

    label: the platform's name as people read it.
    adapter: the Adapter; only the listeners load it, and with it the SDK.
    check: `async def check(channel: Channel) -> str`: asks the platform whether the credentials work, says in words
        who we are there, raises PlatformError or CredentialError. Loaded by the web process: no SDK that is slow.
    webhook: `def read(channel: Channel, request: Request) -> Received`, see `webhooks.py`; empty: there is none.
    quiet_loggers: loggers of its libraries whose INFO lines hold secrets or say what the product says itself.
    """

    label: Words
    adapter: str
    credentials: tuple[Field, ...] = ()
    options: tuple[Field, ...] = ()
    check: str = ""
    webhook: str = ""
    command_prefixes: str = "/"  # what a chat command begins with; "/!" where the platform keeps the slash for itself
    reactions: bool = False  # the adapter's `react` puts an emoji under a message
    quiet_loggers: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        return [field.name for field in (*self.credentials, *self.options)]


API_BASE = Field(
    "api_base",
    _("Another server that speaks the platform's API; empty: the platform's own."),
    _("API base"),
    schemes=HTTP,
)
WS_BASE = Field(
    "ws_base", _("Another server for the websocket; empty: the platform's own."), _("Websocket base"), schemes=WEBSOCKET
)
ACK_REACTION = Field(
    "ack_reaction",
    _("An emoji put under a message when the agent begins with it; empty: none."),
    _("Reaction when it begins"),
)
PAIRING = (
    Field(
        "strangers",
        _("Somebody unknown who writes directly: gets a code that an admin must approve (pairing), or no answer."),
        _("Strangers"),
        choices=("pairing", "ignore"),
    ),
    Field(
        "pairing_group",
        _("The folder of the group that serves direct chats once they are approved; empty: the admin names it."),
        _("Group for direct chats"),
    ),
)
PROGRESS = Field(
    "progress",
    _("Whether a long turn is told of: by a line that is edited and becomes the answer, or by one line after a while."),
    _("Say what is being done when it takes long"),
    choices=("yes", "no"),
)
STREAM = Field(
    "stream",
    _("Whether the answer is shown while it is written, by editing one message."),
    _("Show the answer while it is written"),
    choices=("no", "yes"),
)
