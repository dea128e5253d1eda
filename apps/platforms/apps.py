from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlatformsConfig(AppConfig):
    name = "apps.platforms"
    verbose_name = _("Platforms")

    def ready(self) -> None:
        from apps.platforms import registry, streaming  # noqa: PLC0415 - models are there only now

        streaming.attach()
        registry.declare_abilities()
