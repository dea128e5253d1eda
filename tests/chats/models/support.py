from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction


def refused(action: Callable[[], object]) -> bool:
    """By the database."""
    with transaction.atomic(), pytest.raises(IntegrityError), transaction.atomic():
        action()
    return True
