"""Filters of the event browser. None of them asks the table which values it holds: that would read all of it."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from django_recs.admin.wording import SOURCE_LABELS, TYPE_LABELS, plain_code
from django_recs.engine.events import EVENT_CODES
from django_recs.models import Event, EventQuerySet, Purpose, RefusedEvent
from django_recs.tracking.health import refused_by_code

EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class DayFilter(admin.SimpleListFilter):
    """Events of the last days, or of one day: ``?day=7`` or ``?day=2026-03-01``."""

    title = _("day")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        periods = [("1", _("Today")), ("7", _("Last 7 days")), ("30", _("Last 30 days"))]
        chosen = parse_date_or_none(self.value())
        return [*periods, (chosen.isoformat(), date_format(chosen, "j F Y"))] if chosen else periods

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        if day := parse_date_or_none(self.value()):
            return queryset.filter(occurred_at__gte=_midnight(day), occurred_at__lt=_midnight(day, days_on=1))
        if self.value() in {"1", "7", "30"}:
            first = timezone.localdate() - dt.timedelta(days=int(str(self.value())) - 1)
            return queryset.filter(occurred_at__gte=_midnight(first))
        return queryset


class TypeFilter(admin.SimpleListFilter):
    """What the visitor did."""

    title = _("what they did")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(event_type.value, label) for event_type, label in TYPE_LABELS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(type=self.value()) if self.value() in EVENT_CODES else queryset


class SourceFilter(admin.SimpleListFilter):
    """Which way an event came in."""

    title = _("source")
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return list(SOURCE_LABELS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(source=self.value()) if self.value() in SOURCE_LABELS else queryset


class ConsentFilter(admin.SimpleListFilter):
    """What the visitor allowed at the time of the event."""

    title = _("consent")
    parameter_name = "consent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [
            ("personalisation", _("Personalisation, used for training")),
            ("analytics", _("Analytics")),
            ("marketing", _("Marketing")),
            ("none", _("Nothing")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        if self.value() == "none":
            return queryset.filter(purposes=Purpose.NONE)
        purpose = Purpose.__members__.get(str(self.value()).upper())
        if purpose and isinstance(queryset, EventQuerySet):
            return queryset.consented(purpose)
        return queryset


class RefusalFilter(admin.SimpleListFilter):
    """Why an event was refused."""

    title = _("reason")
    parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(code, plain_code(code)) for code, _count in refused_by_code(since=EVER)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RefusedEvent]) -> QuerySet[RefusedEvent]:
        return queryset.filter(code=self.value()) if self.value() else queryset


def parse_date_or_none(value: str | None) -> dt.date | None:
    """The date in ``YYYY-MM-DD``, or None for anything else, impossible dates included."""
    try:
        return parse_date(value or "")
    except ValueError:
        return None


def _midnight(day: dt.date, *, days_on: int = 0) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=days_on), dt.time.min))
