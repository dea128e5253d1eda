"""What was said, as the page draws it."""

import pytest
from django.utils import timezone

from tests.chats.support import answered, said
from tests.dashboard.support import run_of

pytestmark = pytest.mark.django_db


def test_history_is_the_newest_page_and_older_ones_on_demand(browser_of, chat):
    rows = [said(chat, f"line {number:03}") for number in range(120)]

    newest = browser_of.get("/chat/family/").text
    older = browser_of.get(f"/chat/family/messages/?before={rows[70].pk}").text
    oldest = browser_of.get(f"/chat/family/messages/?before={rows[20].pk}").text

    assert [f"line {number:03}" in newest for number in (69, 70, 119)] == [False, True, True]
    assert [f"line {number:03}" in older for number in (19, 20, 69, 70)] == [False, True, True, False]
    assert f'data-older="{rows[20].pk}"' in older
    assert "line 000" in oldest
    assert "data-older" not in oldest


def test_what_people_write_is_never_html(browser_of, chat):
    said(chat, "<script>alert(1)</script> **stars**", sender_name="<b>Eve</b>")
    answered(chat, "fine <internal>the secret</internal>")

    page = browser_of.get("/chat/family/").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt; **stars**" in page
    assert "&lt;b&gt;Eve&lt;/b&gt;" in page
    assert "the secret" not in page


def test_an_answer_that_was_not_delivered_says_why(browser_of, chat):
    answered(chat, "hello", delivery="failed", error="Forbidden: the bot was kicked.")

    assert "Forbidden: the bot was kicked." in browser_of.get("/chat/family/").text


def test_a_failed_run_says_what_happened_and_what_to_do(browser_of, chat):
    run = run_of(chat, "failed", error="The key was refused.")

    page = browser_of.get("/chat/family/").text

    assert "The key was refused." in page
    assert "Write again" in page
    assert f"/admin/agents/run/{run.pk}/change/" in page


def test_a_run_that_waits_for_its_next_attempt_says_when(browser_of, chat):
    run_of(chat, "queued", attempt=2, error="The model is overloaded.", not_before=timezone.now())

    page = browser_of.get("/chat/family/").text

    assert "Attempt 2 failed:" in page
    assert "The model is overloaded." in page
    assert "data-stop" in page


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.GROUPS_DIR = tmp_path / "groups"


def test_a_file_that_could_not_be_fetched_says_why(browser_of, chat):
    message = said(chat, "look")
    message.attachments.create(kind="file", name="a.pdf", state="failed", error="It is larger than allowed.")

    assert "It is larger than allowed." in browser_of.get("/chat/family/").content.decode()
