"""What the image encoder that is fitted inside sees in real product pictures it never met.

    pytest -m benchmark -s tests/benchmarks/product_pictures.py        the held-out products
    python -m tests.benchmarks.product_pictures --valid                a fifth of the others, for every choice

Data: fashion pictures (Myntra catalogue, 2,906 products), from ``$RECS_DATA/fashion_products``. One product in five,
drawn with a fixed seed, is held out; the encoder learns from pictures, labels and titles of the others. Of a held-out
product only the picture is read. Category: majority of the ten nearest known products by cosine. Precision@10: share of
these ten with the same category. Baseline: histogram of colours, 4 x 4 x 4, by the square roots of its shares.
"""

import argparse
import csv
import gzip
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from django_recs.engine.content.pictures import PICTURE_SIZE
from django_recs.engine.content.vectors import VectorScale
from django_recs.engine.interactions import FloatArray, ItemContent
from django_recs.learning import NetworkConfig
from django_recs.learning.fitting import torch_state
from django_recs.learning.image_fitting import fit_image_encoder, image_training, image_vectors
from django_recs.pipeline.pictures import square

FOLDER = "fashion_products"
SEED = 0
HELD_OUT_SHARE = 0.2
NEIGHBOUR_COUNT = 10
CATEGORIES = ("SubCategory", "ProductType")

Row = dict[str, str]


def load(folder: Path) -> tuple[list[Row], ItemContent]:
    """Every product, from item 1."""
    with gzip.open(folder / "products.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with zipfile.ZipFile(folder / "images.zip") as archive:
        pixels = np.stack([square(archive.read(row["Image"]), PICTURE_SIZE) for row in rows])
    content = ItemContent(
        texts=["", *(row["ProductTitle"] for row in rows)],
        categories=[(), *((row["Category"], row["SubCategory"], row["ProductType"]) for row in rows)],
        prices=np.full(len(rows) + 1, np.nan),
        available=np.arange(len(rows) + 1) > 0,
        attributes=[{}, *({name: row[name] for name in ("Gender", "Colour", "Usage")} for row in rows)],
        pictures=pixels,
        picture_of=np.arange(-1, len(rows)),
    )
    return rows, content


def colour_histograms(pixels: np.ndarray) -> FloatArray:
    """(P, 64) roots of the shares of the colours, of 4 levels each of red, green and blue."""
    levels = (pixels // 64).astype(np.int64).reshape(len(pixels), -1, 3) @ np.array([16, 4, 1])
    counts = np.stack([np.bincount(each, minlength=64) for each in levels])
    return np.sqrt(counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)


def judged(rows: list[Row], vectors: FloatArray, known: np.ndarray, asked: np.ndarray) -> dict[str, float]:
    """Figures of ``vectors`` (P, D) of the products; ``known`` and ``asked`` are numbers of rows."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    nearest = known[np.argsort(-(unit[asked] @ unit[known].T), axis=1, kind="stable")[:, :NEIGHBOUR_COUNT]]
    figures = {}
    for category in CATEGORIES:
        of = np.array([row[category] for row in rows])
        votes = [Counter(each).most_common(1)[0][0] for each in of[nearest].tolist()]
        figures[f"{category} accuracy"] = float((np.array(votes) == of[asked]).mean())
        figures[f"{category} precision@10"] = float((of[nearest] == of[asked][:, None]).mean())
    return figures


def run(folder: Path, *, valid: bool) -> dict[str, dict[str, float]]:
    """Figures by name of the vectors."""
    rows, content = load(folder)
    draw = np.random.default_rng(SEED).random(len(rows))
    asked = draw < HELD_OUT_SHARE
    if valid:
        asked, known = (draw >= HELD_OUT_SHARE) & (draw < 2 * HELD_OUT_SHARE), draw >= 2 * HELD_OUT_SHARE
    else:
        known = ~asked
    taught = np.concatenate([[False], known])
    training = image_training(content, taught)
    assert training is not None
    started = time.process_time()
    with torch_state(NetworkConfig()):
        encoder = fit_image_encoder(training, device=torch.device("cpu"), seed=SEED)
        fitted = time.process_time()
        vectors = image_vectors(encoder, content, torch.device("cpu"))
    encoded = time.process_time()
    columns = VectorScale.fitted(vectors[taught]).columns(vectors)[1:, :-1]
    of_known, of_asked = np.flatnonzero(known), np.flatnonzero(asked)
    most = {
        f"{category} accuracy": float(
            np.mean([row[category] == common for row, ask in zip(rows, asked, strict=True) if ask])
        )
        for category in CATEGORIES
        for common in [Counter(rows[place][category] for place in of_known).most_common(1)[0][0]]
    }
    return {
        "protocol": {
            "products": len(of_known),
            "held out": len(of_asked),
            "seed": SEED,
            "cpu seconds to fit": round(fitted - started, 1),
            "cpu milliseconds a picture": round(1000 * (encoded - fitted) / len(rows), 2),
        },
        "most frequent category": most,
        "colour histogram": judged(rows, colour_histograms(content.pictures), of_known, of_asked),
        "image encoder": judged(rows, columns, of_known, of_asked),
    }


def printed(figures: dict[str, dict[str, float]]) -> str:
    return "\n".join(
        f"{name:24s} {'  '.join(f'{key} {value:.4g}' for key, value in each.items())}" for name, each in figures.items()
    )


@pytest.mark.benchmark
@pytest.mark.real_data
def test_the_image_encoder_tells_categories_apart(data_folder: Path) -> None:
    figures = run(data_folder / FOLDER, valid=False)

    print("\n" + printed(figures))

    for name, value in figures["colour histogram"].items():
        assert figures["image encoder"][name] > value


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--valid", action="store_true")
    options = parser.parse_args()
    print(printed(run(options.data / FOLDER, valid=options.valid)))


if __name__ == "__main__":
    _main()
