"""What kind of image some bytes are and how large it is, from its head; and that its end is there."""

import struct

PNG = b"\x89PNG\r\n\x1a\n"
NO_SIZE_IN = frozenset({0xC4, 0xC8, 0xCC})
"""JPEG: markers among the frame headers C0 to CF that are none."""


class UnreadableImageError(Exception):
    """Not one of the four kinds, or not whole; the message says which."""


def measure(raw: bytes) -> tuple[str, int, int]:
    """Media type, width and height; raises UnreadableImageError."""
    try:
        if raw.startswith(PNG):
            return _png(raw)
        if raw.startswith(b"\xff\xd8\xff"):
            return _jpeg(raw)
        if raw.startswith((b"GIF87a", b"GIF89a")):
            return _gif(raw)
        if raw.startswith(b"RIFF") and raw[8:12] == b"WEBP":
            return _webp(raw)
    except (struct.error, IndexError) as error:
        raise UnreadableImageError("the file is damaged") from error
    raise UnreadableImageError("it is no PNG, JPEG, GIF or WebP image")


def _whole(complete: bool, width: int, height: int) -> tuple[int, int]:
    if not complete or not width or not height:
        raise UnreadableImageError("the file is damaged")
    return width, height


def _png(raw: bytes) -> tuple[str, int, int]:
    complete = raw[12:16] == b"IHDR" and b"IEND" in raw[-64:]
    return ("image/png", *_whole(complete, *struct.unpack_from(">II", raw, 16)))


def _gif(raw: bytes) -> tuple[str, int, int]:
    return ("image/gif", *_whole(b";" in raw[-64:], *struct.unpack_from("<HH", raw, 6)))


def _jpeg(raw: bytes) -> tuple[str, int, int]:
    at = 2
    while at < len(raw):
        if raw[at] != 0xFF:
            break
        marker = raw[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in NO_SIZE_IN:
            height, width = struct.unpack_from(">HH", raw, at + 5)
            # Cameras append things behind the end of the image.
            return ("image/jpeg", *_whole(b"\xff\xd9" in raw[at:], width, height))
        at += 2 + max(2, struct.unpack_from(">H", raw, at + 2)[0])
    raise UnreadableImageError("the file is damaged")


def _webp(raw: bytes) -> tuple[str, int, int]:
    complete = struct.unpack_from("<I", raw, 4)[0] + 8 <= len(raw)
    kind = raw[12:16]
    if kind == b"VP8X":
        sides = (1 + int.from_bytes(raw[at : at + 3], "little") for at in (24, 27))
    elif kind == b"VP8L":
        bits = struct.unpack_from("<I", raw, 21)[0]
        sides = (1 + (bits >> shift & 0x3FFF) for shift in (0, 14))
    elif kind == b"VP8 ":
        sides = (side & 0x3FFF for side in struct.unpack_from("<HH", raw, 26))
    else:
        raise UnreadableImageError("the file is damaged")
    width, height = sides
    return ("image/webp", *_whole(complete, width, height))
