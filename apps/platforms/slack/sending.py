"""What goes to Slack: texts, edits, files and reactions."""

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from apps.platforms.base import OutboundFile, OutboundPart, PlatformError
from apps.platforms.slack.errors import code_of
from apps.platforms.slack.reactions import name_of


async def send_text(web: AsyncWebClient, part: OutboundPart) -> str:
    answer = await web.chat_postMessage(
        channel=part.chat_id,
        text=part.text,
        thread_ts=part.thread_id or None,
        # Slack would fetch the addresses: whoever makes the agent write one could carry something out by it.
        unfurl_links=False,
        unfurl_media=False,
    )
    return str(answer["ts"])


async def edit_text(web: AsyncWebClient, message_id: str, part: OutboundPart) -> None:
    await web.chat_update(channel=part.chat_id, ts=message_id, text=part.text)


async def send_file(web: AsyncWebClient, part: OutboundFile) -> str:
    """The file's id: Slack tells no message of it."""
    if not part.content:
        raise PlatformError("Slack takes no empty files.", permanent=True)
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
