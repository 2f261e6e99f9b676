"""Events of the database as the engine's arrays.

Only events whose visitor allowed personalisation, that no bot sent, and that say something about liking an item
(`Settings.event_weights` above 0) are read. Dismissals, impressions and searches are not: they carry no liking.
"""

import gc
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connections
from django.db.models import Case, CharField, Func, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Concat

from django_recs.catalog import get_catalog
from django_recs.catalog.snapshot import item_content
from django_recs.conf import get_settings
from django_recs.engine.circumstances import COUNTRY, CUSTOMER_PREFIX, DEVICE, NOTHING_KNOWN, Circumstances
from django_recs.engine.events import EVENT_CODES, EventType
from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.models import Event, Purpose, Visitor
from django_recs.pipeline.merges import FOREVER, Merges, with_units
from django_recs.pipeline.refunds import Refunds, net_of_refunds
from django_recs.tracking import customer_attributes

PAGE_ROWS = 20_000
"""Rows read at once. Each page is a short query of its own: it holds no lock and no cursor between pages."""

REFUND_CODE = EVENT_CODES[EventType.REFUND]
UNKNOWN_ITEM = -1

Columns = tuple[npt.NDArray[Any], ...]
KINDS = (np.int32, np.int32, np.int8, np.int64, np.float32, np.int32, np.int32, np.int32)
"""Types of the columns: unit, item, event type, time, quantity, order, device, country."""


@dataclass(frozen=True, kw_only=True)
class ExportedData:
    """What training reads: events, refunds and the catalogue, taken at one moment."""

    gross: Interactions
    """Events with purchases as ordered, before anything was sent back, by the unit that was seen doing it."""
    refunds: Refunds
    merges: Merges
    """Which guests signed in as which customers."""
    content: ItemContent
    unknown_item_count: int
    """Events left out because the catalogue does not know their item."""
    attributes: Circumstances = NOTHING_KNOWN
    """(U,) what the shop allows to be read of each unit of ``gross``."""

    @cached_property
    def interactions(self) -> Interactions:
        """Events net of all refunds, by the units that did anything; a guest who signed in is the customer."""
        return _of_present_units(self.as_of(FOREVER))

    def as_of(self, time: int) -> Interactions:
        """What was known right before ``time`` (seconds since 1970): no later event, refund or sign-in.

        A guest who signed in later is a unit of its own. Units that had done nothing by then have a number, too.
        """
        unit = self.merges.known_before(time)
        gross, refunds = self.gross.before(time), self.refunds.before(time)
        if (unit != self.merges.known_before(0)).any():
            gross, refunds = with_units(gross, unit), with_units(refunds, unit)
            gross = joined(gross, gross.where(np.zeros(len(gross), dtype=bool)))
        gross = replace(gross, context=gross.context.beside(self.attributes.at(gross.unit)))
        return net_of_refunds(gross, refunds)

    def asked_at(self, start: int, end: int) -> Interactions:
        """What was known right before ``start``, and what happened from then to ``end`` as it is known at the end.

        So that questions about a window see neither its events, refunds nor sign-ins in anybody's history.
        """
        past, later = self.as_of(start), self.as_of(end)
        return joined(past, later.where(later.time >= start))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the net events with their ids: equal data, equal fingerprint."""
        digest = hashlib.sha256()
        events = self.interactions
        for array in (events.unit, events.item, events.event_type, events.time, events.quantity, events.basket):
            digest.update(np.ascontiguousarray(array).tobytes())
        for codes in events.context.codes.values():
            digest.update(np.ascontiguousarray(codes).tobytes())
        for texts in (events.unit_ids, events.item_ids, *events.context.texts.values()):
            digest.update("\0".join(texts).encode())
        return digest.hexdigest()


def export_interactions(until: datetime | None = None, *, last_pk: int | None = None) -> ExportedData:
    """Read the events before ``until``, or all of them, and the whole catalogue.

    With ``last_pk`` only the events stored up to that one: the same again later, whatever has come in since. Memory
    grows by about 60 bytes per event; the rows themselves pass through in pages.

    Raises:
        CatalogNotFound: no app registered a `Catalog`.
    """
    item_ids, content = item_content(get_catalog())
    units = _UnitIndex()
    texts = {DEVICE: _TextIndex(), COUNTRY: _TextIndex()}
    with _garbage_collection_paused():
        columns = _read_columns(_event_rows(until, last_pk), units=units, item_ids=item_ids, texts=texts)
    return _assemble(columns, texts=texts, units=units, item_ids=item_ids, content=content)


def joined(first: Interactions, second: Interactions) -> Interactions:
    """The events of both, which share their units and items; at equal times those of ``first`` come first."""
    columns = tuple(
        np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("unit", "item", "event_type", "time", "quantity", "basket")
    )
    context = first.context.and_then(second.context)
    return _sorted_interactions(columns, context, unit_ids=first.unit_ids, item_ids=first.item_ids)


def _event_rows(until: datetime | None, last_pk: int | None) -> QuerySet[Event, tuple[Any, ...]]:
    weights = get_settings().event_weights
    liked = [event_type for event_type, weight in weights.items() if weight > 0]
    taught = Q(type__in=liked) & ~Q(item_id="")
    returned = Q(type=EventType.REFUND) & (~Q(item_id="") | ~Q(order_id=""))
    events = Event.objects.human().consented(Purpose.PERSONALISATION).filter(taught | returned)
    events = events.exclude(customer_id="", visitor_id="")
    if until is not None:
        events = events.filter(occurred_at__lt=until)
    if last_pk is not None:
        events = events.filter(pk__lte=last_pk)
    person = Case(
        When(customer_id="", then=Concat(Value("v:"), "visitor_id")),
        default=Concat(Value("c:"), "customer_id"),
        output_field=CharField(),
    )
    columns = (person, "item_id", "type", _Epoch("occurred_at"), "quantity", "order_id", "device", "country", "pk")
    return events.values_list(*columns).order_by("pk")


class _Epoch(Func):
    """Seconds since 1970 of a stored time, computed by the database: no datetime object per row."""

    output_field = IntegerField()
    arity = 1
    template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)"

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        return super().as_sql(compiler, connection, template="FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint")

    def as_mysql(self, compiler: Any, connection: Any) -> Any:
        return super().as_sql(compiler, connection, template="TIMESTAMPDIFF(SECOND, '1970-01-01', %(expressions)s)")


class _UnitIndex(dict[str, int]):
    """Number of each unit by name, in order of first appearance; behind a merged visitor comes the customer."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        merged = Visitor.objects.values_list("visitor_id", "customer_id", _Epoch("merged_at"))
        self._customer_of = {
            f"v:{visitor}": (f"c:{customer}", at) for visitor, customer, at in merged.iterator(chunk_size=PAGE_ROWS)
        }

    def __missing__(self, name: str) -> int:
        number = self[name] = len(self.names)
        self.names.append(name)
        if name in self._customer_of:
            self[self._customer_of[name][0]]
        return number

    def merges(self) -> Merges:
        found = [self._customer_of.get(name, (name, FOREVER)) for name in self.names]
        return Merges(
            into=np.array([self[customer] for customer, _ in found], dtype=np.int32),
            at=np.array([at for _, at in found], dtype=np.int64),
        )


class _OrderIndex(dict[str, int]):
    """Number of each order by id, in order of first appearance."""

    def __missing__(self, order_id: str) -> int:
        number = self[order_id] = len(self) - 1
        return number


class _TextIndex(dict[str, int]):
    """Number of each text, in order of first appearance; 0 is ""."""

    def __init__(self) -> None:
        super().__init__({"": 0})

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Rows are tuples of plain values and hold no cycles, but looking for some takes a fifth of the time of reading."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _pages(events: QuerySet[Event, tuple[Any, ...]]) -> Iterator[tuple[tuple[Any, ...], ...]]:
    """The columns of the events, a page at a time, from the bare database cursor."""
    connection = connections[events.db]
    last_pk = 0
    while True:
        sql, params = events.filter(pk__gt=last_pk)[:PAGE_ROWS].query.get_compiler(connection=connection).as_sql()
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            rows = cursor.fetchall()
        if rows:
            columns = tuple(zip(*rows, strict=True))
            last_pk = columns[-1][-1]
            yield columns
        if len(rows) < PAGE_ROWS:
            return


def _read_columns(
    events: QuerySet[Event, tuple[Any, ...]],
    *,
    units: _UnitIndex,
    item_ids: Sequence[str],
    texts: Mapping[str, _TextIndex],
) -> Columns:
    """Unit, item, event type, time, quantity, order, device and country of each event, as the engine's numbers."""
    item_index = {item_id: number for number, item_id in enumerate(item_ids)}
    orders = _OrderIndex({"": -1})
    parts: tuple[list[npt.NDArray[Any]], ...] = tuple([] for _ in KINDS)
    for person, item, event_type, time, quantity, order_id, device, country, _ in _pages(events):
        count = len(item)
        page: Columns = (
            np.fromiter(map(units.__getitem__, person), np.int32, count),
            np.fromiter(map(item_index.get, item, repeat(UNKNOWN_ITEM)), np.int32, count),
            np.fromiter(map(EVENT_CODES.__getitem__, event_type), np.int8, count),
            np.fromiter(time, np.int64, count),
            np.fromiter(quantity, np.float32, count),
            np.fromiter(map(orders.__getitem__, order_id), np.int32, count),
            np.fromiter(map(texts[DEVICE].__getitem__, device), np.int32, count),
            np.fromiter(map(texts[COUNTRY].__getitem__, country), np.int32, count),
        )
        for part, column in zip(parts, page, strict=True):
            part.append(column)
    return tuple(np.concatenate(part) if part else np.zeros(0, kind) for part, kind in zip(parts, KINDS, strict=True))


def _assemble(
    columns: Columns,
    *,
    texts: Mapping[str, _TextIndex],
    units: _UnitIndex,
    item_ids: Sequence[str],
    content: ItemContent,
) -> ExportedData:
    known = columns[1] != UNKNOWN_ITEM
    unknown_item_count = int(len(known) - known.sum())
    if unknown_item_count:
        columns = tuple(column[known] for column in columns)
    is_refund = columns[2] == REFUND_CODE
    returned = tuple(column[is_refund] for column in columns)
    taught = tuple(column[~is_refund] for column in columns)
    merges = units.merges()
    present = np.unique(np.concatenate([columns[0], merges.into[columns[0]]]))
    names = [units.names[number] for number in present]
    unit = np.searchsorted(present, taught[0]).astype(np.int32)
    told = Circumstances(
        codes=dict(zip(texts, taught[6:], strict=True)), texts={name: list(index) for name, index in texts.items()}
    )
    gross = _sorted_interactions(
        (unit, *taught[1:6]),
        told,
        unit_ids=names,
        item_ids=item_ids,
    )
    returned = (np.searchsorted(present, returned[0]).astype(np.int32), *returned[1:])
    return ExportedData(
        gross=gross,
        refunds=_sorted_refunds(returned),
        merges=merges.renumbered(present),
        content=content,
        unknown_item_count=unknown_item_count,
        attributes=_attributes(names),
    )


def _of_present_units(interactions: Interactions) -> Interactions:
    """The same events, with numbers for those units alone that have any."""
    present, unit = np.unique(interactions.unit, return_inverse=True)
    names = [interactions.unit_ids[number] for number in present]
    return replace(interactions, unit=unit.astype(np.int32), unit_ids=names)


def _attributes(unit_ids: Sequence[str]) -> Circumstances:
    """What the shop allows to be read of its customers, for each unit; unknown of guests."""
    found = customer_attributes(name.removeprefix("c:") for name in unit_ids if name.startswith("c:"))
    names = [f"{CUSTOMER_PREFIX}{name}" for name in get_settings().customer_attributes]
    customers = [found.get(name.removeprefix("c:"), {}) if name.startswith("c:") else {} for name in unit_ids]
    return Circumstances.of({name: [customer.get(name, "") for customer in customers] for name in names})


def _sorted_interactions(
    columns: Columns, context: Circumstances, *, unit_ids: Sequence[str], item_ids: Sequence[str]
) -> Interactions:
    order = np.lexsort((columns[3], columns[0]))
    unit, item, event_type, time, quantity, basket = (column[order] for column in columns)
    return Interactions(
        unit=unit,
        item=item,
        event_type=event_type,
        time=time,
        quantity=quantity,
        basket=basket,
        unit_ids=unit_ids,
        item_ids=item_ids,
        context=context.at(order),
    )


def _sorted_refunds(columns: Columns) -> Refunds:
    order = np.argsort(columns[3], kind="stable")
    unit, item, _, time, quantity, basket = (column[order] for column in columns[:6])
    return Refunds(unit=unit, item=item, time=time, quantity=quantity, basket=basket)
