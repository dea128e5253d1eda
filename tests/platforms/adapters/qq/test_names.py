"""Names of groups."""

from apps.chats.models import Chat, Message
from tests.fakes.qq_onebot import HANG
from tests.platforms.adapters.qq.support import database, kept, online
from tests.platforms.support import status
from tests.waiting import until


@database
def test_a_group_is_discovered_by_its_name(bot, listeners, chat):
    online(listeners)
    bot.say("hello", group=888)
    assert until(lambda: Chat.objects.discovered().filter(external_id="group_888", title="Team").first())
    assert not Message.objects.exists()


@database
def test_names_of_groups_that_do_not_come_hold_up_the_messages_once_and_not_for_each_group(bot, listeners, chat):
    bot.fail("get_group_info", *[HANG] * 20)
    online(listeners)
    for group in range(1, 21):
        bot.say("hello", group=group)

    until(lambda: Chat.objects.filter(external_id__startswith="group_", group=None).count() == 20)
    assert (status(), kept().reconnects) == ("online", 0)
