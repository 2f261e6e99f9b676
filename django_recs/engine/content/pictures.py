"""Product pictures as the small image network reads them."""

PICTURE_SIZE = 64
"""S: pictures are squares of so many pixels a side."""
IMAGE = "image"
"""Name of the vectors made from pictures: by the encoder that is fitted inside, or given by another."""
