"""What accuracy does not see: how new, how mixed and how popular the listed items are.

All take ``top`` (Q, K) item indices, best first, -1 where a list ran out, and look at the first k places. Values of a
query are NaN where its list has nothing to say.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from django_recs.engine.baselines.decay import WeightArray
from django_recs.engine.baselines.text import tf_idf
from django_recs.engine.evaluation.metrics import BoolArray, Counts, Figure, Values
from django_recs.engine.events import PURCHASE_CODE
from django_recs.engine.interactions import Histories, Interactions, ItemContent

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Lists = npt.NDArray[np.int64]

PARTS = 10
"""The candidates are cut into so many parts of equal size by their popularity."""


@dataclass(frozen=True, kw_only=True)
class ItemTraits:
    """What is known of the items before the cut. The test period has no part in it."""

    taker_counts: Counts
    """(I + 1,) persons who took the item."""
    person_count: int
    """Persons who took anything."""
    words: "csr_array"
    """(I + 1, W) tf-idf of the item's text, categories and attributes, of length 1, or 0 where there are no words."""

    @property
    def popularity(self) -> Values:
        """(I + 1,) share of the persons who took the item, 0 to 1."""
        return np.asarray(self.taker_counts / max(self.person_count, 1), dtype=np.float64)


def item_traits(past: Interactions, content: ItemContent, *, event_weights: WeightArray) -> ItemTraits:
    """The traits as ``past``, the events before the cut, tells them.

    To take an item is to buy it; where nobody bought anything, every event of positive weight counts.
    """
    bought = past.event_type == PURCHASE_CODE
    took = past.where(bought if bought.any() else event_weights[past.event_type] > 0)
    size = past.item_count + 1
    pairs = np.unique(took.unit.astype(np.int64) * size + took.item)
    return ItemTraits(
        taker_counts=np.bincount(pairs % size, minlength=size).astype(np.int64),
        person_count=len(np.unique(took.unit)),
        words=tf_idf(content),
    )


def novelty(top: Lists, traits: ItemTraits, k: int) -> Values:
    """Mean self-information of the listed items in bits (Zhou et al., 2010, "Solving the apparent diversity-accuracy
    dilemma of recommender systems"): log2(persons / takers), both with one added, as nobody has taken a new item.
    """
    bits = np.log2((traits.person_count + 1) / (traits.taker_counts + 1))
    return _mean_over_list(top[:, :k], bits)


def popularity(top: Lists, traits: ItemTraits, k: int) -> Values:
    """Mean share of persons who took the listed items (Yin et al., 2012, "Challenging the long tail", ARP)."""
    return _mean_over_list(top[:, :k], traits.popularity)


def history_popularity(histories: Histories, traits: ItemTraits) -> Values:
    """(B,) `popularity` of the distinct items of each history; NaN without any."""
    size = len(traits.taker_counts)
    once = np.unique(histories.row * size + histories.item)
    row = once // size
    counts = np.bincount(row, minlength=len(histories))
    sums = np.bincount(row, weights=traits.popularity[once % size], minlength=len(histories))
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), dtype=np.float64)


def popularity_lift(listed: Values, had: Values) -> Figure | None:
    """How much more popular lists are than what their readers took before: mean(listed) / mean(had) - 1.

    0: as popular; 1: twice as popular. The change of group average popularity of Abdollahpouri et al. (2019, "The
    unfairness of popularity bias in recommendation"), over the queries (Q,) that have both; its error is that of a
    ratio of means (Cochran, 1977, chapter 6): the deviation of listed - ratio * had, over mean(had) * sqrt(Q). None
    without such queries, or when nobody had anything popular.
    """
    both = ~(np.isnan(listed) | np.isnan(had))
    listed, had = listed[both], had[both]
    if not len(had) or not had.mean():
        return None
    ratio = float(listed.mean() / had.mean())
    if len(had) < 2:
        return Figure(mean=ratio - 1, se=None)
    error = float((listed - ratio * had).std(ddof=1) / (had.mean() * np.sqrt(len(had))))
    return Figure(mean=ratio - 1, se=error)


def diversity(top: Lists, traits: ItemTraits, k: int) -> Values:
    """Mean of 1 - cosine over all pairs of a list, of the words that describe its items: 0 all alike, 1 nothing shared.

    The diversity of Smyth and McClave (2001, "Similarity vs. diversity"), the counterpart of the intra-list similarity
    of Ziegler et al. (2005). Items without words are left out; a list with fewer than two items with words is NaN.
    """
    from scipy.sparse import csr_array

    first = top[:, :k]
    listed = (first > 0) & (np.diff(traits.words.indptr)[np.maximum(first, 0)] > 0)
    row, place = np.nonzero(listed)
    shape = (len(first), len(traits.taker_counts))
    sums = csr_array((np.ones(len(row)), (row, first[row, place])), shape=shape) @ traits.words
    squares = np.asarray(sums.multiply(sums).sum(axis=1), dtype=np.float64).ravel()
    count = listed.sum(axis=1)
    pairs = count * (count - 1)
    # |sum of unit vectors|^2 = count + the sum of cosines over ordered pairs
    cosine = (squares - count) / np.maximum(pairs, 1)
    return np.asarray(np.where(pairs > 0, np.clip(1 - cosine, 0, 1), np.nan), dtype=np.float64)


def exposures(top: Lists, size: int, k: int) -> Counts:
    """(size,) how many lists show each item among the first k."""
    first = top[:, :k]
    return np.bincount(first[first > 0], minlength=size).astype(np.int64)


def gini(counts: Counts) -> float:
    """Inequality of the exposures (n,) of the candidates: 0 all alike, 1 one item has them all.

    sum over j of (2j - n - 1) p_j / (n - 1) for shares p in ascending order (Shani and Gunawardana, 2011, "Evaluating
    recommendation systems", section 8.3.3); 0 for fewer than two candidates or no exposure.
    """
    n, total = len(counts), counts.sum()
    if n < 2 or not total:
        return 0.0
    return float((2 * np.arange(1, n + 1) - n - 1) @ np.sort(counts) / total / (n - 1))


def popularity_parts(traits: ItemTraits, candidates: BoolArray) -> Lists:
    """(I + 1,) part 0 (the most popular) to 9 of each candidate by its number of takers, -1 for what is none.

    Of equally popular items those with a lower number are in the lower part.
    """
    items = np.flatnonzero(candidates)
    order = items[np.argsort(-traits.taker_counts[items], kind="stable")]
    parts = np.full(len(candidates), -1, dtype=np.int64)
    parts[order] = PARTS * np.arange(len(order)) // max(len(order), 1)
    return parts


def shares_by_part(counts: Counts, parts: Lists) -> list[float]:
    """(10,) share of ``counts`` (I + 1,) that falls to each of `popularity_parts`, all 0 without any."""
    inside = parts >= 0
    sums = np.bincount(parts[inside], weights=counts[inside], minlength=PARTS)
    return [float(share) for share in sums / max(sums.sum(), 1)]


def _mean_over_list(first: Lists, value: Values) -> Values:
    listed = first > 0
    sums = np.where(listed, value[np.maximum(first, 0)], 0.0).sum(axis=1)
    count = listed.sum(axis=1)
    return np.asarray(np.where(count > 0, sums / np.maximum(count, 1), np.nan), dtype=np.float64)
