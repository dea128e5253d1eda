"""What is wrong with a row, as one sentence for a command line."""

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError


def sentence(error: ValidationError) -> str:
    """Each message once, with the field's name before it where it belongs to one."""
    if not hasattr(error, "error_dict"):
        return " ".join(dict.fromkeys(error.messages))
    told = {
        message if field == NON_FIELD_ERRORS else f"{field}: {message}": None
        for field, messages in error.message_dict.items()
        for message in messages
    }
    return " ".join(told)
