"""Stretches of time as questions, and the one that may be read only once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django_recs.conf import get_settings
from django_recs.engine.circumstances import COUNTRY
from django_recs.engine.evaluation.groups import UnitLabels, buyer_labels, latest_labels
from django_recs.engine.evaluation.queries import Queries, next_basket_queries
from django_recs.engine.evaluation.variety import ItemTraits, item_traits
from django_recs.engine.interactions import Interactions
from django_recs.pipeline.export import ExportedData
from django_recs.pipeline.voices import event_weight_array


class ReadTwice(RuntimeError):
    """The test period was to be read a second time in one attempt."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """What evaluation needs of a stretch of time. Histories, traits and groups end where it begins."""

    queries: Mapping[str, Queries]
    traits: ItemTraits
    groupings: Mapping[str, UnitLabels]


@dataclass(kw_only=True)
class SealedPeriod:
    """The test period. Its questions come out once, when all fitting for them is over; whatever is fitted for them gets
    `ExportedData.as_of` its start and no more."""

    data: ExportedData
    start: int
    """Seconds since 1970."""
    end: int
    on_read: Callable[[], int]
    """Told when the seal is broken; says how often it has been for this training, this time included."""
    read_count: int = 0

    def read(self) -> Window:
        """Break the seal.

        Raises:
            ReadTwice: it is broken; a figure that was looked at before a choice is no test of it.
        """
        if self.read_count:
            raise ReadTwice("The test period is read once in each training.")
        self.read_count = self.on_read()
        return read_window(self.data, self.start, self.end)


def read_window(data: ExportedData, start: int, end: int) -> Window:
    """The window ``[start, end)`` for recommenders that were fitted on `ExportedData.as_of` its start."""
    past = data.as_of(start)
    return Window(
        queries=window_queries(data, start, end),
        traits=item_traits(past, data.content, event_weights=event_weight_array()),
        groupings=groupings(past),
    )


def groupings(past: Interactions) -> dict[str, UnitLabels]:
    """Who is who, as ``past`` tells it: by how often they buy and, where events name one, by country."""
    found = {"buyers": buyer_labels(past)}
    if COUNTRY in past.context.codes:
        found[COUNTRY] = latest_labels(past, past.context.codes[COUNTRY], past.context.texts[COUNTRY])
    return found


def window_queries(data: ExportedData, start: int, end: int) -> dict[str, Queries]:
    """The questions of the window ``[start, end)`` for voices that were fitted on `ExportedData.as_of` its start."""
    return next_basket_queries(
        data.asked_at(start, end),
        start=start,
        end=end,
        event_weights=event_weight_array(),
        history_length=get_settings().history_length,
    )
