"""Who asks for which shelf: everything that a list depends on, gathered once per call."""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from django.contrib.auth import get_user_model
from django.db import router
from django.http import HttpRequest
from django.utils import timezone

from django_recs.catalog import Catalog, get_catalog
from django_recs.conf import get_settings
from django_recs.engine.artifacts import Artifact
from django_recs.engine.events import EventType
from django_recs.engine.shelves.assortment import BoolArray
from django_recs.models import Event, Placement, Purpose, Rule
from django_recs.serving.merchandising import Condition, Merchandising
from django_recs.serving.placements import find_rules
from django_recs.tracking.circumstances import circumstances_of
from django_recs.tracking.history import HistoryRow, recent_events
from django_recs.tracking.transactions import contained
from django_recs.tracking.visitors import VisitorIdentity, visitor_of

logger = logging.getLogger(__name__)

ANCHOR_LIMIT = 50
"""Items that a list may be asked for at once, such as those of a basket."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """One call of `recommend()`."""

    placement: Placement
    limit: int
    """Slots to fill."""
    anchors: tuple[str, ...]
    """Item ids that the list is about: the product of the page, or the basket."""
    identity: VisitorIdentity
    catalog: Catalog[Any]
    category: str = ""
    """Only products with this category label; "": all."""
    country: str = ""
    """Two letters, ISO 3166, "" where it is not known."""
    merchandising: Merchandising = field(default_factory=Merchandising)
    """The rules in force."""
    known: dict[str, Any] = field(default_factory=dict, compare=False)
    """Products by item id that were read already: those that the list is about, or rests on."""
    now: int = field(default_factory=lambda: int(time.time()))
    """Seconds since 1970 in UTC."""
    request: HttpRequest | None = field(default=None, repr=False)

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, tz=UTC)

    @property
    def is_personal(self) -> bool:
        """Whether the visitor's history may be looked at."""
        return bool(self.identity.purposes & Purpose.PERSONALISATION) and self.identity.is_known

    @cached_property
    def history(self) -> list[HistoryRow]:
        """The visitor's latest events, newest first; empty without consent and when they cannot be read."""
        if not self.is_personal:
            return []
        try:
            with contained(router.db_for_read(Event)):
                return recent_events(self.identity, get_settings().history_length)
        except Exception:  # a shelf for somebody new is better than none
            logger.exception("The history of a visitor could not be read; recommending without it")
            return []

    @cached_property
    def circumstances(self) -> Mapping[str, str]:
        """What is known of the one who asks, by name; nothing without consent and when it cannot be read."""
        try:
            with contained(router.db_for_read(get_user_model())):
                return circumstances_of(self.request, self.identity)
        except Exception:  # whatever the shop's user model raises
            logger.exception("The attributes of a customer could not be read; recommending without circumstances")
            return {}

    @cached_property
    def unwanted(self) -> frozenset[str]:
        """Item ids that may not appear: what the list is about, what was dismissed and, if so set, what was bought."""
        kinds = {EventType.DISMISS, EventType.PURCHASE} if self.placement.exclude_purchased else {EventType.DISMISS}
        return frozenset(self.anchors) | {row.item_id for row in self.history if row.type in kinds}

    def allowed(self, artifact: Artifact) -> BoolArray | None:
        """(I + 1,) the items among which to choose, by what was known at training; None for all of them."""
        parts = [self.merchandising.among(artifact)] if self.merchandising else []
        if self.category:
            parts.append(Condition(categories=frozenset([self.category.casefold()])).among(artifact))
        given = [part for part in parts if part is not None]
        return np.logical_and.reduce(given) if given else None


def ask(
    placement: Placement,
    *,
    request: HttpRequest | None,
    customer: object,
    visitor_id: str,
    items: Iterable[object],
    limit: int | None,
    category: str = "",
    rules: Iterable[Rule] | None = None,
) -> Asking:
    """Gather what `recommend()` was called with.

    Raises:
        CatalogNotFound: when the shop registered none.
    """
    catalog = get_catalog()
    given = [item for item in items if item is not None]
    now = timezone.now()
    wanted = find_rules() if rules is None else rules
    return Asking(
        placement=placement,
        limit=min(max(int(limit or placement.limit), 1), Placement.LIMIT),
        anchors=item_ids(given),
        identity=_identity(request, customer, visitor_id),
        catalog=catalog,
        request=request,
        category=category,
        merchandising=Merchandising.of(
            rule for rule in wanted if rule.is_in_force(now) and rule.is_for(placement.slug)
        ),
        known={catalog.item_id(item): item for item in given[:ANCHOR_LIMIT] if isinstance(item, catalog.model)},
    )


def item_ids(items: Iterable[object]) -> tuple[str, ...]:
    """The distinct item ids of products and of ids as text, at most `ANCHOR_LIMIT`; what cannot be an id is left out.

    Raises:
        CatalogNotFound: when the shop registered none.
    """
    catalog = get_catalog()
    found = (
        catalog.item_id(item) if isinstance(item, catalog.model) else catalog.canonical_id(str(item))
        for item in items
        if item is not None
    )
    return tuple(islice(dict.fromkeys(item_id for item_id in found if item_id), ANCHOR_LIMIT))


def _identity(request: HttpRequest | None, customer: object, visitor_id: str) -> VisitorIdentity:
    """The person of the request, or the one that the caller names. Only events that they allowed will be read."""
    if request is not None:
        try:
            return visitor_of(request)
        except Exception:  # a session store may fail in ways of its own
            logger.exception("The visitor could not be identified; recommending for nobody in particular")
            return VisitorIdentity()
    customer_id = "" if customer is None else str(getattr(customer, "pk", customer))
    purposes = Purpose.PERSONALISATION if customer_id or visitor_id else Purpose.NONE
    return VisitorIdentity(customer_id=customer_id, visitor_id=visitor_id, purposes=purposes)
