"""Names of models for forms whose app stands below this one."""

from django import template

from apps.agents.models import ModelProvider
from apps.agents.models.provider import ALL_OTHERS
from apps.agents.pricing import PUBLISHED

register = template.Library()

BEGINNINGS = {"claude-3-7-sonnet", "claude-3-5-haiku", "claude-opus-4", "claude-sonnet-4"}  # of names, not whole ones


@register.simple_tag
def known_models() -> list[str]:
    """What may be proposed: models with a published price, and those that a provider's row names."""
    names = set(PUBLISHED) - BEGINNINGS
    for prices, ours in ModelProvider.objects.filter(enabled=True).values_list("prices", "model_names"):
        names |= {str(name) for name in [*prices, *ours]}
    return sorted(names - {ALL_OTHERS})
