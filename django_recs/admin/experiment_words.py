"""Experiments in words: lifts, chances, states and plans as people say them."""

from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from django_recs.admin.badges import badge
from django_recs.admin.wording import plain_count, plain_percent
from django_recs.experiments.metrics import METRICS, Metric
from django_recs.experiments.verdicts import CROSSOVER_WARNS, Call, Health, health_of
from django_recs.models import Experiment, ExperimentDay


def plain_lift(lift: float | None, low: float | None, high: float | None) -> str:
    """``+4.2 %, between +0.9 % and +7.6 %``."""
    if lift is None:
        return "–"
    if low is None or high is None:
        return _("%s, how sure cannot be said yet") % plain_share(lift)
    return _("%(lift)s, between %(low)s and %(high)s") % {
        "lift": plain_share(lift),
        "low": plain_share(low),
        "high": plain_share(high),
    }


def plain_share(share: float) -> str:
    """``+4.2 %``, ``−1.0 %`` or ``0.0 %``."""
    percent = round(100 * share, 1) + 0.0
    sign = "+" if percent > 0 else "−" if percent < 0 else ""
    return _("%s %%") % f"{sign}{number_format(abs(percent), decimal_pos=1)}"


def plain_value(metric: Metric, value: float) -> str:
    """A metric of one variant: ``3.10 %`` or ``12.40``."""
    if metric.is_share:
        return _("%s %%") % number_format(round(100 * value, 2), decimal_pos=2)
    return number_format(round(value, 2), decimal_pos=2)


def plain_chance(chance: float) -> str:
    """A probability in percent that is never called certain."""
    if chance > 0.999:
        return _("over 99.9 %")
    if chance < 0.001:
        return _("under 0.1 %")
    return plain_percent(round(1_000 * chance), 1_000)


def state_badge(experiment: Experiment) -> SafeString:
    """The status in the list."""
    tones = {"draft": "quiet", "running": "busy", "ended": "warn", "decided": "good"}
    return badge(experiment.get_status_display(), tone=tones.get(experiment.status, "quiet"))


def plain_health(days: list[ExperimentDay]) -> tuple[str, str]:
    """A tone and a few words on the sample, for the list."""
    health = health_of(days)
    if health.day is None:
        return "quiet", _("not read yet")
    if health.is_ratio_blocked:
        return "bad", _("sample ratio is off")
    if health.is_ratio_doubtful:
        return "warn", _("sample ratio is doubtful")
    if health.crossover_share > CROSSOVER_WARNS:
        return "warn", _("many saw two variants")
    return "good", _("sample is sound")


def plain_call(call: Call) -> str:
    """A verdict in two words."""
    words = {
        Call.BLOCKED: _("cannot be read"),
        Call.TOO_EARLY: _("too early to say"),
        Call.BETTER: _("better"),
        Call.WORSE: _("worse"),
        Call.OPEN: _("no difference proven yet"),
        Call.NO_DIFFERENCE: _("no difference found"),
    }
    return words[call]


def progress(experiment: Experiment, health: Health) -> str:
    """``day 9 of 28``."""
    if experiment.ending == Experiment.Ending.PLANNED and experiment.planned_days:
        return _("day %(day)d of %(days)d") % {"day": health.day_count, "days": experiment.planned_days}
    return _("day %d") % health.day_count


def plan_words(experiment: Experiment) -> list[str]:
    """What the planner found, in sentences; [] before it ran."""
    plan = experiment.plan
    if not plan:
        return []
    units = int(plan["unit_count"])
    words = [_("In the last four weeks %s visitors would have taken part.") % plain_count(units)]
    if plan["units_needed"] is None:
        return [*words, _("Too little happened there to plan by: this metric cannot be tested yet.")]
    metric = METRICS[experiment.primary_metric]
    words.append(_("%(metric)s was %(value)s.") % {"metric": metric.label, "value": plain_value(metric, plan["value"])})
    if plan["variance_saved"] > 0.01:
        words.append(
            _("What visitors did before makes the answer sharper: %s fewer are needed.")
            % plain_percent(round(100 * plan["variance_saved"]), 100)
        )
    needed = _("To find a lift of %(lift)s, %(units)s visitors are needed") % {
        "lift": plain_share(experiment.lift_percent / 100),
        "units": plain_count(plan["units_needed"]),
    }
    if plan["days_needed"] is not None:
        return [*words, f"{needed}: " + _("%d days.") % plan["days_needed"]]
    smallest = plan["smallest_lift"]
    found = plain_share(smallest) if smallest is not None else "–"
    return [
        *words,
        f"{needed}: " + _("not testable in eight weeks. These would find a lift of %s.") % found,
        _("Test something bolder, choose a metric that moves more often, such as clicks, or let more visitors in."),
    ]
