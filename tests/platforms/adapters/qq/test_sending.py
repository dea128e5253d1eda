"""Texts, questions and files on their way to QQ."""

from typing import Any

from apps.agents.models import Question
from apps.chats.models import Attachment, Message
from apps.chats.workspace.folders import workspace
from tests.fakes.qq_onebot import text
from tests.platforms.adapters.qq.support import PNG, database, inbound, online
from tests.platforms.support import answered, ask, registered_chat, send
from tests.waiting import until


@database
def test_a_direct_message_is_answered_in_private(bot, listeners, chat):
    direct = registered_chat(chat.channel, "user_42")
    online(listeners)
    bot.say("hello", group=0, sub_type="friend")
    assert inbound().chat == direct
    send(direct, "Hi")
    assert bot.wait_for_sent(1)[0] == {"user_id": 42, "message": [text("Hi")]}


@database
def test_a_long_text_goes_in_parts_of_which_only_the_first_replies(bot, listeners, chat):
    send(chat, "a" * 3000 + "b", reply_to="5.1")
    listeners.start()
    first, second = bot.wait_for_sent(2)
    assert [segment["type"] for segment in first["message"]] == ["reply", "text"]
    assert second["message"] == [text("b")]


@database
def test_images_and_files_go_out_as_bytes(bot, listeners, chat):
    (workspace(chat.group) / "a.png").write_bytes(PNG)
    (workspace(chat.group) / "b.txt").write_bytes(b"text")
    message = send(chat, "Look", kind="image")
    Attachment.objects.create(message=message, kind="image", name="a.png", mime="image/png", path="a.png")
    Attachment.objects.create(message=message, kind="file", name="b.txt", mime="text/plain", path="b.txt")
    listeners.start()
    picture, words = bot.wait_for_sent(2)
    assert picture["message"][0]["data"]["file"].startswith("base64://iVBORw0KGg")
    assert words["message"] == [text("Look")]
    (upload,) = bot.calls_of("upload_group_file")
    assert upload["params"] == {"group_id": 777, "file": "base64://dGV4dA==", "name": "b.txt"}


@database
def test_a_question_has_numbered_lines(bot, listeners, chat):
    online(listeners)
    question = ask(chat)
    (sent,) = bot.wait_for_sent(1)
    assert sent["message"] == [text("Which colour?\n\n1. Red\n2. Dark blue\n\nAnswer with a number.")]

    bot.say("2")

    until(lambda: answered(question) == "Dark blue")
    assert Message.objects.inbound().get().run == question.run


@database
def test_it_is_answered_by_a_quote_as_well(bot, listeners, chat):
    online(listeners)
    first = ask(chat)
    bot.wait_for_sent(1)
    [sent] = until(lambda: Message.objects.outbound().get().external_parts)
    second = ask_again(first)
    bot.wait_for_sent(2)
    bot.say([{"type": "reply", "data": {"id": sent}}, text(" red")])
    until(lambda: answered(first) == "Red")
    assert answered(second) == ""


def ask_again(first: Any) -> Question:
    from apps.agents.questions import questions

    place = questions.Place(first.chat)
    return questions.ask(first.run, "And?", choices=["Red", "Green"], kind=first.kind, places=[place])
