import pytest

from apps.chats.models import Channel, Chat, Group, Sender
from apps.chats.services import create_group
from apps.schedules import services
from apps.schedules.models import ScheduledTask


@pytest.fixture
def group(db) -> Group:
    return create_group(folder="family", name="Family", timezone="America/New_York")


@pytest.fixture
def hourly(group) -> ScheduledTask:
    return services.create_task(group=group, prompt="water the plants", schedule_type="interval", schedule_value="1h")


@pytest.fixture
def telegram(db) -> Channel:
    return Channel.objects.create(platform="telegram", name="bot")


@pytest.fixture
def room(group, telegram) -> Chat:
    return Chat.objects.create(channel=telegram, external_id="-1", group=group, title="The family's room")


@pytest.fixture
def foreign(telegram) -> Chat:
    office = create_group(folder="office", timezone="Europe/Berlin")
    return Chat.objects.create(channel=telegram, external_id="-2", group=office, title="The office's room")


@pytest.fixture
def ann(telegram) -> Sender:
    return Sender.objects.create(channel=telegram, external_id="1", name="Ann", access=Sender.Access.ADMIN)


@pytest.fixture
def bob(telegram) -> Sender:
    return Sender.objects.create(channel=telegram, external_id="2", name="Bob", access=Sender.Access.ALLOWED)


@pytest.fixture
def carol(telegram) -> Sender:
    return Sender.objects.create(channel=telegram, external_id="3", name="Carol", access=Sender.Access.ALLOWED)


@pytest.fixture
def main(group: Group) -> Group:
    group.is_main = True
    group.save()
    return group
