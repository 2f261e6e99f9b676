"""Does 0.2 mean one in five? The probabilities that a recommender declares, beside what came true."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from django_recs.engine.evaluation.metrics import BoolArray, Counts, Values, clustered_error
from django_recs.engine.interactions import FloatArray
from django_recs.engine.situations import Situation

BINS = 10


@runtime_checkable
class Calibrated(Protocol):
    """A recommender or blend that can say how likely the items are that it puts first."""

    def probabilities(self, scores: FloatArray, situation: Situation) -> FloatArray:
        """The chance, 0 to 1, that each item is in the visitor's next basket; the shape (B, N) of ``scores``.

        Args:
            scores: (B, N) as this recommender scored any N items of each visitor; the columns are no item indices.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Listed items of about the same declared probability."""

    count: int
    predicted: float
    """Mean declared probability."""
    observed: float
    """Share that was in the next basket."""
    se: float
    """Error of observed - predicted, where the items of one query are one witness."""


def reliability(probabilities: Values, hits: BoolArray, queries: Counts) -> dict[str, Any]:
    """Declared probabilities (N,) of listed items, whether they came true (N,), and whose list each stood on (N,).

    ``{"count", "ece", "brier", "bins": [{...} of `Bin`]}``, JSON-able. Bins hold equal numbers of items from the lowest
    probability to the highest, equal ones together. ``ece`` is the expected calibration error, the mean of
    |observed - predicted| over the bins by their size (Naeini, Cooper and Hauskrecht, 2015; with bins of equal size,
    Nixon et al., 2019); ``brier`` the mean squared error (Brier, 1950).

    Raises:
        ValueError: something that is no probability.
    """
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError("A declared probability is not between 0 and 1.")
    if not len(probabilities):
        return {"count": 0, "ece": None, "brier": None, "bins": []}
    edges = np.unique(np.quantile(probabilities, np.arange(1, BINS) / BINS))
    place = np.searchsorted(edges, probabilities, side="right")
    bins = [
        _bin(probabilities[place == each], hits[place == each], queries[place == each]) for each in np.unique(place)
    ]
    gaps = [each.count * abs(each.observed - each.predicted) for each in bins]
    return {
        "count": len(probabilities),
        "ece": float(sum(gaps) / len(probabilities)),
        "brier": float(((probabilities - hits) ** 2).mean()),
        "bins": [asdict(each) for each in bins],
    }


def _bin(probabilities: Values, hits: BoolArray, queries: Counts) -> Bin:
    return Bin(
        count=len(hits),
        predicted=float(probabilities.mean()),
        observed=float(hits.mean()),
        se=clustered_error(hits - probabilities, queries),
    )
