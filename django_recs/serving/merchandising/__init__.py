"""The shop's own will: rules that take products off a list, move them, limit them or put them at a place.

They are applied to products that the shop's QuerySet returned, always in the same order (`Merchandising.arrange`).
"""

from django_recs.serving.merchandising.arranging import Arranged, Merchandising
from django_recs.serving.merchandising.conditions import Condition, ProductFacts

__all__ = ["Arranged", "Condition", "ProductFacts", "Merchandising"]
