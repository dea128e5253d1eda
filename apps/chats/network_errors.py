"""Why a server cannot be reached, in words that hold no address and no token."""

import ssl
from http.client import HTTPException, RemoteDisconnected

from django.utils.translation import gettext as _


def why(error: BaseException) -> str:
    """A certificate that is not valid, a time-out, else the operating system's word; without one, the error's name."""
    cause: BaseException | None = error
    while cause is not None:
        if words := _words(cause):
            return words[:1].lower() + words[1:]
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def _words(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _("its certificate is not valid: %s") % cause.verify_message.split(", certificate is not valid for")[0]
    if isinstance(cause, ssl.SSLError):
        return _("no TLS is spoken there (%s)") % (cause.reason or _("broken off"))
    if isinstance(cause, TimeoutError):
        return _("no answer in time")
    if isinstance(cause, HTTPException):
        return _("it hung up") if isinstance(cause, RemoteDisconnected) else _("what it says is no HTTP")
    return str(cause.strerror or "") if isinstance(cause, OSError) else ""
