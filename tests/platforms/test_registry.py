"""A platform is a folder: what stands beside the others is offered, named and quieted like them."""

import logging

import pytest

from apps.chats import platforms
from apps.chats.models import Channel
from apps.platforms import registry
from apps.platforms.adapters.telegram.adapter import TelegramAdapter
from apps.platforms.base import PlatformError
from apps.platforms.registry import SPECS
from apps.platforms.spec import PlatformSpec


def test_every_folder_of_an_adapter_is_a_platform():
    folders = [path.parent.name for path in registry.ADAPTERS.glob("*/__init__.py")]
    assert sorted(SPECS) == sorted(folders)
    assert len(SPECS) >= 9


def test_a_channel_may_be_of_each_of_them_and_of_no_other():
    offered = dict(Channel._meta.get_field("platform").flatchoices)
    assert offered == {name: spec.label for name, spec in SPECS.items()}
    assert next(iter(offered)) == platforms.WEB


@pytest.mark.django_db
def test_a_channel_of_a_platform_that_has_gone_keeps_its_name():
    channel = Channel.objects.create(platform="gone", name="old")
    assert channel.get_platform_display() == "gone"
    with pytest.raises(PlatformError, match="no adapter for gone"):
        registry.adapter_class(channel.platform)


def test_an_adapter_is_loaded_when_it_is_needed():
    assert registry.adapter_class("telegram") is TelegramAdapter


def test_a_new_platform_is_declared_with_its_label_and_its_quiet_libraries(monkeypatch):
    spec = PlatformSpec(label="New", adapter="", reactions=True, quiet_loggers=("new.client",))
    monkeypatch.setattr(platforms, "_declared", dict(platforms._declared))
    monkeypatch.setitem(SPECS, "new", spec)
    registry.declare_platforms()
    assert ("new", "New") in platforms.choices()
    assert platforms.can_react("new")
    assert not platforms.can_react("of_nobody")
    assert not logging.getLogger("new.client").isEnabledFor(logging.INFO)
    assert logging.getLogger("new.client").isEnabledFor(logging.WARNING)


@pytest.mark.parametrize("library", [name for spec in SPECS.values() for name in spec.quiet_loggers])
def test_a_library_whose_lines_hold_secrets_is_quiet(library):
    assert not logging.getLogger(library).isEnabledFor(logging.INFO)
