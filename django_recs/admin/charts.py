"""Geometry of the charts, in percent of their box, so that a template can draw them at any width without a script."""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from django_recs.admin.wording import plain_count, plain_type
from django_recs.engine.events import EVENT_TYPES, EventType
from django_recs.tracking.health import EventCounts


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One day of one event type."""

    day: dt.date
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class TypeChart:
    """One event type over the days, on a scale of its own: a type that went silent shows, however rare it is."""

    type: str
    label: str
    total: int
    highest: int
    bars: tuple[Bar, ...]

    @property
    def summary(self) -> str:
        """The chart in a sentence, for those who do not see it."""
        return _("%(label)s: %(total)s in %(days)d days, at most %(highest)s on one day, %(today)s today") % {
            "label": self.label,
            "total": plain_count(self.total),
            "days": len(self.bars),
            "highest": plain_count(self.highest),
            "today": plain_count(self.bars[-1].count),
        }

    @property
    def total_label(self) -> str:
        return plain_count(self.total)


@dataclass(frozen=True, kw_only=True)
class EventChart:
    """A row of bars per event type that occurred."""

    rows: tuple[TypeChart, ...]
    first_day: dt.date
    last_day: dt.date
    absent: tuple[str, ...]
    """Labels of the types that did not occur."""


def event_chart(counts: EventCounts) -> EventChart:
    """The chart of the events of the last days, types in the order of a visit."""
    rows = [_type_chart(counts, event_type) for event_type in EVENT_TYPES]
    return EventChart(
        rows=tuple(row for row in rows if row.total),
        first_day=counts.days[0].day,
        last_day=counts.days[-1].day,
        absent=tuple(row.label for row in rows if not row.total),
    )


def _type_chart(counts: EventCounts, event_type: EventType) -> TypeChart:
    values = [(day.day, day.counts.get(event_type, 0)) for day in counts.days]
    highest = max(count for _day, count in values)
    step = 100 / len(values)
    return TypeChart(
        type=str(event_type),
        label=plain_type(event_type),
        total=sum(count for _day, count in values),
        highest=highest,
        bars=tuple(
            Bar(
                day=day,
                count=count,
                x=round(place * step, 3),
                y=round(100 - _height(count, highest), 3),
                width=round(step * 0.8, 3),
                height=_height(count, highest),
            )
            for place, (day, count) in enumerate(values)
        ),
    )


def _height(count: int, highest: int) -> float:
    """Percent of the box; anything above zero stays visible."""
    return round(max(100 * count / highest, 4.0), 3) if count else 0.0
