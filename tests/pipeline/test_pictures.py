"""Files that shops call pictures."""

import contextlib
import io

import numpy as np
import pytest
from PIL import Image

from django_recs.pipeline import pictures as pictures_module
from django_recs.pipeline.pictures import PictureRefused, picture_bytes, square

RED, WHITE = [255, 0, 0], [255, 255, 255]


def picture(*, width: int, height: int, kind: str = "PNG", mode: str = "RGB", colour: object = (255, 0, 0)) -> bytes:
    target = io.BytesIO()
    Image.new(mode, (width, height), colour).save(target, kind)  # type: ignore[arg-type]
    return target.getvalue()


def test_a_picture_is_shown_whole_in_the_middle_on_white() -> None:
    pixels = square(picture(width=80, height=40), 8)

    assert pixels.shape == (8, 8, 3)
    assert pixels[[0, 1, 6, 7]].tolist() == [[WHITE] * 8] * 4
    assert pixels[2:6].tolist() == [[RED] * 8] * 4


def test_what_is_transparent_is_white() -> None:
    assert square(picture(width=4, height=4, mode="RGBA", colour=(255, 0, 0, 0)), 4).tolist() == [[WHITE] * 4] * 4


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "L"), ("JPEG", "CMYK"), ("GIF", "P"), ("WEBP", "RGB"), ("PNG", "I;16")]
)
def test_pictures_of_all_sorts_are_read(kind: str, mode: str) -> None:
    pixels = square(picture(width=300, height=1, kind=kind, mode=mode, colour=0), 16)

    assert pixels.shape == (16, 16, 3)
    assert pixels[0].tolist() == [WHITE] * 16


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n" + b"\0" * 99]
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(PictureRefused):
        square(content, 8)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_damaged_picture_is_read_or_refused_and_nothing_else(kind: str) -> None:
    whole = picture(width=33, height=21, kind=kind)
    rng = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(whole[: rng.integers(len(whole)) + 1])
        damaged[rng.integers(len(damaged))] = rng.integers(256)
        with contextlib.suppress(PictureRefused):
            assert square(bytes(damaged), 8).shape == (8, 8, 3)


def test_too_large_a_picture_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures_module, "PIXEL_LIMIT", 100)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("unpacked"))

    with pytest.raises(PictureRefused, match="100 pixels"):
        square(picture_of_101(), 8)


def picture_of_101() -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x65\0\0\0\x01\x08\x02\0\0\0" + _checksum(
        b"IHDR\0\0\0\x65\0\0\0\x01\x08\x02\0\0\0"
    )


def _checksum(chunk: bytes) -> bytes:
    import zlib

    return zlib.crc32(chunk).to_bytes(4, "big") + b"\0\0\0\0IDAT" + zlib.crc32(b"IDAT").to_bytes(4, "big")


def test_too_large_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures_module, "FILE_LIMIT_BYTES", 10)

    assert picture_bytes(io.BytesIO(b"0123456789")) == b"0123456789"
    with pytest.raises(PictureRefused, match="10 bytes"):
        picture_bytes(io.BytesIO(b"0123456789A"))
