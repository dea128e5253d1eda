"""The websocket against the real application, the real database and a real Redis."""

import asyncio
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.agents import services
from apps.agents.models import Run
from apps.chats.models import Message
from apps.chats.services import send_message
from apps.dashboard import consumers, live
from apps.events import hooks, pubsub
from tests.chats.support import answered, said
from tests.dashboard.support import PATIENCE_S, close_code, opened, run_of, socket_to, story

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


in_thread = sync_to_async


@pytest.fixture(autouse=True)
def nothing_streams_yet(monkeypatch):
    """A run of an earlier test may have had the same number."""
    monkeypatch.setattr(live, "_deltas", live.Deltas())


async def frames_until(socket, condition):
    frames: list[dict[str, Any]] = []
    while not frames or not condition(frames[-1]):
        frames.append(await socket.receive_json_from(timeout=PATIENCE_S))
    return frames


@story
async def test_a_stranger_is_told_to_sign_in(group):
    assert await close_code(socket_to(None)) == 4401


@story
async def test_a_group_that_is_not_there(browser_of):
    assert await close_code(socket_to(browser_of, folder="nowhere")) == 4404


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:9999", ""])
def test_another_sites_page_is_refused(browser_of, group, origin):
    @story
    async def open_it():
        assert await socket_to(browser_of, origin=origin).connect(timeout=PATIENCE_S) == (False, 4403)

    open_it()


@story
async def test_the_websocket_only_tells(browser_of, chat):
    async with opened(browser_of) as (socket, _):
        await socket.send_to(text_data="x" * 100_000)

        assert (await socket.receive_output(timeout=PATIENCE_S))["code"] == 4413


@story
async def test_a_page_catches_up_and_redraws_what_it_may_have_wrong(browser_of, chat):
    rows = [await in_thread(said)(chat, f"line {number}") for number in range(30)]

    async with opened(browser_of, seen=rows[24].pk) as (_, first):
        ids = [message["id"] for message in first["messages"]]

    assert ids == [row.pk for row in rows[25 - consumers.OVERLAP :]]


@story
async def test_a_page_that_missed_too_much_begins_afresh(browser_of, chat, monkeypatch):
    monkeypatch.setattr("apps.dashboard.transcript.MOST_NEWS", 5)
    for number in range(7):
        await in_thread(said)(chat, f"line {number}")

    async with opened(browser_of) as (_, first):
        assert first == {"type": "afresh"}


@story
async def test_the_answer_streams_and_the_final_one_ends_the_work(browser_of, chat):
    async with opened(browser_of) as (socket, _):
        run = await in_thread(run_of)(chat)
        await in_thread(services.announce)(run)
        for piece in ("It is ", "<inter", "nal>no</internal>", "noon."):
            hooks.run_delta.fire(run=run, text=piece)
        deltas = await frames_until(socket, lambda frame: frame["type"] == "delta" and frame["text"].endswith("noon."))
        await in_thread(finish)(run)
        last = (await frames_until(socket, lambda frame: frame.get("messages")))[-1]

    begun, *pieces = deltas
    assert begun["running"] == run.pk
    assert "Andy is working" in begun["work"]
    shown = ""
    for piece in pieces:  # now and then everything comes again
        shown = shown[: piece["at"]] + piece["text"]
    assert shown == "It is noon."
    assert "<p>It is noon.</p>" in last["messages"][0]["html"]
    assert last["running"] is None


def finish(run):
    run.finish(Run.Status.SUCCEEDED)
    send_message(run.chat, text="It is noon.", run_id=run.pk)
    services.announce(run)


@story
async def test_a_changed_delivery_is_drawn_again(browser_of, chat):
    message = await in_thread(answered)(chat, "hello", delivery="sending")

    async with opened(browser_of, seen=message.pk) as (socket, _):
        await in_thread(message.mark_failed)("The bot was kicked.")
        hooks.message_delivered.fire(message=message)
        frame = await socket.receive_json_from(timeout=PATIENCE_S)

    assert frame["messages"][0]["id"] == message.pk
    assert "The bot was kicked." in frame["messages"][0]["html"]


@story
async def test_another_groups_chat_is_not_told(browser_of, chat):
    from apps.chats.services import create_group, web_chat

    other = await in_thread(lambda: web_chat(create_group(folder="work")))()

    async with opened(browser_of) as (socket, _):
        await in_thread(send_message)(other, text="not for you")

        assert await socket.receive_nothing(timeout=0.3)


@story
async def test_own_words_are_ones_own(browser_of, chat):
    async with opened(browser_of) as (socket, _):
        await in_thread(browser_of.post)("/chat/family/messages/", {"id": str(uuid.uuid4()), "text": "mine"})
        frame = (await frames_until(socket, lambda frame: frame.get("messages")))[-1]

    assert "message in mine" in frame["messages"][0]["html"]


@story
async def test_a_lost_publication_costs_seconds_not_a_message(browser_of, chat, monkeypatch):
    monkeypatch.setattr(consumers, "QUIET_S", 0.1)

    async with opened(browser_of) as (socket, _):
        message = await in_thread(said)(chat, "nobody published this")
        frame = (await frames_until(socket, lambda frame: frame.get("messages")))[-1]

    assert frame["messages"][0]["id"] == message.pk


async def closed_with(socket):
    output = await socket.receive_output(timeout=PATIENCE_S)
    while output["type"] != "websocket.close":
        output = await socket.receive_output(timeout=PATIENCE_S)
    return output["code"]


@story
async def test_signing_out_ends_an_open_page(browser_of, chat, monkeypatch):
    monkeypatch.setattr(consumers, "QUIET_S", 0.1)
    monkeypatch.setattr(consumers, "STILL_S", 0.0)

    async with opened(browser_of) as (socket, _):
        await in_thread(browser_of.logout)()
        assert await closed_with(socket) == 4401


@story
async def test_who_signed_out_is_told_nothing_more_though_there_is_always_something_to_tell(
    browser_of, chat, monkeypatch
):
    monkeypatch.setattr(consumers, "STILL_S", 0.3)

    async with opened(browser_of) as (socket, _):
        run = await in_thread(run_of)(chat)
        hooks.run_delta.fire(run=run, text="for readers")
        await frames_until(socket, lambda frame: frame["type"] == "delta")
        await in_thread(browser_of.logout)()
        await asyncio.sleep(0.3)
        hooks.run_delta.fire(run=run, text="not for you")
        output = await socket.receive_output(timeout=PATIENCE_S)

    assert (output["type"], output["code"]) == ("websocket.close", 4401)


def test_a_page_without_redis_closes_as_well(browser_of, chat, settings, tmp_path, monkeypatch, own_connection):
    settings.REDIS_URL = f"unix://{tmp_path}/nothing-is-there.sock"
    monkeypatch.setattr(consumers, "STILL_S", 0.0)

    @story
    async def signed_out():
        socket = socket_to(browser_of)
        assert (await socket.connect(timeout=PATIENCE_S))[0]
        await in_thread(browser_of.logout)()
        assert await closed_with(socket) == 4401
        await socket.disconnect()

    signed_out()


def test_without_redis_the_page_lives_from_the_rows_and_then_recovers(
    browser_of, chat, settings, tmp_path, own_connection
):
    from nanogridbot.processes import embedded_redis

    socket_path = tmp_path / "redis.sock"
    settings.REDIS_URL = f"unix://{socket_path}"
    servers = []

    @story
    async def outage():
        async with opened(browser_of) as (socket, _):
            message = await in_thread(said)(chat, "while Redis is away")
            frame = (await frames_until(socket, lambda frame: frame.get("messages")))[-1]
            assert frame["messages"][0]["id"] == message.pk
            servers.append(await in_thread(embedded_redis.start)(socket_path, PATIENCE_S))
            async with asyncio.timeout(PATIENCE_S):
                while not await in_thread(subscribers)(chat):  # noqa: ASYNC110 - only Redis knows
                    await asyncio.sleep(0.05)
            run = await in_thread(run_of)(chat)
            hooks.run_delta.fire(run=run, text="again live")
            deltas = await frames_until(socket, lambda frame: frame["type"] == "delta")
            assert deltas[-1]["text"] == "again live"

    try:
        outage()
    finally:
        for server in servers:
            server.terminate()
            server.wait(PATIENCE_S)
    assert Message.objects.count() == 1


def subscribers(chat):
    return pubsub.connection().pubsub_numsub(f"ngb:chat.{chat.pk}")[0][1]
