from django.utils.translation import gettext_lazy as _

from apps.platforms.spec import PlatformSpec

SPEC = PlatformSpec(label=_("Chat page"), adapter="apps.platforms.adapters.web.adapter.WebAdapter")
