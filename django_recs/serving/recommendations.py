"""What `recommend()` answers: products in slots, with what made the list and a token to quote."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

from django_recs.catalog import Catalog
from django_recs.tracking.attribution import make_token

logger = logging.getLogger(__name__)


class Rung(StrEnum):
    """Which step of the ladder made a list. Stored with each impression, so that degraded lists can be told apart."""

    MODEL = "model"
    """The live artifact with all its voices."""
    COUNTS = "counts"
    """Only what was counted: the artifact without its network."""
    HISTORY = "history"
    """The visitor's own events, without any model; what recently viewed is made of."""
    CATALOG = "catalog"
    """The shop's own products, such as its newest, in the order that fits the visitor."""
    POPULARITY = "popularity"
    """What is wanted lately, by the artifact or by the event table."""
    EMPTY = "empty"
    """Nothing to show, so no markup."""


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """One product in one slot. What a page shows of it is read from the catalogue and never raises."""

    item_id: str
    product: Any
    """Instance of the shop's model, from the shop's own visible QuerySet."""
    slot: int
    """Place in the list, 0 first."""
    score: float
    """Higher is better; comparable within one list only."""
    reason: str | Promise
    """Why it stands here, for shoppers; translated when rendered."""
    anchor: str | Promise = ""
    """Title or name of what the reason rests on, such as the product that it goes with; "" for none."""
    catalog: Catalog[Any] = field(repr=False, compare=False)

    @property
    def title(self) -> str:
        return self._shown(self.catalog.get_title)

    @property
    def url(self) -> str:
        return self._shown(self.catalog.get_url)

    @property
    def image_url(self) -> str:
        return self._shown(self.catalog.get_image_url)

    @property
    def price(self) -> str:
        """The price as shoppers read it, "" where it is unknown."""
        return self._shown(self.catalog.get_price_text)

    def _shown(self, read: Callable[[Any], str]) -> str:
        try:
            return read(self.product)
        except Exception:  # the shop's code may raise anything, and a page must not fail over one picture
            logger.exception("The catalogue could not show item %s", self.item_id)
            return ""


@dataclass(frozen=True, kw_only=True)
class Recommendations:
    """A shelf: the products in order, and the list's identity. Iterates over its items."""

    placement: str
    """Slug of the placement."""
    title: str
    """Heading for shoppers."""
    rung: Rung
    items: tuple[Recommendation, ...] = ()
    list_id: UUID | None = None
    """None for an empty list, which nobody sees and nothing can quote."""
    model_version_id: int | None = None
    """The version whose artifact took part, None where none did."""

    @cached_property
    def token(self) -> str:
        """Signed list id, placement, model version and rung; impressions and orders quote it. "" for an empty list."""
        if self.list_id is None:
            return ""
        return make_token(self.list_id, self.placement, self.model_version_id, self.rung)

    def __iter__(self) -> Iterator[Recommendation]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
