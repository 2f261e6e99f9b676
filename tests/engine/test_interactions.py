"""The arrays that everything reads: cutting them by time and by visitor."""

import numpy as np

from django_recs.engine.interactions import SECONDS_PER_DAY, Histories
from tests.engine.by_hand import shop, visitors


def as_lists(histories: Histories) -> list[list[tuple[int, float]]]:
    """(item, day) per visitor."""
    bounds = zip(histories.offsets[:-1], histories.offsets[1:], strict=True)
    return [
        [
            (int(item), float(time) / SECONDS_PER_DAY)
            for item, time in zip(histories.item[a:b], histories.time[a:b], strict=True)
        ]
        for a, b in bounds
    ]


def test_histories_hold_the_last_events_of_each_unit_in_the_order_asked_for() -> None:
    interactions = shop((0, 1, 1, 0), (0, 2, 2, 0), (0, 3, 3, 0), (2, 2, 5, 1), item_count=3)

    histories = interactions.histories(np.array([2, 1, 0]), now=7, length=2)

    assert as_lists(histories) == [[(2, 5.0)], [], [(2, 2.0), (3, 3.0)]]
    assert histories.now.tolist() == [7, 7, 7]
    assert histories.row.tolist() == [0, 2, 2]


def test_every_visitor_may_be_seen_at_a_moment_of_their_own() -> None:
    interactions = shop((0, 1, 1, 0), (1, 2, 2, 1), item_count=2)

    histories = interactions.histories(np.array([0, 1]), now=np.array([10, 20]), length=5)

    assert histories.now.tolist() == [10, 20]


def test_before_keeps_units_and_items_and_leaves_out_the_moment_itself() -> None:
    interactions = shop((0, 1, 1, 0), (0, 2, 2, 0), (1, 1, 3, 1), item_count=2)

    past = interactions.before(2 * SECONDS_PER_DAY)

    assert past.item.tolist() == [1]
    assert (past.unit_count, past.item_count, len(past)) == (2, 2, 1)


def test_rows_and_take_are_batches_of_their_own() -> None:
    histories = visitors([(1, 1), (2, 2)], [], [(3, 3)], [(1, 4), (3, 5)], now_day=9)

    assert as_lists(histories.rows(1, 3)) == [[], [(3, 3.0)]]
    assert as_lists(histories.take(np.array([3, 1, 0]))) == [[(1, 4.0), (3, 5.0)], [], [(1, 1.0), (2, 2.0)]]
    assert histories.rows(1, 3).offsets.tolist() == [0, 0, 1]


def test_a_batch_of_one() -> None:
    histories = Histories.of_one(item=[4, 2], event_type=[7, 2], time=[10, 20], now=30)

    assert len(histories) == 1
    assert histories.offsets.tolist() == [0, 2]
    assert (histories.item.dtype, histories.event_type.dtype, histories.time.dtype) == (np.int32, np.int8, np.int64)
