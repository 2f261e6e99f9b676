from dataclasses import replace

import numpy as np
import pytest

from django_recs.engine.events import EVENT_TYPES, PURCHASE_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, Interactions
from django_recs.learning import NetworkConfig
from django_recs.learning.batches import Batch, Epoch, Sequences, build_sequences, plan_epoch
from tests.learning.worlds import checkerboard, interactions_of

ALL_POSITIONS = NetworkConfig(inside_share=1.0, half_life_days=1e9)
# unit 0 buys items 1 and 2 together, then 3, then 4, 5 and 6 together; unit 1 buys 7, then 8
TWO_SHOPPERS = [(0, 1, 0), (0, 2, 0), (0, 3, 50), (0, 4, 90), (0, 5, 90), (0, 6, 90), (1, 7, 10), (1, 8, 20)]


def sequences_of(rows: list[tuple[int, int, int]], config: NetworkConfig) -> Sequences:
    weights = np.zeros(len(EVENT_TYPES), dtype=np.float32)
    weights[PURCHASE_CODE] = 1
    return build_sequences(
        interactions_of(rows, item_count=20), type_weights=weights, gap_edges=np.array([1, 45]), config=config
    )


def one_epoch(rows: list[tuple[int, int, int]], config: NetworkConfig = ALL_POSITIONS, seed: int = 0) -> list[Batch]:
    epoch = plan_epoch(sequences_of(rows, config), config, np.random.default_rng(seed))
    return batches_of(epoch)


def plan(interactions: Interactions, config: NetworkConfig) -> Epoch:
    weights = np.ones(len(EVENT_TYPES), dtype=np.float32)
    sequences = build_sequences(interactions, type_weights=weights, gap_edges=np.array([1]), config=config)
    return plan_epoch(sequences, config, np.random.default_rng(0))


def batches_of(epoch: Epoch) -> list[Batch]:
    batches = [epoch.batch(number) for number in range(len(epoch))]
    return [batch for batch in batches if batch is not None]


def weighted_lessons(batch: Batch) -> list[tuple[list[int], list[int], float]]:
    return sorted(
        (read, sorted(targets), float(batch.pair_weight[batch.pair_position == number].sum()))
        for number, (read, targets) in enumerate(lessons(batch))
    )


def lessons(batch: Batch) -> list[tuple[list[int], set[int]]]:
    """(items read so far, items to predict) of each position that teaches."""
    length = batch.item.shape[1]
    result = []
    for number, place in enumerate(batch.position.tolist()):
        row, column = divmod(place, length)
        targets = set(batch.pair_item[batch.pair_position == number].tolist())
        result.append((batch.item[row, : column + 1].tolist(), targets))
    return result


def test_from_inside_a_basket_the_rest_is_predicted_and_from_its_end_the_next_basket() -> None:
    (batch,) = one_epoch(TWO_SHOPPERS)

    for read, targets in lessons(batch):
        if read[0] == 7:
            assert (read, targets) == ([7], {8})
        elif len(read) == 1:
            assert targets == {1, 2} - set(read)
        elif len(read) == 2:
            assert (set(read), targets) == ({1, 2}, {3})
        else:
            assert set(read[:2]) == {1, 2}
            assert read[2] == 3
            assert targets == {4, 5, 6} - set(read[3:])
    assert len(batch.position) == 6  # all but the last of each shopper


def test_without_inside_positions_only_basket_ends_teach() -> None:
    (batch,) = one_epoch(TWO_SHOPPERS, replace(ALL_POSITIONS, inside_share=0.0))

    assert sorted((len(read), targets) for read, targets in lessons(batch)) == [(1, {8}), (2, {3}), (3, {4, 5, 6})]


def test_the_order_inside_a_basket_is_another_one_each_time() -> None:
    rows = [(0, item, 0) for item in range(1, 11)] + [(0, 11, 5), (0, 12, 9)]
    orders = {tuple(one_epoch(rows, seed=seed)[0].item[0].tolist()) for seed in range(5)}

    assert len(orders) == 5
    assert {frozenset(order[:10]) for order in orders} == {frozenset(range(1, 11))}
    assert {order[10] for order in orders} == {11}


def test_gaps_are_those_to_the_next_event() -> None:
    (batch,) = one_epoch(TWO_SHOPPERS)

    # 0 s, 50 s, 40 s, 0 s, 0 s; the shorter shopper is padded
    by_first_item = {max(row[:2].tolist()): gap.tolist() for row, gap in zip(batch.item, batch.gap, strict=True)}
    assert by_first_item == {2: [0, 2, 1, 0, 0], 7: [1, 0, 0, 0, 0]}


def test_padding_follows_the_events() -> None:
    (batch,) = one_epoch(TWO_SHOPPERS)

    assert sorted((batch.item > 0).sum(axis=1).tolist()) == [
        1,
        5,
    ]  # the last one of each shopper is followed by nothing
    for row in batch.item:
        assert (row[: np.count_nonzero(row)] > 0).all()


def test_each_position_counts_the_same_however_many_targets_it_has() -> None:
    (batch,) = one_epoch(TWO_SHOPPERS)

    weights = np.bincount(batch.pair_position, weights=batch.pair_weight)
    np.testing.assert_allclose(weights, np.ones(6), rtol=1e-5)


def test_a_target_one_half_life_old_counts_half() -> None:
    rows = [(0, 1, 0), (0, 2, 100), (0, 3, 100 + 10 * SECONDS_PER_DAY)]
    (batch,) = one_epoch(rows, replace(ALL_POSITIONS, half_life_days=10.0))

    np.testing.assert_allclose(batch.pair_weight, [0.5, 1.0], rtol=1e-5)


def test_a_large_basket_gives_a_few_targets_of_its_own_choice() -> None:
    rows = [(0, 1, 0)] + [(0, item, 5) for item in range(2, 12)]
    config = replace(ALL_POSITIONS, inside_share=0.0, target_limit=3)

    chosen = [lessons(one_epoch(rows, config, seed)[0])[0][1] for seed in range(4)]

    assert [len(targets) for targets in chosen] == [3, 3, 3, 3]
    assert len(set(map(frozenset, chosen))) > 1


def test_long_sequences_are_cut_from_the_end_and_still_predict_across_the_cut() -> None:
    rows = [(0, item, 10 * item) for item in range(1, 8)]
    config = replace(ALL_POSITIONS, max_length=3)

    found = [lesson for batch in one_epoch(rows, config) for lesson in lessons(batch)]

    assert sorted(found) == [([1], {2}), ([2], {3}), ([2, 3], {4}), ([2, 3, 4], {5}), ([5], {6}), ([5, 6], {7})]


def test_an_epoch_reads_every_event_that_is_followed_by_another_once_in_batches_of_the_wished_size() -> None:
    interactions, _ = checkerboard()
    config = replace(ALL_POSITIONS, tokens_per_batch=100)

    batches = batches_of(plan(interactions, config))

    followed = np.diff(interactions.unit, append=-1) == 0
    read = np.concatenate([batch.item[batch.item > 0] for batch in batches])
    assert np.sort(read).tolist() == np.sort(interactions.item[followed]).tolist()
    assert max(batch.item.size for batch in batches) <= 100


def test_what_follows_the_last_lesson_of_a_piece_is_not_read() -> None:
    rows = [(0, 1, 0), (0, 2, 50)] + [(0, item, 90) for item in range(3, 9)]
    (batch,) = one_epoch(rows, replace(ALL_POSITIONS, inside_share=0.0))

    assert batch.item.tolist() == [[1, 2]]


def test_the_parts_of_a_batch_hold_its_lessons_between_them() -> None:
    interactions, _ = checkerboard()
    epoch = plan(interactions, ALL_POSITIONS)
    (whole,) = batches_of(epoch)

    parts = [epoch.batch(0, part=part, part_count=3) for part in range(3)]

    assert sorted(lesson for part in parts if part for lesson in weighted_lessons(part)) == weighted_lessons(whole)
    assert epoch.batch(0, part=80, part_count=81) is None  # there are 80 shoppers


@pytest.mark.parametrize("rows", [[], [(0, 1, 0)], [(0, 1, 0), (1, 2, 0)]])
def test_where_nothing_follows_anything_there_is_no_batch(rows: list[tuple[int, int, int]]) -> None:
    assert one_epoch(rows) == []
