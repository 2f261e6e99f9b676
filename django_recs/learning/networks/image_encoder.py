"""A small convolution network that turns a product picture into a vector.

B = pictures, S = pixels a side, D = length of a vector, V = tokens of the catalogue.
"""

import torch
from torch import Tensor, nn

CHANNELS = (16, 32, 64, 128)
"""Of the four stages, each of which halves the picture."""
IMAGE_WIDTH = 64
"""D"""


class Stage(nn.Module):
    """Halves a picture, then adds what one more convolution sees in it."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.halve = nn.Sequential(
            nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
        )
        self.refine = nn.Sequential(
            nn.Conv2d(outside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.halve(x)  # (B, C, S / 2, S / 2)
        out: Tensor = x + self.refine(x)
        return out


class ImageEncoder(nn.Module):
    """Pictures as bytes (B, S, S, 3) -> vectors (B, D)."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(*map(Stage, (3, *CHANNELS[:-1]), CHANNELS))
        self.out = nn.Linear(CHANNELS[-1], IMAGE_WIDTH)

    def forward(self, pixels: Tensor) -> Tensor:
        x = pixels.permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1  # (B, 3, S, S)
        vectors: Tensor = self.out(self.stages(x).mean(dim=(2, 3)))
        return vectors


class PictureReader(nn.Module):
    """An encoder and, for training, what its vectors say of the catalogue's tokens: logits (B, V)."""

    def __init__(self, token_count: int) -> None:
        super().__init__()
        self.encoder = ImageEncoder()
        self.dropout = nn.Dropout(0.2)
        self.tokens = nn.Linear(IMAGE_WIDTH, token_count)

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.tokens(self.dropout(self.encoder(pixels)))
        return logits
