"""Figures of a stored evaluation table, for reading.

The table comes from the database as JSON, possibly written by another version of the code: what is missing is left out.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from django_recs.model_cards.words import (
    CHAMPION_NAME,
    LEAD_METRIC,
    MAIN_METRIC,
    OWN_NAME,
    SLICE_LABELS,
    WHOLE_NAMES,
    group_label,
    grouping_label,
    recommender_label,
    slice_label,
)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A mean and its standard error, where it is known."""

    mean: float
    error: float | None

    @property
    def signed(self) -> str:
        """A difference as text, such as ``+0.0200 ± 0.0040``."""
        sign = "+" if self.mean >= 0 else "-"
        text = f"{sign}{number_format(round(abs(self.mean), 4), decimal_pos=4)}"
        return text if self.error is None else f"{text} ± {number_format(round(self.error, 4), decimal_pos=4)}"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One recommender in a chart of a slice."""

    label: str
    figure: Figure
    percent: float
    """Length, 0 to 100, where 100 is the longest of the chart with its error."""
    low_percent: float
    high_percent: float
    """Ends of the line that shows one standard error to both sides."""
    is_own: bool


@dataclass(frozen=True, kw_only=True)
class SliceCard:
    """A version on one kind of question, beside the version that was live and the best of its voices."""

    label: str
    query_count: int
    own: Figure | None
    champion: Figure | None
    champion_lead: Figure | None
    """Own minus the champion's, question by question."""
    rival_label: str
    """The best voice, "" without any."""
    rival: Figure | None
    rival_lead: Figure | None
    recall: Figure | None
    hit_rate: Figure | None

    @property
    def query_label(self) -> str:
        counted = number_format(self.query_count, force_grouping=True)
        return _("1 question") if self.query_count == 1 else _("%s questions") % counted

    @property
    def bars(self) -> list[Bar]:
        shown = [(recommender_label(OWN_NAME), self.own), (recommender_label(CHAMPION_NAME), self.champion)]
        shown.append((self.rival_label, self.rival))
        found = [(label, figure) for label, figure in shown if figure is not None]
        longest = max((figure.mean + (figure.error or 0.0) for _, figure in found), default=0.0) or 1.0
        own = recommender_label(OWN_NAME)
        return [
            Bar(
                label=label,
                figure=figure,
                percent=_percent(figure.mean, longest),
                low_percent=_percent(figure.mean - (figure.error or 0.0), longest),
                high_percent=_percent(figure.mean + (figure.error or 0.0), longest),
                is_own=label == own,
            )
            for label, figure in found
        ]


@dataclass(frozen=True, kw_only=True)
class GroupCards:
    """The same questions cut by who asked them."""

    label: str
    slice_label: str
    groups: tuple[SliceCard, ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A tenth of the products by popularity."""

    number: int
    """1: the most popular."""
    shown_percent: float
    bought_percent: float
    shown_length: float
    bought_length: float
    """Lengths of the bars, 0 to 100, where 100 is the longest of all."""


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Listed products of about the same declared chance, in percent."""

    predicted_percent: float
    observed_percent: float
    count: int


def mapping(value: object) -> Mapping[str, Any]:
    """``value`` where it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def number(value: object) -> float | None:
    """``value`` as a finite number, or None."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def slices_of(table: object) -> list[str]:
    """The names of the slices, in the order in which people read of them."""
    known, found = list(SLICE_LABELS), mapping(mapping(table).get("slices"))
    return sorted(found, key=lambda name: (known.index(name) if name in known else len(known), name))


def slice_of(table: object, name: str) -> Mapping[str, Any]:
    """One slice of ``table``, empty where it has none."""
    return mapping(mapping(mapping(table).get("slices")).get(name))


def figure_of(part: Mapping[str, Any], recommender: str, metric: str) -> Figure | None:
    """A figure of a slice or of a group."""
    found = mapping(mapping(mapping(part.get("recommenders")).get(recommender)).get(metric))
    mean = number(found.get("mean"))
    return None if mean is None else Figure(mean=mean, error=number(found.get("se")))


def slice_card(part: Mapping[str, Any], label: str) -> SliceCard:
    """Own figures beside the champion's and those of the best voice by NDCG@10."""
    others = {
        name: figure
        for name in mapping(part.get("recommenders"))
        if name not in WHOLE_NAMES and (figure := figure_of(part, name, MAIN_METRIC))
    }
    rival = max(others, key=lambda name: (others[name].mean, name), default="")
    count = part.get("query_count")
    return SliceCard(
        label=label,
        query_count=count if isinstance(count, int) else 0,
        own=figure_of(part, OWN_NAME, MAIN_METRIC),
        champion=figure_of(part, CHAMPION_NAME, MAIN_METRIC),
        champion_lead=figure_of(part, CHAMPION_NAME, LEAD_METRIC),
        rival_label=recommender_label(rival) if rival else "",
        rival=others.get(rival),
        rival_lead=figure_of(part, rival, LEAD_METRIC),
        recall=figure_of(part, OWN_NAME, "recall@10"),
        hit_rate=figure_of(part, OWN_NAME, "hit_rate@10"),
    )


def group_cards(table: object) -> tuple[GroupCards, ...]:
    """Every grouping on every slice that was cut by it."""
    found = []
    for grouping, groups in mapping(mapping(table).get("groups")).items():
        slices = dict.fromkeys(name for group in mapping(groups).values() for name in mapping(group))
        for name in sorted(slices, key=lambda each: (slices_of(table) + [each]).index(each)):
            cards = [
                slice_card(mapping(mapping(group).get(name)), group_label(label))
                for label, group in mapping(groups).items()
                if name in mapping(group)
            ]
            found.append(GroupCards(label=grouping_label(grouping), slice_label=slice_label(name), groups=tuple(cards)))
    return tuple(found)


def exposure_parts(part: Mapping[str, Any]) -> tuple[Part, ...]:
    """Where this version's recommendations go, and where the purchases went; empty where it was not measured."""
    exposure = mapping(part.get("exposure"))
    shown, bought = _shares(exposure.get(OWN_NAME)), _shares(exposure.get("truth"))
    if not shown or len(shown) != len(bought):
        return ()
    longest = max(*shown, *bought) or 1.0
    return tuple(
        Part(
            number=place,
            shown_percent=100 * one,
            bought_percent=100 * other,
            shown_length=_percent(one, longest),
            bought_length=_percent(other, longest),
        )
        for place, (one, other) in enumerate(zip(shown, bought, strict=True), start=1)
    )


def reliability_bins(part: Mapping[str, Any]) -> tuple[tuple[ReliabilityBin, ...], float | None]:
    """Declared chances beside what came true, and the expected calibration error; empty where none are declared."""
    found = mapping(mapping(part.get("reliability")).get(OWN_NAME))
    bins = []
    for each in found.get("bins", ()) if isinstance(found.get("bins"), list) else ():
        said, came, count = (number(mapping(each).get(key)) for key in ("predicted", "observed", "count"))
        if said is not None and came is not None:
            bins.append(
                ReliabilityBin(predicted_percent=100 * said, observed_percent=100 * came, count=int(count or 0))
            )
    return tuple(bins), number(found.get("ece"))


def _shares(value: object) -> list[float]:
    found = [number(share) for share in value] if isinstance(value, list) else []
    return [share for share in found if share is not None] if None not in found else []


def _percent(value: float, longest: float) -> float:
    return round(100 * min(max(value / longest, 0.0), 1.0), 2)
