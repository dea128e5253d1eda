"""What may be wrong with any platform, in the installation's language, or in the reader's on a page.

A platform is named in English; some have another name in Chinese.
"""

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _


def unreachable(platform: str, why: str) -> str:
    return _("%(platform)s cannot be reached: %(why)s.") % {"platform": _(platform), "why": why}


def closed(platform: str, why: str | int) -> str:
    return _("%(platform)s closed the connection (%(why)s).") % {"platform": _(platform), "why": why}


def silent(platform: str) -> str:
    return _("%s does not answer any more.") % _(platform)


def asks_to_wait(platform: str, seconds: float) -> str:
    return _("%(platform)s asks us to wait %(seconds).0f s.") % {"platform": _(platform), "seconds": seconds}


def refused(platform: str, words: str) -> str:
    """`words`: the platform's own, with their full stop."""
    return _("%(platform)s refused it: %(words)s") % {"platform": _(platform), "words": words}


def trouble(platform: str, words: str) -> str:
    """`words`: the platform's own, with their full stop."""
    return _("%(platform)s has trouble: %(words)s") % {"platform": _(platform), "words": words}


def trouble_of_status(platform: str, status: str | int) -> str:
    return _("%(platform)s has trouble (%(status)s).") % {"platform": _(platform), "status": status}


def not_understood(platform: str, words: str) -> str:
    return _("%(platform)s answered what nobody understands (%(words)s).") % {"platform": _(platform), "words": words}


def not_delivered(why: str) -> str:
    """`why`: a sentence."""
    return _("A message was not delivered: %s") % why


def no_empty_files(platform: str) -> str:
    return _("%s takes no empty files.") % _(platform)


def files_up_to(platform: str, size: int) -> str:
    """`size`: in bytes."""
    return _("%(platform)s takes files up to %(most)s.") % {"platform": _(platform), "most": filesizeformat(size)}


def no_message(platform: str) -> str:
    return _("That is no message of %s, and nothing can be put under it.") % _(platform)


def not_its_api(platform: str) -> str:
    return _("What answers there is not %s's API.") % _(platform)
