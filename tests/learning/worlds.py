"""Small worlds in which the right recommendation is known."""

from collections.abc import Sequence

import numpy as np

from django_recs.engine.events import PURCHASE_CODE
from django_recs.engine.interactions import Histories, Interactions, ItemContent
from django_recs.learning import NetworkConfig

EVENT_WEIGHTS = {"purchase": 1.0, "view_item": 0.3}
SMALL = NetworkConfig(
    width=16, block_count=1, max_length=20, epoch_limit=6, final_epoch_count=2, learning_rate=0.01, tokens_per_batch=512
)

GROUP_SIZE = 8
RED = range(1, GROUP_SIZE + 1)
BLUE = range(GROUP_SIZE + 1, 2 * GROUP_SIZE + 1)
NEW_RED = 2 * GROUP_SIZE + 1
NEW_BLUE = 2 * GROUP_SIZE + 2


def interactions_of(rows: Sequence[tuple[int, int, int]], *, item_count: int) -> Interactions:
    """Purchases from (unit, item, time), which must be sorted by unit and time."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    unit_count = int(table[:, 0].max(initial=-1)) + 1
    return Interactions(
        unit=table[:, 0].astype(np.int32),
        item=table[:, 1].astype(np.int32),
        event_type=np.full(len(table), PURCHASE_CODE, dtype=np.int8),
        time=table[:, 2],
        quantity=np.ones(len(table), dtype=np.float32),
        basket=np.full(len(table), -1, dtype=np.int32),
        unit_ids=[f"c:{unit}" for unit in range(unit_count)],
        item_ids=["", *(f"item-{item}" for item in range(1, item_count + 1))],
    )


def purchases(items: Sequence[int], *, now: int = 10_000) -> Histories:
    """One visitor who bought ``items``, one per hundred seconds until just before ``now``."""
    times = [now - 100 * (len(items) - place) for place in range(len(items))]
    return Histories.of_one(item=items, event_type=[PURCHASE_CODE] * len(items), time=times, now=now)


def plain_content(item_count: int) -> ItemContent:
    """A catalogue that says nothing of its items."""
    return ItemContent(
        texts=[""] * (item_count + 1),
        categories=[()] * (item_count + 1),
        prices=np.full(item_count + 1, np.nan),
        available=np.arange(item_count + 1) > 0,
    )


def checkerboard(unit_count: int = 80, length: int = 10) -> tuple[Interactions, ItemContent]:
    """Even units buy red items only, odd units blue ones only, in any order; two new items nobody has bought."""
    rng = np.random.default_rng(0)
    rows = []
    for unit in range(unit_count):
        group = RED if unit % 2 == 0 else BLUE
        rows += [(unit, int(item), 100 * place) for place, item in enumerate(rng.choice(group, length))]
    colour = ["", *["red wool"] * GROUP_SIZE, *["blue steel"] * GROUP_SIZE, "red wool", "blue steel"]
    content = ItemContent(
        texts=colour,
        categories=[tuple(text.split()[1:]) for text in colour],
        prices=np.array([np.nan, *[5.0] * GROUP_SIZE, *[50.0] * GROUP_SIZE, 5.0, np.nan]),
        available=np.arange(len(colour)) > 0,
    )
    return interactions_of(rows, item_count=NEW_BLUE), content
