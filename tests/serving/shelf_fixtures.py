"""The shop of eight products once more, with categories, and an artifact that knows what shelves need."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from django_recs.engine.blend import Blend
from django_recs.engine.events import VIEW_CODE
from django_recs.engine.interactions import ItemContent
from django_recs.engine.shelves.facts import ShelfFacts, fit_shelf_facts
from django_recs.models import ModelVersion
from django_recs.serving import promote
from tests.engine.by_hand import Row, shop
from tests.serving.fitted import publish
from tests.serving.shop_fixtures import ITEM_IDS, NAMES
from tests.shop.models import Product

CATEGORIES = {
    "mug": "Tableware",
    "bowl": "Tableware",
    "plate": "Tableware",
    "pot": "Kitchen",
    "lamp": "Light",
    "vase": "Decor",
    "rug": "Decor",
    "sofa": "Furniture",
}
NUMBERS = {name: place for place, name in enumerate(NAMES, start=1)}


def bought(persons: range, day: float, *names: str) -> list[Row]:
    return [(person, NUMBERS[name], day, int(1_000 * person + day)) for person in persons for name in names]


def looked(persons: range, *names: str) -> list[Row]:
    return [(person, NUMBERS[name], 0.5, -1, VIEW_CODE) for person in persons for name in names]


ROWS = [
    *bought(range(6), 1, "mug", "bowl"),
    *bought(range(6, 12), 1, "mug", "lamp"),
    *bought(range(12, 16), 1, "mug", "vase"),
    *bought(range(20, 26), 1, "pot"),
    *bought(range(20, 26), 11, "pot", "rug"),
    *bought(range(20, 26), 21, "pot"),
    *bought(range(30, 40), 1, "vase"),
    *looked(range(40, 46), "mug", "plate"),
    *looked(range(50, 54), "mug", "sofa"),
]
"""Six persons each bought mug and bowl, and mug and lamp; four, too few, mug and vase. Six bought the pot every ten
days, once with a rug. Six looked at mug and plate, four, too few, at mug and sofa."""


@pytest.fixture(scope="session")
def facts() -> ShelfFacts:
    interactions = shop(*ROWS, item_count=len(NAMES), unit_count=100)
    interactions = replace(interactions, item_ids=["", *ITEM_IDS.values()])
    content = ItemContent(
        texts=["", *NAMES],
        categories=[(), *((CATEGORIES[name],) for name in NAMES)],
        prices=np.array([np.nan, *range(1, len(NAMES) + 1)]),
        available=np.array([False] + [True] * len(NAMES)),
        attributes=[{}, *({"brand": "Hario" if name in ("mug", "lamp") else "Other"} for name in NAMES)],
    )
    return fit_shelf_facts(interactions, content, np.zeros(len(interactions), dtype=np.int64))


@pytest.fixture
def shelves(
    blend: Blend, facts: ShelfFacts, products: dict[str, Product], artifact_root: Path, tmp_path: Path
) -> ModelVersion:
    """The live version that knows what shelves need; the products know their categories and brands."""
    for name, product in products.items():
        product.category = CATEGORIES[name]
        product.brand = "Hario" if name in ("mug", "lamp") else "Other"
        product.save()
    return promote(publish(tmp_path, "shelves", blend, list(ITEM_IDS.values()), facts))
