"""The simulated shop: the same for the same configuration, plausible, and true to its own truth."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from django_recs.engine.events import EVENT_CODES
from django_recs.engine.interactions import SECONDS_PER_DAY
from django_recs.engine.simulation import SimulatedShop, SimulationConfig, simulate_shop

CONFIG = SimulationConfig(
    product_count=145,
    shopper_count=400,
    day_count=100,
    seed=3,
    end=int(datetime(2025, 7, 1, tzinfo=UTC).timestamp()),
)
PURCHASE, VIEW, CART, REFUND = (EVENT_CODES[name] for name in ("purchase", "view_item", "add_to_cart", "refund"))


@pytest.fixture(scope="module")
def shop() -> SimulatedShop:
    return simulate_shop(CONFIG)


def test_the_same_configuration_gives_the_same_shop(shop: SimulatedShop) -> None:
    again = simulate_shop(CONFIG)

    assert again.products == shop.products
    for name, array in shop.events.__dict__.items():
        np.testing.assert_array_equal(getattr(again.events, name), array)
    for name, array in shop.truth.__dict__.items():
        np.testing.assert_array_equal(getattr(again.truth, name), array)


def test_another_seed_gives_another_shop(shop: SimulatedShop) -> None:
    other = simulate_shop(replace(CONFIG, seed=4))

    assert [product.title for product in other.products] != [product.title for product in shop.products]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"product_count": 0}, "product_count is 0; it must be 1 or more."),
        ({"day_count": -1}, "day_count is -1; it must be 1 or more."),
        ({"seed": -1}, "seed is -1; it must be 0 or more."),
        ({"end": CONFIG.end + 1}, f"end is {CONFIG.end + 1}; it must be a midnight in UTC."),
    ],
)
def test_a_shop_that_cannot_be_is_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(CONFIG, **change)


def test_the_smallest_shop_works() -> None:
    shop = simulate_shop(replace(CONFIG, product_count=1, shopper_count=1, day_count=1))

    assert len(shop.products) == 1
    assert set(shop.events.product.tolist()) <= {0}


def test_products_have_names_and_prices_of_their_own(shop: SimulatedShop) -> None:
    assert len({product.sku for product in shop.products}) == len(shop.products)
    assert len({product.title for product in shop.products}) == len(shop.products)
    assert all(100 <= product.price_cents < 20_000 for product in shop.products)


def test_events_are_in_order_and_inside_the_period(shop: SimulatedShop) -> None:
    time = shop.events.time

    assert (np.diff(time) >= 0).all()
    assert time[0] >= CONFIG.start
    assert time[-1] < CONFIG.end


def test_every_kind_of_event_occurs(shop: SimulatedShop) -> None:
    counts = {name: int((shop.events.event_type == code).sum()) for name, code in EVENT_CODES.items()}

    silent = {name for name, count in counts.items() if not count}
    assert silent == {"select_item", "search", "rate", "dismiss"}
    assert counts["view_item"] > counts["add_to_cart"] > counts["purchase"] > counts["refund"]


def test_orders_belong_to_one_shopper_and_hold_only_purchases_and_their_refunds(shop: SimulatedShop) -> None:
    events = shop.events
    in_order = events.order >= 0

    assert set(events.event_type[in_order].tolist()) == {PURCHASE, REFUND}
    buyers = {
        (order, shopper)
        for order, shopper in zip(events.order[in_order].tolist(), events.shopper[in_order].tolist(), strict=True)
    }
    assert len(buyers) == len({order for order, _ in buyers})


def test_what_is_refunded_was_bought_before_in_that_order(shop: SimulatedShop) -> None:
    events = shop.events
    bought = {
        (int(events.order[row]), int(events.product[row])): (int(events.time[row]), int(events.quantity[row]))
        for row in np.flatnonzero(events.event_type == PURCHASE)
    }

    for row in np.flatnonzero(events.event_type == REFUND):
        bought_at, quantity = bought[int(events.order[row]), int(events.product[row])]
        assert bought_at < events.time[row]
        assert quantity == events.quantity[row]


def test_nothing_happens_to_a_product_before_its_launch(shop: SimulatedShop) -> None:
    days = (shop.events.time - CONFIG.start) // SECONDS_PER_DAY

    assert (days >= shop.truth.launch_days[shop.events.product]).all()
    assert (shop.truth.launch_days > 0).sum() > 10


def test_guests_sign_in_later_and_their_visitor_id_tells(shop: SimulatedShop) -> None:
    events = shop.events
    merged_at = events.signed_up_at[events.visitor]

    assert not events.signed_in[merged_at < 0].any()
    known = (merged_at >= 0) & (events.event_type != REFUND)  # a refund names who ordered, as the order does
    np.testing.assert_array_equal(events.signed_in[known], events.time[known] >= merged_at[known])
    assert (known & ~events.signed_in).sum() > 0


def test_a_visitor_id_belongs_to_one_shopper(shop: SimulatedShop) -> None:
    pairs = set(zip(shop.events.visitor.tolist(), shop.events.shopper.tolist(), strict=True))

    assert len(pairs) == len({visitor for visitor, _ in pairs})
    assert len(pairs) > len({shopper for _, shopper in pairs})  # some shoppers have two devices


def test_shoppers_look_at_what_they_like(shop: SimulatedShop) -> None:
    """Views lie far above the average product in each shopper's own order of liking."""
    viewed = shop.events.event_type == VIEW
    ranks = [
        (shop.truth.utilities(shopper) < shop.truth.utilities(shopper)[product]).mean()
        for shopper, product in zip(
            shop.events.shopper[viewed][:2_000].tolist(), shop.events.product[viewed][:2_000].tolist(), strict=True
        )
    ]

    assert np.mean(ranks) > 0.75


def test_complements_are_bought_together(shop: SimulatedShop) -> None:
    """True pairs share far more orders than the same products paired at random."""
    baskets = np.zeros((shop.events.order.max() + 1, len(shop.products)), dtype=bool)
    bought = shop.events.event_type == PURCHASE
    baskets[shop.events.order[bought], shop.events.product[bought]] = True
    together = baskets.T.astype(int) @ baskets.astype(int)
    first, second = shop.truth.complements.T

    at_random = np.random.default_rng(0).permutation(second)
    assert together[first, second].mean() > 4 * together[first, at_random].mean()


def test_consumables_are_bought_again(shop: SimulatedShop) -> None:
    bought = shop.events.event_type == PURCHASE
    pairs, counts = np.unique(
        np.stack([shop.events.shopper[bought], shop.events.product[bought]]), axis=1, return_counts=True
    )
    is_consumable = shop.truth.refill_days[pairs[1]] > 0

    assert (counts[is_consumable] > 1).mean() > 3 * (counts[~is_consumable] > 1).mean()


def test_more_happens_in_the_evening_than_at_night(shop: SimulatedShop) -> None:
    hours = shop.events.time % SECONDS_PER_DAY // 3_600

    assert ((hours >= 18) & (hours < 22)).sum() > 5 * ((hours >= 1) & (hours < 5)).sum()


def test_words_tell_the_look(shop: SimulatedShop) -> None:
    """Products of one style share words, so that a new product can be placed by its text."""
    for product, style in zip(shop.products, shop.truth.styles.tolist(), strict=True):
        others = {other.description.split(". ")[-1] for other in shop.products if other.style == style}
        assert others == {product.description.split(". ")[-1]}
