"""`recommend()`: one call, one list. This is the whole product on one screen."""

import uuid
from collections.abc import Iterable
from functools import partial

from django.http import HttpRequest

from django_recs.experiments import varied
from django_recs.models import Placement, Rule, Strategy
from django_recs.serving.asking import Asking, ask
from django_recs.serving.candidates import SOURCES
from django_recs.serving.filling import fill
from django_recs.serving.ladder import climb_down
from django_recs.serving.live import LiveModel, live_model
from django_recs.serving.placements import find_placement
from django_recs.serving.recommendations import Recommendation, Recommendations, Rung


def recommend(
    placement: str | Placement,
    *,
    request: HttpRequest | None = None,
    customer: object = None,
    visitor_id: str = "",
    item: object = None,
    items: Iterable[object] = (),
    limit: int | None = None,
    category: str = "",
    rules: Iterable[Rule] | None = None,
) -> Recommendations:
    """The list for a placement and a visitor. Reads at most once each: placements, pointer, history; and the products.

    Args:
        placement: its slug, or a `Placement` that need not be saved, such as one that an editor tries out.
        request: the page's request, from which the visitor and their consent are known.
        customer: a user, or a user's primary key, where there is no request.
        visitor_id: a guest, where there is no request.
        item: the product, or item id, that the list is about.
        items: several of them, such as the basket.
        limit: slots, instead of the placement's own number.
        category: only products with this category label, as the catalogue writes it.
        rules: merchandising rules to apply instead of the stored ones, as for a dry run.

    Raises:
        PlacementNotFound: for a slug without a placement.
        CatalogNotFound: when the shop registered no catalogue.
    """
    place = placement if isinstance(placement, Placement) else varied(find_placement(placement), request=request)
    if not place.is_active:
        return Recommendations(placement=place.slug, title=place.title, rung=Rung.EMPTY)
    asking = ask(
        place,
        request=request,
        customer=customer,
        visitor_id=visitor_id,
        items=[item, *items],
        limit=limit,
        category=category,
        rules=rules,
    )
    model = live_model()
    rungs = SOURCES[Strategy(place.strategy)]
    rung, shown = climb_down(rungs, partial(_attempt, asking, model), enough=min(place.min_items, asking.limit))
    if not shown:
        return Recommendations(placement=place.slug, title=place.title, rung=Rung.EMPTY)
    return Recommendations(
        placement=place.slug,
        title=_title(place, shown),
        rung=rung,
        items=shown,
        list_id=uuid.uuid4(),
        model_version_id=model.version_id if model and rung is not Rung.HISTORY else None,
    )


def _title(place: Placement, shown: tuple[Recommendation, ...]) -> str:
    """The placement's title; ``{name}`` in it is what the first reason rests on."""
    name = next((str(item.anchor) for item in shown if item.anchor), "")
    return place.title.replace("{name}", name)


def _attempt(asking: Asking, model: LiveModel | None, rung: Rung) -> tuple[Recommendation, ...]:
    find = SOURCES[Strategy(asking.placement.strategy)][rung]
    return fill(asking, find(asking, model))
