"""All parts together, as a training run counts them and an artifact stores them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from django_recs.engine.interactions import IntArray, Interactions, ItemContent
from django_recs.engine.recommender import Arrays
from django_recs.engine.shelves.assortment import Assortment, build_assortment
from django_recs.engine.shelves.demand import Demand, fit_demand
from django_recs.engine.shelves.relations import Relation, fit_also_viewed, fit_bought_next, fit_bought_together
from django_recs.engine.shelves.repeats import RepeatTimes, fit_repeat_times


@dataclass(frozen=True, kw_only=True)
class ShelfFacts:
    """What shelves need beside the blend, over the same I items."""

    assortment: Assortment
    also_viewed: Relation
    bought_together: Relation
    bought_next: Relation
    repeats: RepeatTimes
    demand: Demand

    def parts(self) -> dict[str, Arrays]:
        """The arrays of each part, by its name."""
        return {part.name: getattr(self, part.name).arrays() for part in fields(self)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, Arrays], *, size: int) -> Self:
        """Raises `KeyError` or `ValueError` when a part is missing or not about ``size`` items, padding included."""
        facts = cls(
            assortment=Assortment.from_arrays(parts["assortment"]),
            also_viewed=Relation.from_arrays(parts["also_viewed"]),
            bought_together=Relation.from_arrays(parts["bought_together"]),
            bought_next=Relation.from_arrays(parts["bought_next"]),
            repeats=RepeatTimes.from_arrays(parts["repeats"]),
            demand=Demand.from_arrays(parts["demand"]),
        )
        relations = (facts.also_viewed, facts.bought_together, facts.bought_next)
        sizes = {facts.assortment.item_count + 1, len(facts.repeats.shares), len(facts.demand.sold)}
        if sizes | {relation.links.item_count + 1 for relation in relations} != {size}:
            raise ValueError(f"The facts for shelves are not about {size - 1:,} items.")
        return facts


def fit_shelf_facts(interactions: Interactions, content: ItemContent, utc_offsets: IntArray) -> ShelfFacts:
    """Count everything. ``utc_offsets`` (N,) are the seconds that the shop's clock was ahead of UTC at each event."""
    assortment = build_assortment(content)
    return ShelfFacts(
        assortment=assortment,
        also_viewed=fit_also_viewed(interactions),
        bought_together=fit_bought_together(interactions),
        bought_next=fit_bought_next(interactions),
        repeats=fit_repeat_times(interactions, assortment.categories),
        demand=fit_demand(interactions, utc_offsets),
    )
