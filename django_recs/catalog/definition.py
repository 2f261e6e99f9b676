"""The class that a shop subclasses to say where its products are and what may be shown of them."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, cast

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import connections
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.fields.files import FieldFile
from django.utils.formats import number_format

from django_recs.catalog.sources import FieldPath, Source, flatten, moment_of, price_of, values_at, vector_of
from django_recs.engine.interactions import FloatArray

ModelT = TypeVar("ModelT", bound=Model)

ITEM_ID_LENGTH = 64
"""Characters of an item id that the event table can hold."""

SHELF_MEMBERS = ("list_price", "available_since", "restocked_at", "parent")
"""Members of a catalogue that only some placements need."""

PARSED_ID_COUNT = 10_000
"""Item ids whose database values a process remembers."""


class Catalog(Generic[ModelT]):
    """Where the shop's products are. Subclass it in a ``recs.py`` and decorate the subclass with ``@register``.

    A value is named by a field path (``"brand__name"``), by the name of a method of this class or of the product, or
    by a function of the product.
    """

    model: ClassVar[type[Model]]
    """The shop's product model."""
    item_id_field: ClassVar[str] = "pk"
    """A unique field of the product whose text is the item id in events, such as ``"sku"``."""
    title: ClassVar[Source] = ""
    """What shoppers see as the product's name. "": its ``str()``."""
    text: ClassVar[Source | Sequence[Source]] = ()
    """What the content model reads: title, description."""
    categories: ClassVar[Source | Sequence[Source]] = ()
    """Category labels, the widest first."""
    attributes: ClassVar[Sequence[str] | Mapping[str, Source]] = ()
    """Further labels such as brand or colour: names, or a name for each source."""
    price: ClassVar[Source | None] = None
    """In the shop's main currency."""
    image: ClassVar[Source | None] = None
    """An image field, or the address of a picture."""
    list_price: ClassVar[Source | None] = None
    """The price before a reduction, in the same currency. A product is reduced while this is above its price."""
    available_since: ClassVar[str] = ""
    """Field path of the date from which the product was for sale. "": not known, so nothing is new."""
    restocked_at: ClassVar[str] = ""
    """Field path of the date on which the product last came back into stock. "": not known."""
    parent: ClassVar[str] = ""
    """Field path that the variants of one product share, such as ``"parent_id"``. "": there are no variants."""
    vectors: ClassVar[Mapping[str, Source]] = {}
    """Vectors that exist already, by name: of a sound, a film, a supplier. Each a list of numbers, or None."""
    available: ClassVar[Q] = Q()
    """Which products may be shown now. The others still teach."""

    def get_queryset(self) -> QuerySet[ModelT]:
        """All products that events may speak of, those sold out included."""
        return cast("QuerySet[ModelT]", self.model._default_manager.all())

    def get_visible(self) -> QuerySet[ModelT]:
        """The products that may be shown now: the last word on every shelf."""
        return self.get_queryset().filter(self.available)

    def get_newest(self) -> QuerySet[ModelT]:
        """The visible products with a date in ``available_since``, the newest first; none without that member."""
        if not self.available_since:
            return self.get_visible().none()
        dated = self.get_visible().filter(**{f"{self.available_since}__isnull": False})
        return dated.order_by(f"-{self.available_since}", "-pk")

    def get_reduced(self) -> QuerySet[ModelT]:
        """The visible products that are reduced. Override it where ``price`` and ``list_price`` are not both fields."""
        if not (isinstance(self.price, str) and isinstance(self.list_price, str)):
            return self.get_visible().none()
        return self.get_visible().filter(**{f"{self.list_price}__gt": F(self.price)})

    def products(self, item_ids: Iterable[str], *, labelled: bool = False) -> dict[str, ModelT]:
        """The visible ones among ``item_ids``, by item id, with one query. Ids that no product can have are ignored.

        Args:
            labelled: read what categories and attributes need as well: joined, and prefetched where there are many.
        """
        keys = {key for key in map(self.parse_id, item_ids) if key is not None}
        if not keys:
            return {}
        queryset = self.get_visible().filter(**{f"{self.item_id_field}__in": keys})
        relations = self._label_relations if labelled else self._display_relations
        if relations:
            queryset = queryset.select_related(*relations)
        if labelled and self._many_labels:
            queryset = queryset.prefetch_related(*self._many_labels)
        return {self.item_id(product): product for product in queryset}

    def item_id(self, product: ModelT) -> str:
        if self.item_id_field == "pk":
            return str(product.pk)
        return str(next(values_at(product, self.item_id_field), ""))

    def parse_id(self, item_id: str) -> Any:
        """The database value for an item id, or None where no product can have this id."""
        return self._parsed(item_id)

    @cached_property
    def _parsed(self) -> Callable[[str], Any]:
        """`_parse`, remembered: a shop shows the same products again and again."""
        return lru_cache(maxsize=PARSED_ID_COUNT)(self._parse)

    def _parse(self, item_id: str) -> Any:
        if not 0 < len(item_id) <= ITEM_ID_LENGTH or "\x00" in item_id:
            return None
        try:
            item_id.encode()
            key = self._id_field.to_python(item_id)
        except (ValidationError, ValueError, OverflowError):
            return None
        return key if self._fits(key) else None

    def canonical_id(self, item_id: str) -> str | None:
        """``item_id`` as this catalogue writes it, or None: ``007`` is 7 to an integer key, nothing to a UUID key."""
        key = self.parse_id(item_id)
        return None if key is None else str(key)

    def get_title(self, product: ModelT) -> str:
        return str(self._first(product, self._source("title")) if self.title else product)

    def get_text(self, product: ModelT) -> str:
        return "\n".join(str(value) for value in self._all(product, self.text))

    def get_categories(self, product: ModelT) -> tuple[str, ...]:
        return tuple(str(value) for value in self._all(product, self.categories))

    def get_attributes(self, product: ModelT) -> dict[str, str]:
        values = {name: self._first(product, source) for name, source in self._named_attributes().items()}
        return {name: str(value) for name, value in values.items() if value != ""}

    def get_price(self, product: ModelT) -> float | None:
        """The price as a number, or None where it is unknown or no sane number."""
        price = math.nan if self.price is None else price_of(self._first(product, self.price))
        return None if math.isnan(price) else price

    def get_reduction(self, product: ModelT) -> int:
        """By how many percent the product is reduced, 0 when it is not."""
        price = self.get_price(product)
        before = math.nan if self.list_price is None else price_of(self._first(product, self.list_price))
        if price is None or not before > price:
            return 0
        return round(100 * (1 - price / before))

    def get_available_since(self, product: ModelT) -> datetime | None:
        """When the product came into the range; None where that is not known."""
        return moment_of(self._first(product, self.available_since)) if self.available_since else None

    def get_restocked_at(self, product: ModelT) -> datetime | None:
        """When the product last came back into stock; None where that is not known."""
        return moment_of(self._first(product, self.restocked_at)) if self.restocked_at else None

    def get_parent(self, product: ModelT) -> str:
        """What the variants of one product share; "" for a product without variants."""
        return str(self._first(product, self.parent)) if self.parent else ""

    def get_vectors(self, product: ModelT) -> dict[str, FloatArray]:
        """The `vectors` that the product has."""
        vectors = {name: vector_of(self._whole(product, source)) for name, source in self.vectors.items()}
        return {name: vector for name, vector in vectors.items() if vector is not None}

    def get_image_file(self, product: ModelT) -> FieldFile | Path | None:
        """The product's picture in the shop's storage or on this machine; None where it is elsewhere or missing."""
        image = None if self.image is None else self._whole(product, self.image)
        if isinstance(image, FieldFile):
            return image if image else None
        path = Path(image) if isinstance(image, (str, Path)) and str(image) else None
        return path if path is not None and path.is_file() else None

    def get_price_text(self, product: ModelT) -> str:
        """The price as shoppers read it. Override it to add a currency."""
        price = self.get_price(product)
        return "" if price is None else number_format(price, decimal_pos=2, use_l10n=True)

    def get_url(self, product: ModelT) -> str:
        """The product's page, "" where the model has no ``get_absolute_url``."""
        get_absolute_url = getattr(product, "get_absolute_url", None)
        return str(get_absolute_url()) if get_absolute_url else ""

    def get_image_url(self, product: ModelT) -> str:
        """The product's picture, "" where there is none."""
        image = "" if self.image is None else self._first(product, self.image)
        return str(getattr(image, "url", image)) if image else ""

    def sources(self) -> dict[str, Source]:
        """Every value that this class names, by where it names it, such as ``text[1]``."""
        named: dict[str, Source] = {"title": self._source("title")} if self.title else {}
        for attribute in ("text", "categories"):
            named |= {f"{attribute}[{place}]": source for place, source in enumerate(_many(getattr(self, attribute)))}
        named |= {f"attributes[{name!r}]": source for name, source in self._named_attributes().items()}
        named |= {f"vectors[{name!r}]": source for name, source in self.vectors.items()}
        named |= {name: source for name in ("price", "image") if (source := getattr(self, name)) is not None}
        return named | self.shelf_sources()

    def shelf_sources(self) -> dict[str, Source]:
        """The values that only some placements need, by the member that names them; those left out are not there."""
        return {name: source for name in SHELF_MEMBERS if (source := getattr(self, name))}

    def is_own_method(self, source: Source) -> bool:
        """Whether ``source`` names a method that the shop's subclass defines."""
        return isinstance(source, str) and not hasattr(Catalog, source) and callable(getattr(self, source, None))

    def _source(self, name: str) -> Source:
        return cast("Source", getattr(self, name))

    def _named_attributes(self) -> Mapping[str, Source]:
        return self.attributes if isinstance(self.attributes, Mapping) else {name: name for name in self.attributes}

    def _values(self, product: ModelT, source: Source) -> list[object]:
        return [part for value in self._found(product, source) for part in flatten(value)]

    def _found(self, product: ModelT, source: Source) -> Iterable[object]:
        """What a source names, as it is: several values where a path leads through a many-valued relation."""
        if self.is_own_method(source):
            return [getattr(self, cast("str", source))(product)]
        if callable(source):
            return [source(product)]
        return values_at(product, source)

    def _whole(self, product: ModelT, source: Source) -> object:
        """The first value that a source names, lists included; None where there is none."""
        return next(iter(self._found(product, source)), None)

    def _all(self, product: ModelT, sources: Source | Sequence[Source]) -> list[object]:
        return [value for source in _many(sources) for value in self._values(product, source)]

    def _first(self, product: ModelT, source: Source) -> object:
        values = self._values(product, source)
        return values[0] if values else ""

    @cached_property
    def _id_field(self) -> "Field[Any, Any]":
        path = FieldPath.find(self.model, self.item_id_field)
        if path is None:
            raise ImproperlyConfigured(f"{type(self).__name__}.item_id_field: {self.item_id_field!r} is no field.")
        field: Any = path.fields[-1]
        while field.remote_field is not None:
            field = field.target_field
        return cast("Field[Any, Any]", field)

    @cached_property
    def _id_range(self) -> tuple[int | None, int | None]:
        operations = connections[self.get_queryset().db].ops
        try:
            return operations.integer_field_range(self._id_field.get_internal_type())
        except KeyError:
            return None, None

    def _fits(self, key: object) -> bool:
        """Whether the database can compare its column with ``key``: integers have a range."""
        if not isinstance(key, int):
            return key is not None
        low, high = self._id_range
        return (low is None or low <= key) and (high is None or key <= high)

    @cached_property
    def _display_relations(self) -> list[str]:
        """Tables to join, so that title, prices and picture of a shelf cost no query each."""
        named = self.sources()
        return self._single_relations([named.get(name) for name in ("title", "price", "list_price", "image")])

    @cached_property
    def _label_relations(self) -> list[str]:
        """Tables to join, so that nothing that a rule may ask of a product costs a query each."""
        return self._single_relations(list(self.sources().values()))

    @cached_property
    def _many_labels(self) -> list[str]:
        """Relations to several rows each, such as the categories of a product that is in many."""
        paths = [FieldPath.find(self.model, source) for source in self.sources().values() if isinstance(source, str)]
        return sorted({path.relation for path in paths if path and not path.is_single_valued})

    def _single_relations(self, sources: Sequence[Source | None]) -> list[str]:
        paths = [FieldPath.find(self.model, source) for source in sources if isinstance(source, str)]
        return sorted({path.relation for path in paths if path and path.is_single_valued and path.relation})


def _many(sources: Source | Sequence[Source]) -> Sequence[Source]:
    return (sources,) if isinstance(sources, str) or callable(sources) else sources
