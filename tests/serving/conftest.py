"""The shop with eight products and a live model."""

from tests.serving.shelf_fixtures import facts, shelves
from tests.serving.shop_fixtures import artifact_root, blend, happened, live, products, staged

__all__ = ["artifact_root", "blend", "facts", "happened", "live", "products", "shelves", "staged"]
