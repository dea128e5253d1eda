"""What secrets look like, and the names under which they stand."""

import re

# Tokens of known shapes, wherever they come from: the last line of defence.
SECRET = re.compile(
    r"""
      \d{6,}:[\w-]{30,}                                 # Telegram
    | sk-ant-[\w-]{8,} | \bsk-[\w-]{16,}                # Anthropic, and others like it
    | xox[a-z]-[\w-]{8,} | xapp-[\w-]{8,}               # Slack
    | ngb_[\w-]{16,}                                    # our own API
    | [MNO][\w-]{23,27}\.[\w-]{6,7}\.[\w-]{27,}         # Discord
    | (?<=://)[^\s:/@"'\\]*:[^\s/@"'\\]+(?=@)           # a URL's name and password
    | (?P<key>
        (?i:\b(?:bearer|basic)\s+)(?=[\w.~+/-]{8})
      | (?i:\b(?:password|secret|api[_-]?key|authorization|access_token|credentials?)\b["']?\s*[:=]\s*["']?
            (?:(?:bearer|basic)\s+)?(?!(?:none|true|false|null)\b))
      )[^\s"'\\,;)}\]]{4,}
    """,
    re.VERBOSE,
)

SECRET_NAME = re.compile(r"(?i)(.*_)?(password|secret|token|api_?key|authorization|credentials?)")
