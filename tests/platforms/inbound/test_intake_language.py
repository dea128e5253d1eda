"""What the service itself says in chats is said in the installation's language, whoever's page it was written on."""

import pytest
from django.utils import translation

from apps.agents.billing.ledger import Ledger
from apps.agents.commands.registry import for_everybody
from apps.agents.models import APPROVE, REFUSE, Question
from apps.agents.questions import approvals, questions
from apps.agents.runs.execution import retry_or_fail
from apps.agents.sandbox import disk_quota
from apps.agents.sandbox.disk_usage import Size
from apps.chats import pairing
from apps.chats.models import Channel, Chat, Message, Sender
from apps.chats.services import create_group
from apps.platforms.outbound import question_parts
from apps.platforms.status import progress
from tests.platforms.inbound.support import answers, running, the_answer, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel():
    return Channel.objects.create(platform="telegram", name="bot", identity={"id": "9", "username": "my_bot"})


@pytest.fixture
def chat(channel):
    return Chat.objects.create(channel=channel, external_id="-1", group=create_group(folder="team"))


@pytest.fixture
def admin(channel):
    return Sender.objects.create(channel=channel, external_id="7", name="Root", access=Sender.Access.ADMIN)


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
    retry_or_fail(running(chat), "the model is away", None)
    assert answers(chat)[-1] == "⚠️ 我无法回答：the model is away"
    assert progress.line("Bash: ls", 3, 100) == "⏳ 处理中：正在运行命令, 3 步，2 min…"


def test_a_stranger_is_greeted_in_it(chinese, db):
    channel = Channel.objects.create(platform="telegram", name="bot")
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


def approval(chat) -> Question:
    run = running(chat)
    place = questions.Place(chat)
    asked = questions.ask(run, "May it?", choices=[APPROVE, REFUSE], kind=Question.Kind.APPROVAL, places=[place])
    Message.objects.filter(questions=asked).update(delivery=Message.Delivery.SENT)
    return asked


def test_leave_is_asked_for_in_it(chinese, settings, chat):
    settings.AGENT_QUESTION_TIMEOUT = 0
    chat.group.approval_tools = ["Bash"]
    approvals.tool_refusal(running(chat), "Bash", {"command": "ls"})
    assert Question.objects.get().text.startswith("⚠️ **team** 的智能体想使用工具 **Bash**：\n\ncommand:")


def test_an_approval_is_offered_given_and_told_of_in_it(chinese, chat, admin):
    asked = approval(chat)
    assert question_parts.shown(asked.messages.get(), None) == ("May it?\n\n1. 批准\n2. 拒绝\n\n请回复数字。", ())

    write(chat, "批准", sender="7")

    asked.refresh_from_db()
    assert asked.is_approved
    assert question_parts.outcome(asked) == "✔ 批准 (Ann)"


def test_who_may_not_decide_is_told_so_in_the_chats_language_whatever_the_page(chinese, chat):
    approval(chat)
    with translation.override("en"):
        write(chat, "1", sender="8")
    assert answers(chat)[-1] == "Ann: 只有管理员可以回答。"


def test_a_full_folder_and_a_spent_run_are_told_of_in_it(chinese, chat):
    full = Size((chat.group.disk_quota_mb + 1) * disk_quota.MIB, files=1)
    assert disk_quota.excess(chat.group, full).startswith("群组文件夹占用 2049 MiB，超过 2048 MiB 的配额")
    chat.group.max_turns = 0
    assert Ledger(running(chat)).admit() == "本次运行已用完一次运行允许的 0 次模型调用。"
