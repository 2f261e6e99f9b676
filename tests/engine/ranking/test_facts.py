"""What is known of an item besides what the voices say, worked out by hand."""

import numpy as np
import pytest

from django_recs.engine.events import VIEW_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY
from django_recs.engine.ranking.facts import USUAL_REPEAT_DAYS, ItemFacts, item_facts
from tests.engine.by_hand import shop

NO_PRICES = np.full(4, np.nan)


def test_repeats_are_shares_of_persons_and_days_between_drawn_towards_the_shop() -> None:
    # item 1: two of two persons came back, after 4 and after 16 days; item 2: one person, once; item 3: nobody
    events = shop((0, 1, 0, 0), (0, 1, 4, 1), (1, 1, 2, 2), (1, 1, 18, 3), (1, 2, 5.5, 4), item_count=3)

    facts = item_facts(events, NO_PRICES)

    usual = 2 / 3
    np.testing.assert_allclose(facts.persons, [0, 2, 1, 0])
    np.testing.assert_allclose(facts.repeat_share, [usual, (2 + 5 * usual) / 7, 5 * usual / 6, usual], rtol=1e-6)
    np.testing.assert_allclose(facts.repeat_days, [8, 8, 8, 8], rtol=1e-6)
    assert facts.first_seen.tolist() == [18 * SECONDS_PER_DAY, 0, int(5.5 * SECONDS_PER_DAY), 18 * SECONDS_PER_DAY]


def test_one_day_counts_once_and_views_do_not_where_things_are_bought() -> None:
    events = shop((0, 1, 3.1, 0), (0, 1, 3.9, 1), (0, 1, 7, -1, VIEW_CODE), (1, 2, 1, -1, VIEW_CODE), item_count=3)

    facts = item_facts(events, NO_PRICES)

    assert facts.persons.tolist() == [0, 1, 0, 0]
    assert facts.repeat_share.tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(facts.repeat_days, USUAL_REPEAT_DAYS, rtol=1e-6)
    assert facts.first_seen[2] == SECONDS_PER_DAY  # a view is a first sight all the same


def test_a_shop_without_purchases_is_read_by_all_its_events() -> None:
    events = shop((0, 1, 0, -1, VIEW_CODE), (0, 1, 2, -1, VIEW_CODE), item_count=3)

    assert item_facts(events, NO_PRICES).persons.tolist() == [0, 1, 0, 0]


def test_an_unknown_price_is_the_mean_of_the_known_ones() -> None:
    events = shop((0, 1, 0, 0), item_count=3)

    facts = item_facts(events, np.array([np.nan, 1.0, np.e**2, 0.0]))

    np.testing.assert_allclose(facts.log_price, [1, 0, 2, 1], rtol=1e-6)


def test_nothing_known_is_no_error() -> None:
    facts = item_facts(shop(item_count=3), NO_PRICES)

    assert facts.persons.tolist() == facts.log_price.tolist() == [0, 0, 0, 0]


def test_facts_move_to_another_numbering_and_an_unknown_item_is_new_and_ordinary() -> None:
    events = shop((0, 1, 0, 0), (0, 1, 4, 1), (1, 2, 9, 2), item_count=2)
    facts = item_facts(events, np.array([np.nan, 1.0, np.e**2]))

    moved = facts.take(np.array([0, 2, 0, 1], dtype=np.int32))

    assert moved.persons.tolist() == [0, 1, 0, 1]
    assert moved.first_seen.tolist() == [9 * SECONDS_PER_DAY, 9 * SECONDS_PER_DAY, 9 * SECONDS_PER_DAY, 0]
    np.testing.assert_allclose(moved.log_price, [1, 2, 1, 0], rtol=1e-6)
    assert moved.repeat_share[2] == pytest.approx(1 / 2)


def test_arrays_restore_the_same_facts() -> None:
    facts = item_facts(shop((0, 1, 0, 0), item_count=1), np.array([np.nan, 3.0]))

    again = ItemFacts.from_arrays(facts.arrays())

    assert {name: values.tolist() for name, values in vars(again).items()} == {
        name: values.tolist() for name, values in vars(facts).items()
    }
