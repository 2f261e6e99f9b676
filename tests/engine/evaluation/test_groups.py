"""Who asks: light and heavy buyers, countries, and the queries of each group."""

import numpy as np

from django_recs.engine.evaluation.groups import (
    FEWEST_QUERIES,
    MOST_GROUPS,
    buyer_labels,
    latest_labels,
    members,
    order_counts,
)
from django_recs.engine.events import VIEW_CODE
from tests.engine.by_hand import Row, shop


def test_an_order_is_a_basket_or_a_day_without_one() -> None:
    past = shop(
        (0, 1, 1, 5),
        (0, 2, 1, 5),
        (0, 1, 2, 6),
        (1, 1, 1.1, -1),
        (1, 2, 1.9, -1),
        (1, 1, 2.0, -1),
        (1, 1, 2.0, 7),
        (2, 1, 1, -1, VIEW_CODE),
        item_count=2,
    )

    assert order_counts(past).tolist() == [2, 3, 0]


def orders(*counts: int) -> list[Row]:
    """Unit n with the n-th number of orders."""
    return [(unit, 1, day, 100 * unit + day) for unit, count in enumerate(counts) for day in range(count)]


def test_light_buyers_are_the_lower_half_and_heavy_ones_the_upper_fifth() -> None:
    past = shop(*orders(1, 1, 2, 2, 2, 3, 3, 4, 8, 9), (10, 1, 1, -1, VIEW_CODE), item_count=1)

    light, heavy = "light_buyers", "heavy_buyers"
    assert buyer_labels(past) == [light] * 5 + ["", "", "", heavy, heavy, ""]


def test_where_all_buy_alike_nobody_is_heavy() -> None:
    assert buyer_labels(shop(*orders(2, 2, 2), item_count=1)) == ["light_buyers"] * 3


def test_where_nobody_bought_nobody_is_anything() -> None:
    assert buyer_labels(shop((0, 1, 1, -1, VIEW_CODE), item_count=1)) == [""]


def test_a_unit_has_the_label_of_its_latest_event_that_has_one() -> None:
    past = shop((0, 1, 1, 0), (0, 1, 2, 1), (0, 1, 3, 2), (1, 1, 1, 3), item_count=1, unit_count=3)

    assert latest_labels(past, np.array([1, 2, 0, 0], dtype=np.int32), ["", "DE", "FR"]) == ["FR", "", ""]


def test_small_groups_and_those_without_a_label_are_left_out() -> None:
    enough = ["big"] * (FEWEST_QUERIES + 1) + ["fair"] * FEWEST_QUERIES + ["few"] * (FEWEST_QUERIES - 1) + [""] * 50
    unit = np.arange(len(enough))[::-1]  # queries come in another order than units

    found = members(unit, {"segment": enough})

    assert list(found["segment"]) == ["big", "fair"]
    assert {label: {enough[unit[row]] for row in rows} for label, rows in found["segment"].items()} == {
        "big": {"big"},
        "fair": {"fair"},
    }
    assert [len(rows) for rows in found["segment"].values()] == [FEWEST_QUERIES + 1, FEWEST_QUERIES]


def test_a_group_of_all_is_none() -> None:
    assert members(np.arange(30), {"country": ["GB"] * 30}) == {"country": {}}
    assert list(members(np.arange(30), {"country": ["GB"] * 29 + [""]})["country"]) == ["GB"]


def test_of_many_groups_the_largest_are_shown() -> None:
    labels = [str(group) for group in range(MOST_GROUPS + 3) for _ in range(FEWEST_QUERIES + group)]

    found = members(np.arange(len(labels)), {"country": labels})

    assert list(found["country"]) == [str(group) for group in range(MOST_GROUPS + 2, 2, -1)]
