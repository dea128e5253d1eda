"""Reads what comes over a websocket: JSON objects, and whatever else somebody sends."""

import json
import logging
from typing import Any

logger = logging.getLogger(__name__)


def frame_of(raw: str | bytes, whose: str) -> dict[str, Any]:
    """Empty for what is no object, which is passed over."""
    try:
        frame = json.loads(raw)
    except (ValueError, RecursionError):
        frame = None
    if not isinstance(frame, dict):
        logger.warning("a frame that is not %s's is passed over (%d long)", whose, len(raw))
        return {}
    return frame
