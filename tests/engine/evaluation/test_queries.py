"""The questions of a window, written out for a shop of a few people."""

import numpy as np
import pytest

from django_recs.engine.evaluation.queries import (
    FutureSeen,
    ItemLists,
    Queries,
    next_basket_queries,
    refuse_the_future,
)
from django_recs.engine.events import EVENT_TYPES, VIEW_CODE
from django_recs.engine.interactions import SECONDS_PER_DAY, Interactions
from django_recs.engine.situations import Situation
from tests.engine.by_hand import EQUAL, shop, visitors

START, END = 10 * SECONDS_PER_DAY, 20 * SECONDS_PER_DAY


def asked(interactions: Interactions, history_length: int = 100) -> dict[str, Queries]:
    return next_basket_queries(interactions, start=START, end=END, event_weights=EQUAL, history_length=history_length)


def written(queries: Queries) -> list[dict[str, list[int]]]:
    """Each query as lists: history, what may be shown, truth."""
    histories, truth = queries.histories, queries.truth
    return [
        {
            "history": histories.item[histories.offsets[query] : histories.offsets[query + 1]].tolist(),
            "allowed": np.flatnonzero(queries.allowed(query, query + 1)[0]).tolist(),
            "truth": truth.items[truth.offsets[query] : truth.offsets[query + 1]].tolist(),
        }
        for query in range(len(queries))
    ]


def test_the_first_basket_of_the_window_is_asked_for() -> None:
    interactions = shop(
        (0, 1, 1, 0),
        (0, 2, 2, 1),
        (1, 3, 3, 2),
        (0, 2, 11, 3),  # the first basket: an old item, one new to unit 0, one that was never sold before
        (0, 3, 11, 3),
        (0, 4, 11, 3),
        (0, 1, 12, 4),  # the second basket
        (1, 3, 25, 5),  # after the window
        item_count=4,
    )

    queries = asked(interactions)

    assert written(queries["returning"]) == [{"history": [1, 2], "allowed": [1, 2, 3], "truth": [2, 3]}]
    assert written(queries["new_to_them"]) == [{"history": [1, 2], "allowed": [3], "truth": [3]}]
    assert queries["returning"].histories.now.tolist() == [11 * SECONDS_PER_DAY]


def test_cold_items_are_those_of_few_buyers_seen_by_the_end() -> None:
    hit = [(unit, 1, 1.0, unit) for unit in range(5)]
    interactions = shop(
        *hit,
        (0, 2, 2, 10),  # four buyers are still few; two of them are the same person
        (0, 2, 3, 11),
        (1, 2, 2, 12),
        (0, 3, 11, 13),  # the first basket of unit 0 in the window ...
        (0, 1, 11, 13),
        (0, 4, 12, 14),  # ... but cold items of the whole window count
        (1, 2, 12, 15),  # bought before: not new to unit 1
        (1, 3, 12, 15),
        (5, 3, 12, 16),  # a unit without history is not asked
        (0, 5, 25, 17),  # not seen by the end
        item_count=6,
    )

    queries = asked(interactions)["cold_item"]

    assert written(queries) == [
        {"history": [1, 2, 2], "allowed": [3, 4], "truth": [3, 4]},
        {"history": [1, 2], "allowed": [3, 4], "truth": [3]},
    ]
    assert queries.histories.now.tolist() == [11 * SECONDS_PER_DAY, 12 * SECONDS_PER_DAY]


def test_new_visitors_are_given_the_first_lines_of_their_first_basket() -> None:
    interactions = shop(
        *((9, item, 1, 0) for item in (1, 2, 3, 4)),
        (0, 3, 11, 1),
        (0, 1, 11, 1),
        (0, 3, 11, 1),  # a second line of the same item is no other line
        (0, 5, 11, 1),  # never sold before: may be given, cannot be the truth
        (0, 2, 11, 1),
        (0, 4, 12, 2),
        item_count=5,
    )

    queries = asked(interactions)

    assert written(queries["new_visitor_1"]) == [{"history": [3], "allowed": [1, 2, 4], "truth": [1, 2]}]
    assert written(queries["new_visitor_2"]) == [{"history": [3, 1], "allowed": [2, 4], "truth": [2]}]
    assert written(queries["new_visitor_3"]) == [{"history": [3, 1, 5], "allowed": [2, 4], "truth": [2]}]
    assert "returning" not in queries


def test_the_history_ends_at_the_cut_and_holds_its_last_events() -> None:
    interactions = shop(
        *((0, item, item, item) for item in (1, 2, 3)),
        (0, 2, 10, 8, VIEW_CODE),  # the moment of the cut belongs to the window
        (0, 1, 11, 9),
        item_count=3,
    )

    assert written(asked(interactions, history_length=2)["returning"]) == [
        {"history": [2, 3], "allowed": [1, 2, 3], "truth": [1]}
    ]


def test_each_question_knows_who_asks() -> None:
    interactions = shop(
        *((unit, item, 1, unit) for unit in (1, 3) for item in (1, 2)),
        *((unit, 1, 11, 10 + unit) for unit in (0, 1, 2, 3)),
        *((unit, 2, 11, 10 + unit) for unit in (2, 3)),
        item_count=2,
    )

    queries = asked(interactions)

    who = {name: None if each.unit is None else each.unit.tolist() for name, each in queries.items()}
    assert who == {"returning": [1, 3], "new_visitor_1": [2]}


def test_a_new_visitor_is_asked_about_right_after_the_last_line_that_is_given() -> None:
    day_basket = [(0, item, 11 + item / 10, -1) for item in (1, 2, 3)]

    queries = asked(shop(*((9, item, 1, 0) for item in (1, 2, 3)), *day_basket, item_count=3))

    moments = [queries[f"new_visitor_{count}"].histories.now.tolist() for count in (1, 2)]
    assert moments == [[round(11.1 * SECONDS_PER_DAY)], [round(11.2 * SECONDS_PER_DAY)]]


@pytest.mark.parametrize("situation", [Situation.RETURNING, Situation.NEW_TO_THEM, Situation.COLD_ITEM])
def test_a_history_that_reaches_the_cut_is_refused(situation: Situation) -> None:
    refuse_the_future([question(situation, history_day=9.9, now_day=11)], start=START)

    with pytest.raises(FutureSeen, match="holds events of the time that is asked about"):
        refuse_the_future([question(situation, history_day=10, now_day=11)], start=START)


def test_what_a_new_visitor_does_after_the_question_is_refused() -> None:
    refuse_the_future([question(Situation.NEW_VISITOR, history_day=11, now_day=11)], start=START)

    with pytest.raises(FutureSeen):
        refuse_the_future([question(Situation.NEW_VISITOR, history_day=11.1, now_day=11)], start=START)


def test_an_answer_that_may_not_be_shown_is_refused() -> None:
    with pytest.raises(FutureSeen, match="may not be shown"):
        refuse_the_future([question(Situation.RETURNING, history_day=9, now_day=11, excluded=2)], start=START)


def question(situation: Situation, *, history_day: float, now_day: float, excluded: int = 1) -> Queries:
    """Somebody had item 1 and bought item 2."""
    one = np.zeros(1, dtype=np.int64)
    return Queries(
        name="question",
        situation=situation,
        histories=visitors([(1, history_day)], now_day=now_day),
        candidates=np.array([False, True, True]),
        excluded=ItemLists.of_pairs(one, one + excluded, 1),
        truth=ItemLists.of_pairs(one, one + 2, 1),
    )


def test_orderless_purchases_of_a_day_are_a_basket() -> None:
    interactions = shop(
        (0, 1, 1, -1),
        (0, 2, 2, -1),
        (0, 1, 11.2, -1),
        (0, 2, 11.9, -1),
        (0, 2, 12.1, -1),
        (1, 1, 1, -1),
        (1, 2, 11.9, -1),
        (1, 1, 12.0, -1),
        item_count=2,
    )

    assert [query["truth"] for query in written(asked(interactions)["returning"])] == [[1, 2], [2]]


def test_a_shop_without_purchases_in_the_window_is_asked_for_what_it_weighs() -> None:
    weights = np.zeros(len(EVENT_TYPES))
    weights[VIEW_CODE] = 0.3
    search = EVENT_TYPES.index("search")
    interactions = shop(
        (0, 1, 1, -1, VIEW_CODE),
        (0, 2, 1, -1, VIEW_CODE),
        (0, 1, 11, -1, search),
        (0, 2, 12, -1, VIEW_CODE),
        item_count=2,
    )

    queries = next_basket_queries(interactions, start=START, end=END, event_weights=weights, history_length=9)

    assert written(queries["returning"]) == [{"history": [1, 2], "allowed": [1, 2], "truth": [2]}]


def test_views_belong_to_the_history_but_own_nothing() -> None:
    interactions = shop(
        (1, 2, 1, 0),
        (0, 2, 1, -1, VIEW_CODE),
        (0, 2, 11, 1),
        item_count=2,
    )

    assert written(asked(interactions)["new_to_them"]) == [{"history": [2], "allowed": [2], "truth": [2]}]


@pytest.mark.parametrize("rows", [[], [(0, 1, 1, 0)], [(0, 1, 11, 0)]])
def test_nothing_to_ask_is_no_slice(rows: list[tuple[int, int, float, int]]) -> None:
    assert asked(shop(*rows, item_count=2, unit_count=1)) == {}


def test_lists_of_pairs_are_sorted_once_each_and_taken_in_any_order() -> None:
    lists = ItemLists.of_pairs(np.array([2, 0, 2, 2]), np.array([5, 1, 3, 5]), 4)

    assert (lists.offsets.tolist(), lists.items.tolist()) == ([0, 1, 1, 3, 3], [1, 3, 5])
    assert lists.row.tolist() == [0, 2, 2]
    taken = lists.take(np.array([2, 1, 0]))
    assert (taken.offsets.tolist(), taken.items.tolist()) == ([0, 2, 2, 3], [3, 5, 1])
    assert lists.mask(1, 3, 6).astype(int).tolist() == [[0] * 6, [0, 0, 0, 1, 0, 1]]


def test_the_most_wanted_true_item_names_the_witness() -> None:
    interactions = shop(
        *((unit, item, 1, unit) for unit in range(4) for item in (1, 2, 3, 4)),
        *((0, item, 11, 10) for item in (1, 4)),
        *((1, item, 11, 11) for item in (2, 4)),
        *((2, item, 11, 12) for item in (2, 3)),
        (3, 1, 11, 13),
        item_count=4,
    )

    # wanted: item 1 twice, 2 twice, 3 once, 4 twice; ties fall to the lower number
    assert asked(interactions)["returning"].most_wanted().tolist() == [1, 2, 2, 1]
