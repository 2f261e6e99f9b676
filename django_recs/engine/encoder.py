"""The sequence network in the web process: ONNX Runtime encodes a visitor's latest events, numpy scores the items.

The graph holds the transformer only. Item vectors are looked up here, from a matrix that may be memory-mapped, so a
catalogue of any size neither swells the graph nor is copied per process.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.content.placing import ItemPlacer
from django_recs.engine.context import NO_CONTEXT, ContextScale
from django_recs.engine.graphs import open_graph, refuse_external_data
from django_recs.engine.interactions import FloatArray, Histories, Int32Array, IntArray
from django_recs.engine.recommender import Arrays

TOKENS_PER_CALL = 16_384
"""Upper bound of B * T in one call of the graph; 16,384 x 64 floats are 4 MiB."""


def gap_codes(times: IntArray, offsets: IntArray, now: IntArray, edges: IntArray) -> IntArray:
    """How long each event lies before the next one, and the last one before ``now``, as a bucket number (N,).

    Args:
        times: (N,) seconds, ascending within a visitor.
        offsets: (B + 1,) where each visitor's events begin and end.
        now: (B,) seconds.
        edges: (G,) ascending seconds; code g means ``edges[g - 1] <= gap < edges[g]``, so codes are 0 to G.
    """
    following = np.empty_like(times)
    following[:-1] = times[1:]
    filled = np.flatnonzero(np.diff(offsets))
    following[offsets[filled + 1] - 1] = now[filled]
    codes: IntArray = np.searchsorted(edges, np.maximum(following - times, 0), side="right").astype(np.int64)
    return codes


@dataclass(frozen=True, kw_only=True, eq=False)
class SequenceVoice:
    """Scores = item vectors @ the vector into which the network turns a visitor's latest events.

    Raises `ValueError` when built from parts that do not fit together or from a graph that refers to other files.
    """

    name: ClassVar[str] = "sequence"
    supports_cold_items: ClassVar[bool] = True

    encoder_onnx: npt.NDArray[np.uint8]
    """Bytes of the ONNX graph: item_vectors (B, T, D), event_types, gaps (B, T), last (B,) -> visitors (B, D).

    With a context of C names it takes ``context`` (B, T, 2C) too, see `ContextScale.read`.
    """
    item_vectors: FloatArray
    """(I + 1, D), may be memory-mapped; row 0 is padding and zero."""
    gap_edges: IntArray
    """(G,) ascending seconds, see `gap_codes`."""
    read_types: npt.NDArray[np.bool_]
    """(E,) by event code: whether the network reads events of this type. Others are skipped."""
    max_length: int
    """Only a visitor's last ``max_length`` readable events are encoded."""
    context: ContextScale = NO_CONTEXT
    """How circumstances are read; without names they are not, as in artifacts that were written before."""
    placer: ItemPlacer | None = None
    """Finds the vector of a product that was not in training; None in artifacts from before there was one."""

    def __post_init__(self) -> None:
        if self.item_vectors.ndim != 2 or self.item_vectors.dtype != np.float32:
            raise ValueError("item_vectors must be a float32 matrix (I + 1, D).")
        if self.max_length < 1:
            raise ValueError(f"max_length is {self.max_length}; it must be at least 1.")
        refuse_external_data("encoder_onnx", self.encoder_onnx)

    @property
    def width(self) -> int:
        return int(self.item_vectors.shape[1])

    @cached_property
    def _session(self) -> Any:
        return open_graph(self.encoder_onnx)

    def encode(self, histories: Histories, *, at_any_moment: bool = False) -> FloatArray:
        """Visitor vectors (B, D); zeros for a visitor without any readable event.

        Args:
            at_any_moment: leave open when and under which circumstances is asked. Such a vector describes the person,
                as segments and predictions need it, and not what they want on this evening, on this phone.
        """
        histories = self._readable(histories)
        if len(histories) == 1 and len(histories.item):
            return self._encode_one(histories, at_any_moment=at_any_moment)
        gaps = gap_codes(histories.time, histories.offsets, histories.now, self.gap_edges)
        types = histories.event_type.astype(np.int64)
        context = self.context.read(histories, at_any_moment=at_any_moment)
        lengths = np.minimum(np.diff(histories.offsets), self.max_length)
        visitors = np.zeros((len(histories), self.width), dtype=np.float32)
        for members in _by_length(lengths):
            length = lengths[members]
            column = np.arange(length[-1])  # (T,); members are in ascending order of length
            real = column < length[:, None]  # (B, T), padded at the right
            rows = np.where(real, (histories.offsets[members + 1] - length)[:, None] + column, 0)
            inputs = {
                "item_vectors": self.item_vectors[np.where(real, histories.item[rows], 0)],
                "event_types": np.where(real, types[rows], 0),
                "gaps": np.where(real, gaps[rows], 0),
                "last": length - 1,
            }
            if self.context.values:
                inputs["context"] = np.where(real[:, :, None], context[rows], 0)
            (visitors[members],) = self._session.run(["visitors"], inputs)
        return visitors

    def _encode_one(self, histories: Histories, *, at_any_moment: bool) -> FloatArray:
        """`encode` for one visitor with readable events, without what only a batch needs."""
        last = slice(-self.max_length, None)
        following = np.append(histories.time[1:], histories.now)[last]
        waits = np.maximum(following - histories.time[last], 0)
        inputs = {
            "item_vectors": self.item_vectors[histories.item[last]][None],
            "event_types": histories.event_type[last].astype(np.int64)[None],
            "gaps": np.searchsorted(self.gap_edges, waits, side="right").astype(np.int64)[None],
            "last": np.array([len(waits) - 1]),
        }
        if self.context.values:
            inputs["context"] = self.context.read(histories, at_any_moment=at_any_moment)[last][None]
        (visitor,) = self._session.run(["visitors"], inputs)
        return np.asarray(visitor, dtype=np.float32)

    def score(self, histories: Histories) -> FloatArray:
        """Scores (B, I + 1): zeros for a visitor without events; column 0 never exceeds the lowest item."""
        scores: FloatArray = self.encode(histories) @ self.item_vectors.T
        scores[:, 0] = scores.min(axis=1)
        return scores

    def similar(self, item: int, limit: int) -> tuple[Int32Array, FloatArray]:
        """The ``limit`` items nearest by cosine, best first: (items (n,), cosines (n,))."""
        cosines = self._directions @ self._directions[item]
        cosines[[0, item]] = -np.inf
        limit = min(limit, len(cosines))
        best = np.argpartition(-cosines, limit - 1)[:limit]
        best = best[np.argsort(-cosines[best], kind="stable")]
        best = best[np.isfinite(cosines[best])]
        return best.astype(np.int32), cosines[best]

    @cached_property
    def _directions(self) -> FloatArray:
        lengths = np.linalg.norm(self.item_vectors, axis=1, keepdims=True)
        directions: FloatArray = (self.item_vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
        return directions

    def _readable(self, histories: Histories) -> Histories:
        keep = self.read_types[histories.event_type] & (histories.item > 0)
        return histories if keep.all() else histories.where(keep)

    def arrays(self) -> Arrays:
        return {
            "encoder_onnx": self.encoder_onnx,
            "item_vectors": self.item_vectors,
            "gap_edges": self.gap_edges,
            "read_types": self.read_types,
            "max_length": np.array(self.max_length, dtype=np.int64),
            **self.context.arrays(),
            **(self.placer.arrays() if self.placer else {}),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(
            encoder_onnx=np.asarray(arrays["encoder_onnx"], dtype=np.uint8),
            item_vectors=np.asarray(arrays["item_vectors"], dtype=np.float32),
            gap_edges=np.asarray(arrays["gap_edges"], dtype=np.int64),
            read_types=np.asarray(arrays["read_types"], dtype=np.bool_),
            max_length=int(arrays["max_length"]),
            context=ContextScale.from_arrays(arrays),
            placer=ItemPlacer.from_arrays(arrays),
        )


def _by_length(lengths: IntArray) -> Iterator[IntArray]:
    """Visitors with events in groups of similar length, each at most `TOKENS_PER_CALL` after padding."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    stop = len(order)
    while stop > 0:
        count = max(1, TOKENS_PER_CALL // int(lengths[order[stop - 1]]))
        yield order[max(0, stop - count) : stop]
        stop -= count
