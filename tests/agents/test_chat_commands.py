"""What the commands of the agents' own answer, and what they change."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from apps.agents.commands import registry
from apps.agents.commands.registry import Call, CommandRefusedError
from apps.agents.models import Run, RunStep, Session
from apps.agents.services import request_run
from apps.chats.models import Channel, Chat, Message, Pairing, Sender
from apps.chats.services import create_group


def answer(place: Chat, name: str, argument: str = "") -> str:
    """What an admin there is answered."""
    known = {"name": "Root", "access": Sender.Access.ADMIN}
    root = Sender.objects.get_or_create(channel=place.channel, external_id="7", defaults=known)[0]
    message = Message.objects.create(chat=place, direction="in", external_id=uuid.uuid4().hex, text=name, sender=root)
    command = registry.named(name)
    assert command
    with transaction.atomic():
        return command.answer(Call(message, root, argument))


def waiting(place: Chat, code: str) -> Sender:
    """Somebody who asked to be let in on the place's channel."""
    channel = place.channel
    stranger = Sender.objects.create(channel=channel, external_id=code, name=f"Stranger {code}")
    chat = Chat.objects.create(channel=channel, external_id=code, kind=Chat.Kind.DIRECT)
    Pairing.objects.create(sender=stranger, chat=chat, code=code, expires_at=timezone.now() + timedelta(hours=1))
    return stranger


def test_default_gives_the_group_the_installation_s_model_again(place, group, settings):
    settings.MODEL = "claude-of-the-house"
    group.model = "own-choice"
    group.save()
    place.refresh_from_db()
    assert answer(place, "model") == "The model is own-choice."

    assert answer(place, "model", "default") == "From the next turn on the model is claude-of-the-house."
    place.refresh_from_db()
    assert answer(place, "model") == "The model is claude-of-the-house, the installation’s."


def test_what_is_done_here_is_told_from_what_is_done_elsewhere(run, place, group):
    RunStep.objects.create(run=run, seq=3, kind="tool", summary="Bash: ls")
    assert "Working here since" in answer(place, "status")
    assert "3 steps so far." in answer(place, "status")

    group.session_scope = "chat"
    group.save()
    place.refresh_from_db()
    assert "Working in another conversation since" in answer(place, "status")


def test_new_leaves_another_conversation_of_the_group_alone(place, group):
    group.session_scope = "chat"
    group.save()
    place.refresh_from_db()
    here, there = (
        Session.objects.create(group=group, key=f"chat:{key}", sdk_session_id="abc") for key in (place.pk, 0)
    )
    scheduled = request_run(group, chat=place, cause=Run.Cause.SCHEDULE, prompt="water the plants")

    assert "we begin afresh" in answer(place, "new")

    assert [Session.objects.get(pk=each.pk).sdk_session_id for each in (here, there)] == ["", "abc"]
    scheduled.refresh_from_db()
    assert scheduled.status == "queued"


def test_a_code_of_another_channel_lets_nobody_in(place):
    other = Channel.objects.create(platform="slack", name="work")
    elsewhere = Chat.objects.create(channel=other, external_id="C1")
    stranger = waiting(elsewhere, "BBBBBBBB")
    waiting(place, "AAAAAAAA")

    assert answer(place, "pair") == "- AAAAAAAA: Stranger AAAAAAAA (bot (telegram))"
    with pytest.raises(CommandRefusedError, match="another channel’s"):
        answer(place, "pair", "BBBBBBBB team")
    stranger.refresh_from_db()
    assert stranger.access == Sender.Access.UNKNOWN


def test_into_the_main_group_people_are_let_in_from_itself_only(place, group):
    create_group(folder="main", is_main=True)
    stranger = waiting(place, "AAAAAAAA")
    with pytest.raises(CommandRefusedError, match="from the main group, or in the admin"):
        answer(place, "pair", "AAAAAAAA main")
    with pytest.raises(CommandRefusedError, match="There is no group 'nowhere'"):
        answer(place, "pair", "AAAAAAAA nowhere")

    assert "may write now, and is served by The team." in answer(place, "pair", "AAAAAAAA team")
    stranger.refresh_from_db()
    assert stranger.access == Sender.Access.ALLOWED
