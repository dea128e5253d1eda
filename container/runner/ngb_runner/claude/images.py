"""Images of the workspace as blocks of a user message: what the model can see is shown, the rest is said in words.

Limits of the Messages API (platform.claude.com/docs, "Vision"): JPEG, PNG, GIF and WebP, 8000 × 8000 pixels, 5 MB for
an image as base64, 32 MB for a whole request. The command line makes large images smaller by itself. An image that the
API refuses would stay in the conversation and spoil every later turn, so what is not whole is not shown either.
"""

import base64
import os
import stat
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from ngb_runner.claude.pixels import UnreadableImageError, measure

MAX_IMAGES = 8
MAX_BYTES = 5 * 1_048_576 * 3 // 4
"""Of one image: base64 makes four bytes of three."""
MAX_TOTAL = 12 * 1_048_576
"""Bytes of one prompt's images."""
MAX_SIDE = 8000
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW

Block = dict[str, Any]


class ImageRefusedError(Exception):
    """The image cannot be shown; the message says why."""


def image_blocks(folder: str, paths: Iterable[str]) -> list[Block]:
    """A label and the image for each path below `folder`, or a note that says why it is not shown."""
    blocks: list[Block] = []
    room = MAX_TOTAL
    for number, path in enumerate(paths):
        try:
            if number >= MAX_IMAGES:
                raise ImageRefusedError(f"more than {MAX_IMAGES} images came together")
            raw = _read(folder, path, most=min(MAX_BYTES, room))
            source = {"type": "base64", "media_type": _media_type(raw), "data": base64.b64encode(raw).decode()}
        except ImageRefusedError as error:
            blocks.append(_text(f"(The image {path} is not shown here: {error}.)"))
        else:
            room -= len(raw)
            blocks += [_text(f"{path}:"), {"type": "image", "source": source}]
    return blocks


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _read(folder: str, path: str, *, most: int) -> bytes:
    try:
        descriptor = _open_below(folder, PurePosixPath(path))
    except (OSError, ValueError) as error:
        raise ImageRefusedError(getattr(error, "strerror", None) or str(error)) from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ImageRefusedError("it is no ordinary file")
        raw = file.read(most + 1)
    if len(raw) > MAX_BYTES:
        raise ImageRefusedError(f"it is larger than {MAX_BYTES} bytes")
    if len(raw) > most:
        raise ImageRefusedError(f"this prompt's images are together larger than {MAX_TOTAL} bytes")
    return raw


def _open_below(folder: str, path: PurePosixPath) -> int:
    """Every step is opened by itself and never through a symlink: nothing outside `folder` can be read."""
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise ValueError("it does not lie in the workspace")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in path.parts[:-1]:
            inner = os.open(part, FOLDER_FLAGS, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        # Not blocking: opening a pipe that nobody writes would wait for ever.
        return os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _media_type(raw: bytes) -> str:
    try:
        media_type, width, height = measure(raw)
    except UnreadableImageError as error:
        raise ImageRefusedError(str(error)) from error
    if max(width, height) > MAX_SIDE:
        raise ImageRefusedError(f"it has {width} × {height} pixels, and {MAX_SIDE} × {MAX_SIDE} is the limit")
    return media_type
