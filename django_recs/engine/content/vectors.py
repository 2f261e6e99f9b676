"""Vectors that describe items: a row per item, NaN where it has none. One idea for text, pictures and suppliers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import FloatArray
from django_recs.engine.recommender import Arrays

LENGTH_LIMIT = 4.0
"""Vectors longer than this many times the root mean square of the training items are outliers and shortened to it."""


def known_rows(vectors: FloatArray) -> npt.NDArray[np.bool_]:
    """(M,) which rows of ``vectors`` (M, D) are there: all their values are finite."""
    return np.asarray(np.isfinite(vectors).all(axis=1))


@dataclass(frozen=True, kw_only=True)
class VectorScale:
    """Brings vectors of one kind to mean 0 and a mean squared length of 1, as the training items measure them."""

    mean: FloatArray
    """(D,)"""
    length: np.float32
    """Root of the mean squared distance from the mean, never 0."""

    @classmethod
    def fitted(cls, vectors: FloatArray) -> Self:
        """From ``vectors`` (N, D) of training items; rows with NaN are left out, and N may be 0."""
        known = vectors[known_rows(vectors)].astype(np.float64)
        mean = known.mean(axis=0) if len(known) else np.zeros(vectors.shape[1])
        length = np.sqrt(((known - mean) ** 2).sum(axis=1).mean()) if len(known) else 0.0
        return cls(mean=mean.astype(np.float32), length=np.float32(length if length > 1e-12 else 1.0))

    def columns(self, vectors: FloatArray) -> FloatArray:
        """``vectors`` (M, D) as the network reads them (M, D + 1): scaled, 0 where unknown, and 1 where unknown."""
        if vectors.shape[1:] != self.mean.shape:
            raise ValueError(f"Vectors of {vectors.shape[1:]} values, fitted on {self.mean.shape}.")
        known = known_rows(vectors)
        scaled = np.where(known[:, None], (vectors - self.mean) / self.length, 0)
        lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
        scaled /= np.maximum(lengths / LENGTH_LIMIT, 1)
        return np.concatenate([scaled, ~known[:, None]], axis=1).astype(np.float32)


def scale_arrays(scales: Mapping[str, VectorScale]) -> Arrays:
    """The scales of all named vectors as three arrays."""
    return {
        "vector_names": np.array(list(scales), dtype=np.str_),
        "vector_widths": np.array([len(scale.mean) for scale in scales.values()], dtype=np.int64),
        "vector_scales": np.concatenate(
            [np.zeros(0, dtype=np.float32), *(np.append(scale.mean, scale.length) for scale in scales.values())]
        ).astype(np.float32),
    }


def scales_from_arrays(arrays: Arrays) -> dict[str, VectorScale]:
    """The inverse of `scale_arrays`. Raises `ValueError` when the arrays do not fit each other."""
    names = [str(name) for name in np.asarray(arrays["vector_names"])]
    widths = np.asarray(arrays["vector_widths"], dtype=np.int64)
    values = np.asarray(arrays["vector_scales"], dtype=np.float32)
    stops = np.cumsum(widths + 1)
    if len(names) != len(widths) or (widths < 1).any() or len(values) != (stops[-1] if len(stops) else 0):
        raise ValueError("The scales of the vectors do not fit their names.")
    parts = [values[stop - width - 1 : stop] for stop, width in zip(stops, widths, strict=True)]
    return {name: VectorScale(mean=part[:-1], length=part[-1]) for name, part in zip(names, parts, strict=True)}
