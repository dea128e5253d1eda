from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlatformsConfig(AppConfig):
    name = "apps.platforms"
    verbose_name = _("Platforms")

    def ready(self) -> None:
        from apps.platforms import registry  # noqa: PLC0415 - models are there only now
        from apps.platforms.status import draft_publisher  # noqa: PLC0415 - models are there only now

        draft_publisher.attach()
        registry.declare_platforms()
