import pytest

from apps.chats import services
from tests.platforms.support import outbound, send
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_stored_for_the_page_is_delivered(listeners):
    group = services.create_group(folder="main", is_main=True)
    listeners.start()
    message = send(services.web_chat(group), "hello " * 5000)
    until(lambda: outbound("sent") == 1)
    message.refresh_from_db()
    assert message.external_parts == [f"{message.idempotency_key}-0"]
