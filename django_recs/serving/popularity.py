"""What sold lately, counted in the event table: the last rung, for a shop without a model, and what a country likes."""

from datetime import timedelta
from functools import partial

from django.db import router
from django.db.models import Case, Count, F, FloatField, Sum, Value, When
from django.db.models.functions import Concat

from django_recs.conf import get_settings
from django_recs.engine.events import EventType
from django_recs.models import Event, EventQuerySet, Purpose
from django_recs.serving.remembered import Counted, Remembered
from django_recs.tracking.transactions import contained

CACHE_KEY = "django_recs:popular:1"
WINDOW = timedelta(days=30)
"""Counted back from the newest event, so that an imported past is popular too."""
ITEM_COUNT = 200
COUNTED_EVENT_LIMIT = 500_000
"""The newest rows that are looked at, whatever the window holds."""

_everywhere = Remembered(CACHE_KEY, lambda: count_wanted())
_by_country: dict[str, Remembered] = {}


def popular_items() -> Counted:
    """Item ids and how much they were wanted, most wanted first.

    Raises:
        DatabaseError: when nothing is remembered and the event table cannot be read.
    """
    return _everywhere.get()


def popular_in(country: str) -> Counted:
    """Item ids and by how many persons of a country they were bought, most first; at least ``MIN_PERSONS`` each.

    Args:
        country: two letters, ISO 3166.

    Raises:
        DatabaseError: when nothing is remembered and the event table cannot be read.
    """
    if country not in _by_country:
        _by_country[country] = Remembered(f"{CACHE_KEY}:{country}", partial(count_bought_in, country))
    return _by_country[country].get()


def forget() -> None:
    """Forget what this process remembers; Django's cache keeps its copy."""
    _everywhere.forget()
    _by_country.clear()


def count_wanted() -> Counted:
    """Weighted counts by item over the newest `WINDOW` of events and at most `COUNTED_EVENT_LIMIT` rows."""
    weights = {kind: weight for kind, weight in get_settings().event_weights.items() if weight > 0}
    with contained(router.db_for_read(Event)):
        newest = _newest_events()
        if newest is None:
            return ()
        weight = Case(
            *[When(type=kind, then=Value(float(weight))) for kind, weight in weights.items()],
            output_field=FloatField(),
        )
        wanted = (
            newest.filter(type__in=list(weights))
            .exclude(item_id="")
            .values("item_id")
            .annotate(wanted=Sum(weight))
            .order_by("-wanted", "item_id")
            .values_list("item_id", "wanted")[:ITEM_COUNT]
        )
        return tuple((item_id, float(score)) for item_id, score in wanted)


def count_bought_in(country: str) -> Counted:
    """Distinct buyers by item over the same events; items with fewer than ``MIN_PERSONS`` are left out."""
    with contained(router.db_for_read(Event)):
        newest = _newest_events()
        if newest is None:
            return ()
        bought = (
            newest.filter(type=EventType.PURCHASE, country=country)
            .exclude(customer_id="", visitor_id="")
            .annotate(person=Concat("customer_id", Value("|"), "visitor_id"))
            .values("item_id")
            .annotate(persons=Count("person", distinct=True))
            .filter(persons__gte=get_settings().min_persons)
            .order_by("-persons", "item_id")
            .values_list("item_id", "persons")[:ITEM_COUNT]
        )
        return tuple((item_id, float(persons)) for item_id, persons in bought)


def _newest_events() -> EventQuerySet | None:
    """Events of people who allow counting, from the newest `WINDOW` before the last event; None without any event."""
    newest = Event.objects.order_by("-pk").values_list("pk", "occurred_at").first()
    if newest is None:
        return None
    return (
        Event.objects.human()
        .annotate(_counted=F("purposes").bitand(int(Purpose.PERSONALISATION | Purpose.ANALYTICS)))
        .filter(pk__gt=newest[0] - COUNTED_EVENT_LIMIT, occurred_at__gt=newest[1] - WINDOW, _counted__gt=0)
    )
