"""The image encoder, fitted on the shop's own pictures: it learns to say of a picture what the catalogue says in words.

Labels and words of the items that were in training are the targets, so nothing is downloaded and nobody labels
anything. What the vectors hold is what one can see of them: kinds, materials, colours, patterns.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from django_recs.engine.content.pictures import IMAGE
from django_recs.engine.content.tokens import TokenBags, Vocabulary, labels_of, words_of
from django_recs.engine.interactions import FloatArray, ItemContent
from django_recs.learning.networks.image_encoder import IMAGE_WIDTH, ImageEncoder, PictureReader

OnProgress = Callable[[float, str], None]

TOKEN_LIMIT = 2_000
"""Labels and words that are learned, those of most items first."""
TOKENS_PER_ITEM = 32
BATCH_SIZE = 64
EPOCH_COUNT = 20
"""Passes over the pictures, unless `STEP_LIMIT` comes first."""
STEP_LIMIT = 3_000
"""Batches at most, so that a shop of 100,000 pictures trains no longer than one of 10,000."""
LEARNING_RATE = 3e-3
SHIFT = 6
"""Pixels by which a picture is moved at most in training."""


@dataclass(frozen=True, kw_only=True)
class ImageTraining:
    """Pictures of training items, and the tokens of each as bags."""

    pixels: npt.NDArray[np.uint8]
    """(P, S, S, 3)"""
    chosen: npt.NDArray[np.int64]
    """(N,) numbers of the pictures that teach."""
    bags: TokenBags
    """Of the N items."""
    token_count: int


def with_image_vectors(
    content: ItemContent, taught: npt.NDArray[np.bool_], *, device: torch.device, seed: int
) -> ItemContent:
    """``content`` with what an encoder fitted on its taught pictures says of all of them.

    Pictures are not looked at where other vectors named `IMAGE` are given, or where too few could teach.
    """
    if not len(content.pictures):
        return content
    training = None if IMAGE in content.vectors else image_training(content, taught)
    if training is None:
        return content
    encoder = fit_image_encoder(training, device=device, seed=seed)
    return replace(content, vectors={**content.vectors, IMAGE: image_vectors(encoder, content, device)})


def image_training(content: ItemContent, taught: npt.NDArray[np.bool_]) -> ImageTraining | None:
    """What there is to learn; None where fewer than `BATCH_SIZE` taught items have a picture and a known token."""
    items = np.flatnonzero(taught & (content.picture_of >= 0)).tolist()
    documents = [_tokens(content, item) for item in items]
    vocabulary = Vocabulary.fitted(documents, TOKEN_LIMIT)
    bags = vocabulary.bags(documents, TOKENS_PER_ITEM)
    speaks = bags.weight.any(axis=1)
    if speaks.sum() < BATCH_SIZE:
        return None
    return ImageTraining(
        pixels=content.pictures,
        chosen=content.picture_of[items][speaks],
        bags=TokenBags(token=bags.token[speaks], weight=bags.weight[speaks]),
        token_count=len(vocabulary),
    )


def _tokens(content: ItemContent, item: int) -> list[str]:
    return [*(f"=={label}" for label in labels_of(content, item)), *words_of(content.texts[item])]


def fit_image_encoder(
    training: ImageTraining, *, device: torch.device, seed: int, on_progress: OnProgress = lambda share, message: None
) -> ImageEncoder:
    """One pass of a rising and falling learning rate (Smith and Topin 2018); call it inside `torch_state`."""
    network = PictureReader(training.token_count).to(device).train()
    rng = np.random.default_rng(seed)
    step_count = min(STEP_LIMIT, EPOCH_COUNT * -(-len(training.chosen) // BATCH_SIZE))
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=LEARNING_RATE, total_steps=step_count)
    for step, rows in zip(range(step_count), _batches(len(training.chosen), rng), strict=False):
        pixels = _varied(torch.from_numpy(training.pixels[training.chosen[rows]]), rng).to(device)
        target = _targets(training, rows).to(device)
        loss = -(target * network(pixels).log_softmax(dim=1)).sum(dim=1).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 20 == 0:
            on_progress(step / step_count, f"pictures: step {step} of {step_count}, loss {loss.item():.3f}")
    return network.encoder.eval()


def _batches(count: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    """Without end: numbers 0 to ``count`` in random order, `BATCH_SIZE` at a time."""
    while True:
        order = rng.permutation(count)
        yield from (order[start : start + BATCH_SIZE] for start in range(0, count - BATCH_SIZE + 1, BATCH_SIZE))


def _targets(training: ImageTraining, rows: npt.NDArray[np.int64]) -> Tensor:
    """(B, V) rows that sum to 1."""
    target = torch.zeros(len(rows), training.token_count)
    token, weight = torch.from_numpy(training.bags.token[rows]), torch.from_numpy(training.bags.weight[rows])
    return target.scatter_add_(1, token, weight)


def _varied(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """The pictures (B, S, S, 3), half of them mirrored, moved by some pixels, a little lighter or darker."""
    mirrored = torch.from_numpy(rng.random(len(pixels)) < 0.5)
    pixels = torch.where(mirrored[:, None, None, None], pixels.flip(2), pixels)
    down, right = rng.integers(-SHIFT, SHIFT + 1, 2).tolist()
    pixels = pixels.roll((down, right), dims=(1, 2))
    light = torch.from_numpy(rng.uniform(0.85, 1.15, (len(pixels), 1, 1, 1)).astype(np.float32))
    return (pixels.float() * light).clamp(max=255)


def image_vectors(encoder: ImageEncoder, content: ItemContent, device: torch.device) -> FloatArray:
    """(I + 1, D) of every item with a picture, NaN for the others."""
    encoded = [np.zeros((0, IMAGE_WIDTH), dtype=np.float32)]
    with torch.no_grad():
        for start in range(0, len(content.pictures), 4 * BATCH_SIZE):
            pixels = torch.from_numpy(np.array(content.pictures[start : start + 4 * BATCH_SIZE])).to(device)
            encoded.append(encoder(pixels).cpu().numpy())
    vectors = np.full((len(content.picture_of), IMAGE_WIDTH), np.nan, dtype=np.float32)
    has = content.picture_of >= 0
    vectors[has] = np.concatenate(encoded)[content.picture_of[has]]
    return vectors
