"""What the catalogue says of items as numbers: tokens, scales, text vectors. numpy; fitting loads scipy lazily."""

from django_recs.engine.content.placing import ItemPlacer
from django_recs.engine.content.scale import ContentScale, ItemFeatures, fit_content_scale

__all__ = ["ContentScale", "ItemFeatures", "ItemPlacer", "fit_content_scale"]
