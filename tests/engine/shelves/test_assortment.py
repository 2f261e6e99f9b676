"""Labels and prices of all items as columns."""

import numpy as np
import pytest

from django_recs.engine.interactions import ItemContent
from django_recs.engine.shelves.assortment import Assortment, build_assortment


@pytest.fixture
def assortment() -> Assortment:
    return build_assortment(
        ItemContent(
            texts=["", "mug", "tea", "void"],
            categories=[(), ("Kitchen", "Mugs"), ("Kitchen", "Tea"), ()],
            prices=np.array([np.nan, 12.5, 4.0, np.nan]),
            available=np.array([False, True, True, True]),
            attributes=[{}, {"brand": "Hario"}, {"brand": "Kitchen"}, {}],
        )
    )


def test_items_are_found_by_label_whatever_the_case(assortment: Assortment) -> None:
    assert assortment.having("category", ["kitchen"]).tolist() == [False, True, True, False]
    assert assortment.having("category", ["MUGS", "none"]).tolist() == [False, True, False, False]
    assert assortment.having("brand", ["Kitchen"]).tolist() == [False, False, True, False]
    assert assortment.having("colour", ["red"]).tolist() == [False] * 4


def test_the_narrowest_category_is_the_one_that_counts(assortment: Assortment) -> None:
    assert [assortment.category_name(item) for item in range(4)] == ["", "Mugs", "Tea", ""]
    assert assortment.categories[[0, 3]].tolist() == [-1, -1]


def test_arrays_restore_it_and_must_fit(assortment: Assortment) -> None:
    again = Assortment.from_arrays(assortment.arrays())

    assert again.categories.tolist() == assortment.categories.tolist()
    for broken in ({"prices": assortment.prices[:-1]}, {"labels": assortment.labels + 99}, {"values": ["one"]}):
        with pytest.raises(ValueError, match=r"do not fit|does not exist"):
            Assortment.from_arrays({**assortment.arrays(), **broken})


def test_a_catalogue_without_labels() -> None:
    nothing = build_assortment(
        ItemContent(texts=["", "a"], categories=[(), ()], prices=np.full(2, np.nan), available=np.array([False, True]))
    )

    assert nothing.having("category", ["x"]).tolist() == [False, False]
    assert nothing.categories.tolist() == [-1, -1]
