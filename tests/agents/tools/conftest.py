"""A run in the team's room on Telegram that an admin called."""

import pytest

from apps.agents import authorization, services
from apps.agents.models import Run
from apps.chats.models import Channel, Chat, Group, Message, Sender
from apps.chats.services import create_group
from tests.agents.tools.support import begun


@pytest.fixture
def telegram(db: None) -> Channel:
    return Channel.objects.create(platform="telegram", name="bot")


@pytest.fixture
def place(group: Group, telegram: Channel) -> Chat:
    return Chat.objects.create(channel=telegram, external_id="-1001", group=group, title="The team's room")


@pytest.fixture
def foreign(telegram: Channel) -> Chat:
    office = create_group(folder="office", name="The office")
    return Chat.objects.create(channel=telegram, external_id="-2002", group=office, title="The office's room")


@pytest.fixture
def ann(telegram: Channel) -> Sender:
    return Sender.objects.create(channel=telegram, external_id="7", name="Ann", access=Sender.Access.ADMIN)


@pytest.fixture
def asked(place: Chat, ann: Sender) -> Message:
    """The message that the run answers."""
    return Message.objects.create(
        chat=place, direction="in", external_id="55", sender=ann, sender_name="Ann", text="hello", calls_agent=True
    )


@pytest.fixture
def run(group: Group, place: Chat, asked: Message, ann: Sender) -> Run:
    requested = begun(services.request_run(group, chat=place, cause=Run.Cause.MESSAGE))
    authorization.took(requested, [ann.pk])
    return requested


@pytest.fixture
def main(run: Run, group: Group) -> Run:
    """The same run, of the main group."""
    group.is_main = True
    group.save()
    run.session.group = group
    return run
