"""The transcript in the admin: what was not delivered is found, and sent again."""

import pytest

from apps.chats.models import Message
from tests.chats.admin.support import act
from tests.chats.support import answered, said

pytestmark = pytest.mark.django_db


def test_a_message_shows_what_it_has(browser_of, chat):
    bare, failed = said(chat, "hello"), answered(chat, "hi", delivery="failed", error="Forbidden")
    failed.attachments.create(kind="file", name="plan.pdf")

    of_bare, of_failed = (browser_of.get(f"/admin/chats/message/{each.pk}/change/").text for each in (bare, failed))

    assert ("field-error" in of_bare, "field-error" in of_failed) == (False, True)
    assert ("plan.pdf" in of_bare, "plan.pdf" in of_failed) == (False, True)
    assert "History" not in of_bare + of_failed  # nobody changes it


def test_what_failed_is_sent_again(browser_of, chat):
    failed = answered(chat, "one", delivery="failed", error="Forbidden")
    sent = answered(chat, "two")

    listed = browser_of.get("/admin/chats/message/?trouble=failed")
    response = act(browser_of, "chats/message", "resend", failed, sent)

    assert [row.pk for row in listed.context["cl"].result_list] == [failed.pk]
    assert "1 message goes out again." in response.text
    assert Message.objects.get(pk=failed.pk).delivery == "queued"
    assert Message.objects.get(pk=sent.pk).delivery == "sent"
