"""Product pictures from the shop's storage as small squares. For workers only: needs Pillow, of the extra ``train``.

Files come from shops and their suppliers and are not trusted: few formats, sizes capped before anything is unpacked,
and one that cannot be read is counted and left out.
"""

import io
import struct
import warnings
import zlib
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
FILE_LIMIT_BYTES = 20_000_000
PIXEL_LIMIT = 50_000_000
WHITE = (255, 255, 255)


class PictureRefused(Exception):
    """A file that is no picture, a damaged one or too large a one; the message says which."""


def picture_bytes(file: BinaryIO) -> bytes:
    """The content of ``file``.

    Raises:
        PictureRefused: it has more than `FILE_LIMIT_BYTES`.
    """
    content = file.read(FILE_LIMIT_BYTES + 1)
    if len(content) > FILE_LIMIT_BYTES:
        raise PictureRefused(f"more than {FILE_LIMIT_BYTES:,} bytes")
    return content


def square(content: bytes, size: int) -> npt.NDArray[np.uint8]:
    """The picture in ``content`` as (size, size, 3) red, green and blue: whole, in the middle, on white.

    Raises:
        PictureRefused: it cannot be read.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > PIXEL_LIMIT:
                raise PictureRefused(f"more than {PIXEL_LIMIT:,} pixels")
            picture.draft("RGB", (2 * size, 2 * size))  # a JPEG is unpacked at about this size, many times faster
            return np.asarray(_centred(picture, size), dtype=np.uint8)
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        raise PictureRefused(f"{type(error).__name__}: {error}") from error


def _centred(picture: "Image.Image", size: int) -> "Image.Image":
    from PIL import Image

    scale = size / max(picture.size)
    inner = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.convert("RGBA").resize(inner, Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BILINEAR)
    canvas = Image.new("RGB", (size, size), WHITE)
    canvas.paste(small, ((size - inner[0]) // 2, (size - inner[1]) // 2), mask=small)
    return canvas
