"""The lift of the primary metric over the days, as polygons in percent of a box, drawn without a script."""

from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from django_recs.admin.experiment_words import plain_lift, plain_share
from django_recs.experiments.metrics import METRICS
from django_recs.models import Experiment, ExperimentDay, Reading, Variant


@dataclass(frozen=True, kw_only=True)
class LiftChart:
    """The lift of the primary metric over the days, in percent of a box; a polygon for its interval."""

    band: str
    line: str
    zero: float
    top: str
    bottom: str
    first_day: str
    last_day: str
    summary: str


def lift_chart(
    experiment: Experiment, variant: Variant, days: list[ExperimentDay], by_key: dict[tuple[int, int, str], Reading]
) -> LiftChart | None:
    """The chart of one variant; None with fewer than two days that have an interval.

    Early intervals are far wider than the last one and run off the box.
    """
    points = []
    for place, day in enumerate(days):
        reading = by_key.get((day.pk, variant.pk, experiment.primary_metric))
        if reading is not None and None not in (reading.lift, reading.lift_low, reading.lift_high):
            points.append((place, reading.lift or 0.0, reading.lift_low or 0.0, reading.lift_high or 0.0))
    if len(points) < 2:
        return None
    low, high = points[-1][2:]
    reach = max(abs(low), abs(high), 0.01) * 1.3
    start, span = points[0][0], max(points[-1][0] - points[0][0], 1)

    def x(place: int) -> float:
        return round(100 * (place - start) / span, 2)

    def y(lift: float) -> float:
        return round(50 - 50 * min(max(lift / reach, -1.0), 1.0), 2)

    upper = [f"{x(place)},{y(top)}" for place, _lift, _low, top in points]
    lower = [f"{x(place)},{y(bottom)}" for place, _lift, bottom, _top in reversed(points)]
    return LiftChart(
        band=" ".join([*upper, *lower]),
        line=" ".join(f"{x(place)},{y(lift)}" for place, lift, _low, _top in points),
        zero=y(0.0),
        top=plain_share(reach),
        bottom=plain_share(-reach),
        first_day=date_format(days[points[0][0]].day, "j M"),
        last_day=date_format(days[points[-1][0]].day, "j M"),
        summary=_("Lift of %(metric)s by day; on the last one %(lift)s")
        % {
            "metric": METRICS[experiment.primary_metric].label,
            "lift": plain_lift(points[-1][1], low, high),
        },
    )
