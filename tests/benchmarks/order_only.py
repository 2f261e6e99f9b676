"""Data sets that know who did what in which order and nothing of when: as arrays, and as leave-one-out questions.

MovieLens 1M (Harper and Konstan, 2015; items with fewer than 5 ratings dropped) and Amazon Beauty 5-core (McAuley et
al., 2015), read in place. A person's last item is the test, the one before it the validation.

The clock is made up, the same for everybody: the last event of each person lies at `END`, the one before it a step
earlier, and so on. What decays with days then decays with places, and "before a moment" leaves out the last so many of
each person. Item numbers are shuffled with a fixed seed, so that ties tell nothing of the order of the source.
"""

import csv
import gzip
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from django_recs.engine.evaluation.queries import ItemLists, Queries
from django_recs.engine.events import PURCHASE_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, Interactions, ItemContent
from django_recs.engine.situations import Situation

SEED = 0
END = 20_000 * SECONDS_PER_DAY
RARE_COUNT = 5
"""Items of MovieLens with fewer ratings are dropped."""

NAMES = ("movielens_1m", "amazon_beauty")


@dataclass(frozen=True, kw_only=True)
class Catalogued:
    """What the catalogue says of one item."""

    text: str
    labels: tuple[str, ...]
    attributes: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Events on the made-up clock and the catalogue beside them."""

    name: str
    interactions: Interactions
    content: ItemContent
    step_seconds: int

    def known(self, left_out: int) -> Interactions:
        """All but the last ``left_out`` events of each person."""
        return self.interactions.before(END - (left_out - 1) * self.step_seconds)

    def queries(self, left_out: int, *, history_length: int) -> Queries:
        """Everybody's event that many places from the end, asked from all before it, over the whole catalogue."""
        now = END - (left_out - 1) * self.step_seconds
        past = self.interactions.before(now)
        wanted = self.interactions.where(self.interactions.time == now)
        units = wanted.unit
        size = self.interactions.item_count + 1
        return Queries(
            name="new_to_them",
            situation=Situation.NEW_TO_THEM,
            histories=past.histories(units, now=now, length=history_length),
            candidates=np.arange(size) > 0,
            excluded=ItemLists.of_pairs(np.searchsorted(units, past.unit), past.item, len(units)),
            truth=ItemLists.of_pairs(np.arange(len(units)), wanted.item, len(units)),
        )


def load(folder: Path, name: str, *, step_days: float) -> DataSet:
    """The named data set; ``step_days`` lie between two events of a person."""
    sequences, catalogue = {"movielens_1m": _movielens, "amazon_beauty": _beauty}[name](folder / name)
    items = sorted({item for sequence in sequences.values() for item in sequence})
    random.Random(SEED).shuffle(items)
    index = {item: number for number, item in enumerate(items, start=1)}
    lengths = np.array([len(sequence) for sequence in sequences.values()])
    places_left = np.concatenate([np.arange(length)[::-1] for length in lengths])
    step_seconds = round(step_days * SECONDS_PER_DAY)
    count = len(places_left)
    interactions = Interactions(
        unit=np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
        item=np.array([index[item] for sequence in sequences.values() for item in sequence], dtype=np.int32),
        event_type=np.full(count, PURCHASE_CODE, dtype=np.int8),
        time=END - places_left * step_seconds,
        quantity=np.ones(count, dtype=np.float32),
        basket=np.full(count, -1, dtype=np.int32),
        unit_ids=[f"c:{person}" for person in sequences],
        item_ids=["", *items],
    )
    unknown = Catalogued(text="", labels=(), attributes={})
    known = [unknown, *(catalogue.get(item, unknown) for item in items)]
    content = ItemContent(
        texts=[item.text for item in known],
        categories=[item.labels for item in known],
        prices=np.full(len(known), np.nan),
        available=np.arange(len(known)) > 0,
        attributes=[item.attributes for item in known],
    )
    return DataSet(name=name, interactions=interactions, content=content, step_seconds=step_seconds)


def _movielens(folder: Path) -> tuple[dict[str, list[str]], dict[str, Catalogued]]:
    rows = [(row["user_id"], row["movie_id"]) for row in _rows(folder / "ratings.csv.gz")]
    counts: dict[str, int] = {}
    for _, movie in rows:
        counts[movie] = counts.get(movie, 0) + 1
    catalogue = {}
    with gzip.open(folder / "movies.dat.gz", "rt", encoding="latin-1") as lines:
        for line in lines:
            movie, title, genres = line.rstrip("\n").split("::")
            decade = {"decade": f"{title[-5:-2]}0"} if title.endswith(")") else {}
            catalogue[movie] = Catalogued(text=title, labels=tuple(genres.split("|")), attributes=decade)
    return _sequences((user, movie) for user, movie in rows if counts[movie] >= RARE_COUNT), catalogue


def _beauty(folder: Path) -> tuple[dict[str, list[str]], dict[str, Catalogued]]:
    catalogue = {}
    for row in _rows(folder / "items.csv.gz"):
        brand, *categories = row["attributes"].split("|")
        catalogue[row["item"]] = Catalogued(text=row["title"], labels=tuple(categories), attributes={"brand": brand})
    return _sequences((row["user"], row["item"]) for row in _rows(folder / "interactions.csv.gz")), catalogue


def _sequences(pairs: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    """Items by person. The files hold each person's rows in their order."""
    sequences: dict[str, list[str]] = {}
    for person, item in pairs:
        sequences.setdefault(person, []).append(item)
    return sequences


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rb") as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)
