"""What a platform asks for, as rows of the write-only field for secrets."""

from collections.abc import Mapping, Sequence

from apps.chats.admin.credentials import CredentialsField, Row
from apps.platforms.spec import Field

__all__ = ["CredentialsField", "rows_for"]


def rows_for(asked: Sequence[Field], stored: Mapping[str, str]) -> list[Row]:
    """What the platform asks for, then what is stored beside it."""
    known = [
        Row(
            key=field.name,
            title=field.title,
            help=field.help,
            is_set=field.name in stored,
            required=field.required,
            secret=field.secret,
            choices=field.choices,
            value="" if field.secret else str(stored.get(field.name, "")),
        )
        for field in asked
    ]
    others = sorted(stored.keys() - {field.name for field in asked})
    return known + [Row(key=key, title=key, is_set=True) for key in others]
