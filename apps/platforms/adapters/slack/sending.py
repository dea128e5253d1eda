"""Sends texts, edits, files and reactions to Slack."""

from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from apps.platforms import error_messages
from apps.platforms.adapters.slack.emoji import name_of
from apps.platforms.adapters.slack.sdk_errors import code_of
from apps.platforms.base import OutboundFile, OutboundPart, PlatformError


async def send_text(web: AsyncWebClient, part: OutboundPart) -> str:
    answer = await web.chat_postMessage(
        channel=part.chat_id,
        text=part.text,
        blocks=_blocks(part) if part.buttons else None,
        thread_ts=part.thread_id or None,
        # Slack would fetch the addresses: whoever makes the agent write one could carry something out by it.
        unfurl_links=False,
        unfurl_media=False,
    )
    return str(answer["ts"])


def _blocks(part: OutboundPart) -> list[dict[str, Any]]:
    """The text above its buttons; beside blocks Slack shows `text` in notifications only."""
    buttons = [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": button.label, "emoji": False},
            "action_id": f"answer-{number}",
            "value": button.token,
        }
        for number, button in enumerate(part.buttons)
    ]
    words = {"type": "section", "text": {"type": "mrkdwn", "text": part.text, "verbatim": True}}
    return [words, {"type": "actions", "elements": buttons}]


async def edit_text(web: AsyncWebClient, message_id: str, part: OutboundPart) -> None:
    await web.chat_update(channel=part.chat_id, ts=message_id, text=part.text)


async def settle(web: AsyncWebClient, message_id: str, part: OutboundPart) -> None:
    """Without the empty list the former blocks would stay ("chat.update")."""
    await web.chat_update(channel=part.chat_id, ts=message_id, text=part.text, blocks=[])


async def send_file(web: AsyncWebClient, part: OutboundFile) -> str:
    """The file's id: Slack tells no message of it."""
    if not part.content:
        raise PlatformError(error_messages.no_empty_files("Slack"), permanent=True)
    answer = await web.files_upload_v2(
        channel=part.chat_id,
        filename=part.name,
        title=part.name,
        content=part.content,
        initial_comment=part.caption or None,
        thread_ts=part.thread_id or None,
    )
    return str(answer["files"][0]["id"])


async def react(web: AsyncWebClient, chat_id: str, message_id: str, emoji: str) -> None:
    try:
        await web.reactions_add(channel=chat_id, timestamp=message_id, name=name_of(emoji))
    except SlackApiError as error:
        if code_of(error) != "already_reacted":
            raise
