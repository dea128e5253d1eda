from django.apps import AppConfig
from django.db.models.signals import pre_delete
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AgentsConfig(AppConfig):
    name = "apps.agents"
    verbose_name = _("Agents")

    def ready(self) -> None:
        from apps.agents.billing.budgets import remember_deleted  # noqa: PLC0415 - the models are there only now
        from apps.agents.models import Run  # noqa: PLC0415 - beside it
        from apps.agents.services import answer_released  # noqa: PLC0415 - beside it
        from apps.events import hooks  # noqa: PLC0415 - beside it

        autodiscover_modules("tools", "chat_commands")
        pre_delete.connect(lambda instance, **_: remember_deleted(instance), sender=Run, weak=False)
        hooks.message_released.attach(answer_released)
