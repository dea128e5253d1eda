"""Buttons under a question in the chat, and decisions on the overview, by mouse and by keyboard."""

import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.support import Site

pytestmark = pytest.mark.browser

ASK = """
from apps.agents.questions import questions
from apps.agents.models import Question, Run
from apps.agents.services import session_for
from apps.chats.models import Group
from apps.chats.services import web_chat
from django.utils import timezone
group = Group.objects.get(folder="family")
Run.objects.filter(session__group=group, worker="asking").update(status="succeeded")
run = Run.objects.create(session=session_for(group), chat=web_chat(group), cause="request", status="running",
                         worker="asking", attempt=1, started_at=timezone.now())
questions.ask(run, "{text}", choices={choices}, kind="{kind}", places=[questions.Place(run.chat)])
"""


def ask(site: Site, kind: str, *choices: str) -> str:
    text = f"May it {uuid.uuid4().hex[:8]}?"
    site.python("manage.py", "shell", "-v0", "-c", ASK.format(text=text, choices=list(choices), kind=kind))
    return text


def test_a_button_is_pressed_with_the_keyboard_and_gives_way_to_the_answer(site, visit):
    page = visit("/chat/family/")
    text = ask(site, "ask", "Red", "Dark blue")
    question = page.locator("#transcript .message.out", has_text=text)
    button = question.get_by_role("button", name="Dark blue")
    expect(button).to_be_visible()

    button.focus()
    page.keyboard.press("Enter")

    expect(question.locator(".outcome")).to_have_text("✔ Dark blue (lena)")
    expect(question.get_by_role("button")).to_have_count(0)
    expect(page.locator("#transcript .message.mine", has_text="Dark blue").last).to_be_visible()


def test_the_buttons_speak_chinese_where_the_page_does(site, visit):
    text = ask(site, "approval", "Approve", "Refuse")
    page = visit("/chat/family/", locale="zh-CN")
    question = page.locator("#transcript .message.out", has_text=text)
    question.get_by_role("button", name="拒绝").click()
    expect(question.locator(".outcome")).to_contain_text("拒绝")


def test_a_decision_appears_on_the_open_overview_and_goes_when_it_is_made(site, visit):
    page = visit("/")
    text = ask(site, "approval", "Approve", "Refuse")
    form = page.locator(".question", has_text=text)
    expect(form).to_be_visible()
    form.get_by_role("button", name="Approve").click()
    expect(page.locator(".question", has_text=text)).to_have_count(0)
    chat = visit("/chat/family/")
    expect(chat.locator(".message.out", has_text=text).locator(".outcome")).to_have_text("✔ Approve (lena)")
