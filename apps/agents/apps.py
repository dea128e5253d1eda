from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AgentsConfig(AppConfig):
    name = "apps.agents"
    verbose_name = _("Agents")

    def ready(self) -> None:
        from apps.agents.services import answer_released  # noqa: PLC0415 - the models are there only now
        from apps.plugins import hooks  # noqa: PLC0415 - beside it

        autodiscover_modules("tools", "chat_commands")
        hooks.message_released.attach(answer_released)
