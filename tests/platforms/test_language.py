"""What the service itself says in chats is said in the installation's language, whoever's page it was written on."""

import pytest
from django.utils import translation

from apps.agents.commands.registry import for_everybody
from apps.agents.execution import retry_or_fail
from apps.chats import pairing
from apps.chats.models import Channel, Chat, Platform
from apps.platforms import progress
from tests.platforms.test_chat_commands import admin, answers, channel, chat, running, the_answer, write

pytestmark = pytest.mark.django_db
__all__ = ["admin", "channel", "chat"]


@pytest.fixture
def chinese(settings):
    settings.LANGUAGE_CODE = "zh-hans"


def test_commands_answer_in_it(chinese, chat, admin):
    said = the_answer(chat, "@Andy /help", sender="7")
    assert "请写 @Andy，后面加上您的问题。" in said
    assert "- /pair [配对码] [文件夹]: 让持有此配对码的人加入" in said
    for text, answer in [
        ("/stop", "没有可停止的内容。"),
        ("/usage", "- 今天花费 0.00 美元，本月 0.00 美元。未设置预算。"),
        ("/tasks", "没有安排任何任务。"),
        ("/new", "会话已忘记，我们重新开始。文件和记忆文件会保留。"),
        ("/pair XXXX", "没有这个配对码，或者它已过期：对方只需重新发消息。"),
    ]:
        write(chat, f"@Andy {text}", sender="7")
        assert answers(chat)[-1] == answer


def test_a_refusal_a_failure_and_the_line_of_a_long_run_are_said_in_it(chinese, chat):
    assert the_answer(chat, "@Andy /new") == "这里只有管理员可以使用 /new。"
    retry_or_fail(running(chat), "the model is away", permanent=True)
    assert answers(chat)[-1] == "⚠️ 我无法回答：the model is away"
    assert progress.line("Bash: ls", 3, 100) == "⏳ 处理中：正在运行命令, 3 步，2 min…"


def test_a_stranger_is_greeted_in_it(chinese, db):
    channel = Channel.objects.create(platform=Platform.TELEGRAM, name="bot")
    nobodys = Chat.objects.create(channel=channel, external_id="55", kind=Chat.Kind.DIRECT)
    write(nobodys, "hello", sender="55", chat_kind=Chat.Kind.DIRECT)
    (offer,) = answers(nobodys)
    code = pairing.pending(channel)[0].code
    assert offer == f"我还不认识您。请把此配对码交给管理员，对方可在一小时内让您加入：**{code}**"


def test_a_page_in_another_language_changes_nothing(chat):
    with translation.override("zh-hans"):
        assert the_answer(chat, "@Andy /stop") == "There is nothing to stop."


def test_a_platforms_own_menu_is_in_it(chinese):
    assert {"stop": "停止正在进行的处理；已说的内容会保留"}.items() <= {
        each.name: str(each.help) for each in for_everybody()
    }.items()
