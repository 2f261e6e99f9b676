"""An opened artifact: what serving asks of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from django_recs.engine.baselines.copurchase import CoPurchase
from django_recs.engine.baselines.neighbours import ItemKNN
from django_recs.engine.baselines.popularity import Trend
from django_recs.engine.baselines.text import TextKNN
from django_recs.engine.blend import Blend
from django_recs.engine.encoder import SequenceVoice
from django_recs.engine.events import VIEW_CODE
from django_recs.engine.interactions import FloatArray, Histories, Int32Array, ItemContent
from django_recs.engine.shelves.facts import ShelfFacts


@dataclass(frozen=True, kw_only=True)
class EncodedVectors:
    """Vectors of items and what each was made from."""

    keys: npt.NDArray[np.str_]
    """(I + 1,), "" where there is no vector."""
    vectors: FloatArray
    """(I + 1, D)"""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """An opened and verified artifact. Safe to share between threads."""

    manifest: Mapping[str, Any]
    item_ids: npt.NDArray[np.str_]
    """(I + 1,) the shop's item ids; [0] is padding."""
    blend: Blend
    shelf_facts: ShelfFacts | None = None
    """What shelves need beside the blend; None in artifacts that were written without."""
    encoded: Mapping[str, EncodedVectors] = field(default_factory=dict)
    """What pretrained encoders said of the catalogue, by name, for the next training to take over."""

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {str(item_id): index for index, item_id in enumerate(self.item_ids) if index}

    def index_of(self, item_id: str) -> int | None:
        """The engine's index of a shop's item, None for one that is not in the artifact."""
        return self._indices.get(item_id)

    @cached_property
    def counts_blend(self) -> Blend:
        """The blend without its network, for when ONNX Runtime or the graph fails."""
        voices = [voice for voice in self.blend.voices if not isinstance(voice, SequenceVoice)]
        return self.blend.with_voices(voices)

    def similar(
        self, item: int, *, limit: int, counts_only: bool = False, min_persons: int = 1
    ) -> tuple[Int32Array, FloatArray]:
        """Items like ``item``: items int32 (n,) and scores float32 (n,), best first.

        People who took both, words and the network have one vote each, scaled to its own best. The people's vote counts
        only for what at least ``min_persons`` of them took.
        """
        scores = np.zeros(len(self.item_ids), dtype=np.float32)
        for voice in self.blend.voices:
            if isinstance(voice, ItemKNN):
                items, strengths = voice.similar(item, 4 * limit, min_persons=min_persons)
            elif isinstance(voice, TextKNN) or (isinstance(voice, SequenceVoice) and not counts_only):
                items, strengths = voice.similar(item, 4 * limit)
            else:
                continue
            if len(items):
                positive = strengths > 0
                scores[items[positive]] += strengths[positive] / max(strengths.max(), 1e-12)
        return _best(scores, item, limit)

    def bought_together(self, item: int, *, min_persons: int, limit: int) -> tuple[Int32Array, FloatArray]:
        """What at least ``min_persons`` persons bought in one order with ``item``: items and strengths, best first."""
        if self.shelf_facts is not None:
            return self.shelf_facts.bought_together.of(item, min_persons=min_persons, limit=limit)
        for voice in self.blend.voices:
            if isinstance(voice, CoPurchase):
                return voice.bought_together(item, min_persons=min_persons, limit=limit)
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)

    def rehearse(self) -> None:
        """Answer once for a visitor of one event in every situation. Raises whatever a voice that cannot work raises.

        Opening proves that the files are intact; this proves that this machine can run them, the graph above all.
        """
        visitor = Histories.of_one(item=[1], event_type=[VIEW_CODE], time=[0], now=60)
        allowed = np.arange(len(self.item_ids)) > 0
        for situation in self.blend.weights:
            self.blend.rank(visitor, situation, allowed, count=1)

    def trending(self, *, limit: int) -> tuple[Int32Array, FloatArray]:
        """What is wanted lately: items and scores, best first; by the trend whose half-life is nearest to a week."""
        trends = [voice for voice in self.blend.voices if isinstance(voice, Trend)]
        if not trends:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        return _best(min(trends, key=lambda trend: abs(trend.half_life_days - 7)).popularity, 0, limit)


def _best(scores: FloatArray, item: int, limit: int) -> tuple[Int32Array, FloatArray]:
    found = np.flatnonzero(scores > 0)
    found = found[(found != item) & (found != 0)]
    if len(found) > limit:  # sorting all would take longer than everything else
        least = np.partition(scores[found], len(found) - limit)[len(found) - limit]
        found = found[scores[found] >= least]
    order = found[np.argsort(-scores[found], kind="stable")[:limit]]
    return order.astype(np.int32), scores[order]


def encoded_vectors(content: ItemContent) -> dict[str, EncodedVectors]:
    """The vectors of ``content`` that an encoder made, by name."""
    keyed = content.vector_keys.items()
    return {name: EncodedVectors(keys=keys, vectors=content.vectors[name]) for name, keys in keyed}
