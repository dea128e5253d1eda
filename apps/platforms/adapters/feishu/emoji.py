"""Names Feishu's reactions for the emoji that people would choose as an acknowledgement."""

NAMES = {
    "👀": "GLANCE",
    "👍": "THUMBSUP",
    "👎": "ThumbsDown",
    "👌": "OK",
    "🙏": "THANKS",
    "💪": "MUSCLE",
    "👏": "APPLAUSE",
    "👋": "WAVE",
    "🤝": "SHAKE",
    "🫡": "SALUTE",
    "🙂": "SMILE",
    "😊": "BLUSH",
    "😄": "LAUGH",
    "😂": "LOL",
    "🤔": "THINKING",
    "🎉": "PARTY",
    "💯": "Hundred",
    "🔥": "Fire",
    "🌹": "ROSE",
    "❤": "HEART",
    "✅": "DONE",
    "❌": "CrossMark",
    "⏳": "OneSecond",
    "✍": "Typing",
}


def reaction(emoji: str) -> str:
    """Feishu's own names, such as OnIt, stay as they are; empty for what it has no reaction for."""
    plain = emoji.strip().replace("\ufe0f", "")
    return plain if plain.isascii() and plain.isalnum() else NAMES.get(plain, "")
