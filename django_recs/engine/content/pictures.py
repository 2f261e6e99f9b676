"""Product pictures as the small image network reads them."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import IntArray

PICTURE_SIZE = 64
"""S: pictures are squares of so many pixels a side."""
IMAGE = "image"
"""Name of the vectors made from pictures: by the encoder that is fitted inside, or given by another."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """P pictures of a catalogue, and whose they are."""

    pixels: npt.NDArray[np.uint8]
    """(P, S, S, 3) red, green and blue; may be memory-mapped."""
    place: IntArray
    """(I + 1,) number of an item's picture, -1 where it has none."""

    @classmethod
    def none(cls, item_count: int) -> Self:
        pixels = np.zeros((0, PICTURE_SIZE, PICTURE_SIZE, 3), dtype=np.uint8)
        return cls(pixels=pixels, place=np.full(item_count + 1, -1, dtype=np.int64))
