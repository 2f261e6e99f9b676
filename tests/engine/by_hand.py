"""Small shops written out event by event, for tests of the engine."""

from collections.abc import Sequence

import numpy as np

from django_recs.engine.events import EVENT_TYPES, PURCHASE_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, Histories, Interactions, ItemContent

EQUAL = np.ones(len(EVENT_TYPES))
"""Every type of event counts 1."""

Row = tuple[int, int, float, int] | tuple[int, int, float, int, int]
"""unit, item, day, basket and, unless it was bought, the code of the event type."""


def shop(*rows: Row, item_count: int, unit_count: int | None = None) -> Interactions:
    """Events from rows in any order; day 0 is 1 January 1970."""
    ordered = sorted(rows, key=lambda row: (row[0], row[2]))
    column = [[row[place] for row in ordered] for place in range(4)]
    units = unit_count if unit_count is not None else max(column[0], default=-1) + 1
    return Interactions(
        unit=np.array(column[0], dtype=np.int32),
        item=np.array(column[1], dtype=np.int32),
        event_type=np.array([row[4] if len(row) > 4 else PURCHASE_CODE for row in ordered], dtype=np.int8),
        time=np.array([round(day * SECONDS_PER_DAY) for day in column[2]], dtype=np.int64),
        quantity=np.ones(len(rows), dtype=np.float32),
        basket=np.array(column[3], dtype=np.int32),
        unit_ids=[f"c:{unit}" for unit in range(units)],
        item_ids=["", *(f"item-{item}" for item in range(1, item_count + 1))],
    )


def random_shop(seed: int, *, unit_count: int = 12, item_count: int = 9, event_count: int = 160) -> Interactions:
    """Purchases in baskets and views without one, over 60 days."""
    random = np.random.default_rng(seed)
    view_code = EVENT_TYPES.index("view_item")
    rows: list[Row] = []
    for _ in range(event_count):
        unit, day = int(random.integers(unit_count)), int(random.integers(60))
        item, bought = int(random.integers(1, item_count + 1)), random.random() < 0.8
        rows.append((unit, item, day, 100 * unit + day if bought else -1, PURCHASE_CODE if bought else view_code))
    return shop(*rows, item_count=item_count, unit_count=unit_count)


def visitors(*histories: Sequence[tuple[int, float]], now_day: float) -> Histories:
    """A batch of visitors who bought (item, day), oldest first, as seen on ``now_day``."""
    events = [event for history in histories for event in history]
    counts = [len(history) for history in histories]
    return Histories(
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        item=np.array([item for item, _ in events], dtype=np.int32),
        event_type=np.full(len(events), PURCHASE_CODE, dtype=np.int8),
        time=np.array([round(day * SECONDS_PER_DAY) for _, day in events], dtype=np.int64),
        now=np.full(len(histories), round(now_day * SECONDS_PER_DAY), dtype=np.int64),
    )


def content(*texts: str, categories: Sequence[tuple[str, ...]] = ()) -> ItemContent:
    """Items with nothing but texts and, where given, categories."""
    size = len(texts) + 1
    return ItemContent(
        texts=["", *texts],
        categories=[(), *categories] if categories else [()] * size,
        prices=np.full(size, np.nan),
        available=np.array([False] + [True] * len(texts)),
    )
