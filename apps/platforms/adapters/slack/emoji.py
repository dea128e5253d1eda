"""Names the emoji that a bot may want to put under a message as Slack does."""

from django.utils.translation import gettext as _

from apps.platforms.base import PlatformError

NAMES = {
    "👀": "eyes",
    "👍": "+1",
    "👎": "-1",
    "👌": "ok_hand",
    "👋": "wave",
    "🙏": "pray",
    "💪": "muscle",
    "👏": "clap",
    "🫡": "saluting_face",
    "🤔": "thinking_face",
    "🤖": "robot_face",
    "🙂": "slightly_smiling_face",
    "😀": "grinning",
    "✅": "white_check_mark",
    "✔": "heavy_check_mark",
    "⏳": "hourglass_flowing_sand",
    "⌛": "hourglass",
    "⏰": "alarm_clock",
    "✍": "writing_hand",
    "💬": "speech_balloon",
    "💭": "thought_balloon",
    "💡": "bulb",
    "🔍": "mag",
    "🔎": "mag_right",
    "🔄": "arrows_counterclockwise",
    "⚙": "gear",
    "🛠": "hammer_and_wrench",
    "🚀": "rocket",
    "🔥": "fire",
    "🎉": "tada",
    "💯": "100",
    "❤": "heart",
    "⚡": "zap",
    "⭐": "star",
    "✨": "sparkles",
    "📝": "memo",
    "📌": "pushpin",
    "🧠": "brain",
    "⚠": "warning",
    "❌": "x",
}


def name_of(emoji: str) -> str:
    """Of a Unicode emoji, or of a name in colons (a workspace has its own); raises PlatformError."""
    bare = emoji.strip().replace("\ufe0f", "")
    if bare.startswith(":") and bare.endswith(":") and len(bare) > 2:
        return bare.strip(":")
    if bare not in NAMES:
        said = _("Slack's name of this emoji is not known; write the name, such as :eyes:.")
        raise PlatformError(said, permanent=True)
    return NAMES[bare]
