"""A visitor's shortlist in numbers: what the ranker reads, the same in training and in a web process.

B = visitors, S = items of a shortlist, V = voices, F = V + the features named in `FEATURES`.
"""

import numpy as np
import numpy.typing as npt

from django_recs.engine.interactions import SECONDS_PER_DAY, FloatArray, Histories
from django_recs.engine.ranking.facts import ItemFacts

FEATURES = (
    "blend",  # the weighted sum of the voices
    "times",  # events of the item in the history, as log1p
    "days_since",  # days since the last of them, as log1p; NEVER without one
    "due",  # log of these days over the days after which people take the item again; NOT_DUE without one
    "age_days",  # days since the item was first seen, as log1p
    "persons",  # who bought it, as log1p
    "repeat_share",
    "repeat_days",  # as log
    "log_price",
    "log_price_above_usual",  # above the mean of the history
    "events",  # length of the history, as log1p
    "items",  # distinct items in it, as log1p
    "days_away",  # since its last event, as log1p
    "habit",  # share of its events that repeat an item
)
NEVER = -1.0
NOT_DUE = -9.0
LONG_AWAY_DAYS = 400.0
"""How long a visitor without any event has been away."""


def ranking_features(
    histories: Histories, items: npt.NDArray[np.int64], ways: FloatArray, blend: FloatArray, facts: ItemFacts
) -> FloatArray:
    """(B, S, F) float32.

    Args:
        items: (B, S) the shortlists, 0 where padded.
        ways: (V, B, S) what each voice says of these items, normalised.
        blend: (B, S) the weighted sum of ``ways``.
    """
    size = len(facts.persons)
    cell = histories.row * size + histories.item
    count = np.bincount(cell, minlength=len(histories) * size).reshape(len(histories), size)
    last = np.zeros(count.shape, dtype=np.int64)
    np.maximum.at(last.ravel(), cell, histories.time)
    times = np.take_along_axis(count, items, axis=1)
    days = _days(histories.now[:, None] - np.take_along_axis(last, items, axis=1))
    had = times > 0
    columns = (
        blend,
        np.log1p(times),
        np.where(had, np.log1p(days), NEVER),
        np.where(had, np.log((days + 1) / facts.repeat_days[items]), NOT_DUE),
        np.log1p(_days(histories.now[:, None] - facts.first_seen[items])),
        np.log1p(facts.persons[items]),
        facts.repeat_share[items],
        np.log(facts.repeat_days[items]),
        facts.log_price[items],
        facts.log_price[items] - _usual_log_price(histories, facts)[:, None],
        *(column[:, None] for column in _visitor_columns(histories, count)),
    )
    features = np.empty((*items.shape, len(ways) + len(FEATURES)), dtype=np.float32)
    features[:, :, : len(ways)] = np.moveaxis(ways, 0, 2)
    for place, column in enumerate(columns, start=len(ways)):
        features[:, :, place] = column
    return features


def _visitor_columns(histories: Histories, count: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], ...]:
    """The last four of `FEATURES`, (B,) each."""
    events, items = np.diff(histories.offsets), (count > 0).sum(axis=1)
    latest = np.append(histories.time, 0)[histories.offsets[1:] - 1]  # of nobody's event where there is none
    away = np.where(events > 0, _days(histories.now - latest), LONG_AWAY_DAYS)
    return np.log1p(events), np.log1p(items), np.log1p(away), (events - items) / np.maximum(events, 1)


def _usual_log_price(histories: Histories, facts: ItemFacts) -> npt.NDArray[np.float64]:
    """(B,) mean over the history, the catalogue's mean for a visitor without one."""
    events = np.diff(histories.offsets)
    sums = np.bincount(histories.row, weights=facts.log_price[histories.item], minlength=len(histories))
    return np.where(events > 0, sums / np.maximum(events, 1), facts.log_price[0])


def _days(seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.maximum(seconds, 0) / SECONDS_PER_DAY
