"""The readout of an experiment, arranged for reading: stored rows in, sentences and the geometry of a chart out."""

from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_recs.admin.experiment_words import plain_chance, plain_lift, plain_share, plain_value, progress
from django_recs.admin.lift_chart import LiftChart, lift_chart
from django_recs.admin.wording import plain_count, plain_percent
from django_recs.experiments.metrics import METRICS, Metric
from django_recs.experiments.verdicts import (
    CROSSOVER_WARNS,
    FEWEST_CONVERSIONS,
    FEWEST_DAYS,
    Call,
    Health,
    Verdict,
    health_of,
    is_over,
    verdicts,
)
from django_recs.models import Experiment, ExperimentDay, Reading, Variant
from django_recs.stats.guardrails import Guardrail

TONES = {
    Call.BETTER: "good",
    Call.WORSE: "bad",
    Call.BLOCKED: "bad",
    Call.NO_DIFFERENCE: "quiet",
    Call.OPEN: "busy",
    Call.TOO_EARLY: "busy",
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number with its name, and what it means."""

    label: str
    value: str
    note: str
    is_alarming: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """One metric of one variant in the table."""

    label: str
    control: str
    variant: str
    lift: str
    chance: str
    remark: str
    is_primary: bool


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One variant against the control."""

    variant: Variant
    headline: str
    advice: str
    tone: str
    chart: LiftChart | None
    lines: tuple[Line, ...]


def readout_context(experiment: Experiment) -> dict[str, Any]:
    """What ``readout.html`` shows, in three queries."""
    days = list(experiment.days.all())
    readings = list(Reading.objects.filter(day__experiment=experiment))
    variants = sorted(experiment.variants.all(), key=lambda variant: variant.position)
    health = health_of(days)
    found = verdicts(experiment, days, readings)
    return {
        "figures": _figures(experiment, variants, health),
        "panels": [_panel(experiment, verdict, variants[0], days, readings, health) for verdict in found],
        "facts": _facts(experiment),
        "last_read": health.day.read_at if health.day else None,
    }


def _panel(
    experiment: Experiment,
    verdict: Verdict,
    control: Variant,
    days: list[ExperimentDay],
    readings: list[Reading],
    health: Health,
) -> Panel:
    by_key = {(reading.day_id, reading.variant_id, reading.metric): reading for reading in readings}
    headline, advice = _words(experiment, verdict, days, health)
    blocked = verdict.call is Call.BLOCKED
    lines: list[Line] = []
    if health.day is not None and not blocked:
        for metric in sorted(METRICS.values(), key=lambda metric: metric.key != experiment.primary_metric):
            own = by_key.get((health.day.pk, verdict.variant.pk, metric.key))
            other = by_key.get((health.day.pk, control.pk, metric.key))
            if own is not None and other is not None and (own.value or other.value):
                lines.append(_line(experiment, metric, other, own, verdict))
    return Panel(
        variant=verdict.variant,
        headline=headline,
        advice=advice,
        tone=TONES[verdict.call],
        chart=None if blocked else lift_chart(experiment, verdict.variant, days, by_key),
        lines=tuple(lines),
    )


def _words(experiment: Experiment, verdict: Verdict, days: list[ExperimentDay], health: Health) -> tuple[str, str]:
    name = str(verdict.variant)
    left = max((experiment.planned_days or 0) - health.day_count, 0)
    wait = (
        ngettext("Planned to run %d more day.", "Planned to run %d more days.", left) % left
        if experiment.ending == Experiment.Ending.PLANNED
        else _("It may run as long as you like.")
    )
    harmed = [METRICS[key].label for key, state in verdict.guardrails.items() if state == Guardrail.HARMED]
    if verdict.call is Call.BETTER and harmed:
        return (
            _("%s is better, and harms something else.") % name,
            _("Harmed: %s. Think twice before you ship it.") % ", ".join(map(str, harmed)),
        )
    day = date_format(verdict.found_on.day, "j M") if verdict.found_on else ""
    return {
        Call.BLOCKED: (
            _("No result can be read."),
            _(
                "The variants did not get the visitors they should have. Something loses visitors of one variant: a "
                "page that fails, a redirect, a cache. Find it, end this experiment and start a new one."
            ),
        ),
        Call.TOO_EARLY: (
            _("Too early to say."),
            _("A verdict needs %(days)d full days and %(count)d buyers in each variant. %(wait)s")
            % {"days": FEWEST_DAYS, "count": FEWEST_CONVERSIONS, "wait": "" if is_over(experiment, days) else wait},
        ),
        Call.BETTER: (_("%s is better.") % name, _("Proven on %s. It is safe to stop and ship it.") % day),
        Call.WORSE: (_("%s is worse.") % name, _("Proven on %s. It is safe to stop and keep the control.") % day),
        Call.OPEN: (_("No difference is proven yet."), _("Not safe to stop for a winner.") + " " + wait),
        Call.NO_DIFFERENCE: (
            _("No difference was found."),
            _("If %s were better by as much as you planned for, it would very likely have shown. Keep what is simpler.")
            % name,
        ),
    }[verdict.call]


def _line(experiment: Experiment, metric: Metric, control: Reading, own: Reading, verdict: Verdict) -> Line:
    guardrail = verdict.guardrails.get(metric.key)
    remarks = {
        Guardrail.SAFE: _("Guardrail: safe"),
        Guardrail.UNCLEAR: _("Guardrail: harm not excluded yet"),
        Guardrail.HARMED: _("Guardrail: harmed"),
        Guardrail.HARMED_WITHIN_MARGIN: _("Guardrail: worse, but less than agreed"),
    }
    is_primary = metric.key == experiment.primary_metric
    remark = _("Decides") if is_primary else remarks[guardrail] if guardrail else ""
    if is_primary and own.variance_saved and own.variance_saved > 0.01:
        remark += " · " + _("past behaviour sharpened it by %s") % plain_percent(round(100 * own.variance_saved), 100)
    return Line(
        label=str(metric.label),
        control=plain_value(metric, control.value),
        variant=plain_value(metric, own.value),
        lift=plain_lift(own.lift, own.lift_low, own.lift_high),
        chance="–" if own.chance_to_win is None else plain_chance(own.chance_to_win),
        remark=remark,
        is_primary=is_primary,
    )


def _figures(experiment: Experiment, variants: list[Variant], health: Health) -> list[Figure]:
    day = health.day
    if day is None:
        return []
    counts = [int(day.units.get(str(variant.pk), 0)) for variant in variants]
    weight = sum(variant.weight for variant in variants)
    shares = ", ".join(
        f"{variant}: {plain_percent(count, sum(counts))}" for variant, count in zip(variants, counts, strict=True)
    )
    planned = " : ".join(plain_percent(variant.weight, weight) for variant in variants)
    ratio = _("as planned")
    if health.is_ratio_blocked:
        ratio = _("broken")
    elif health.is_ratio_doubtful:
        ratio = _("doubtful")
    return [
        Figure(
            label=_("Time"),
            value=progress(experiment, health).capitalize(),
            note=_("since %s") % date_format(experiment.started_at, "j M Y") if experiment.started_at else "",
        ),
        Figure(
            label=_("Visitors"),
            value=plain_count(sum(counts)),
            note=_("of %s planned") % plain_count(experiment.planned_units),
        ),
        Figure(
            label=_("Sample ratio"),
            value=ratio,
            note=_("%(shares)s; planned %(planned)s") % {"shares": shares, "planned": planned},
            is_alarming=health.is_ratio_blocked or health.is_ratio_doubtful,
        ),
        Figure(
            label=_("Saw two variants"),
            value=plain_percent(day.crossover_count, sum(counts)),
            note=_("As a guest and as a customer. They are left out."),
            is_alarming=health.crossover_share > CROSSOVER_WARNS,
        ),
    ]


def _facts(experiment: Experiment) -> list[tuple[str, str]]:
    cap = number_format(round(experiment.cap, 2), decimal_pos=2) if experiment.cap is not None else _("none")
    return [
        (_("Judged by"), str(METRICS[experiment.primary_metric].label)),
        (_("Placement"), str(experiment.placement or _("the shop's own templates"))),
        (_("Audience"), f"{experiment.get_audience_display()}, {experiment.coverage_percent} %"),
        (_("Smallest lift worth finding"), plain_share(experiment.lift_percent / 100)),
        (_("End"), experiment.get_ending_display()),
        (
            _("Planned"),
            _("%(units)s visitors in %(days)s days")
            % {"units": plain_count(experiment.planned_units), "days": plain_count(experiment.planned_days)},
        ),
        (_("Days that count"), plain_count(experiment.window_days)),
        (_("Cap on a visitor's revenue"), cap),
        (_("Layer"), str(experiment.layer or _("none"))),
    ]
