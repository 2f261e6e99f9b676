"""How long an experiment would take, from the shop's own last weeks. Runs in a task and writes the draft's plan."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import router, transaction
from django.utils import timezone

from django_recs.exceptions import ExperimentRefused
from django_recs.experiments.metrics import METRICS
from django_recs.experiments.readings import ALPHA, compare
from django_recs.experiments.sums import PastPeriod, past_moments, past_revenues, past_units_by
from django_recs.models import Experiment
from django_recs.stats.planning import LONGEST_DAYS, Question, days_needed, smallest_lift, units_needed
from django_recs.stats.winsorising import find_cap

PAST_WEEKS = 4
FEWEST_UNITS = 100
"""Below this the past says nothing about the spread of the metric."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the planner found; stored as JSON on the draft."""

    planned_at: str
    unit_count: int
    """Units that would have taken part in the last four weeks."""
    value: float
    """The primary metric then, with the cap."""
    variance_saved: float
    """What CUPED saved then."""
    cap: float | None = None
    share_above_cap: float = 0.0
    units_needed: int | None = None
    """None where the past does not say."""
    days_needed: int | None = None
    """None: not testable in eight weeks."""
    units_in_eight_weeks: int = 0
    smallest_lift: float | None = None
    """Relative; what eight weeks would find."""


def make_plan(experiment: Experiment, *, now: datetime | None = None) -> Plan:
    """Read the past, write plan, cap, units and days into the draft, and return the plan.

    Where the metric cannot be tested in eight weeks these become the planned end, and the plan says which lift they
    would find. Where the past says nothing the draft stays without planned units.

    Raises:
        ExperimentRefused: it is no draft any more, so its plan is frozen.
    """
    moment = now or timezone.now()
    past = PastPeriod(
        since=moment - timedelta(weeks=PAST_WEEKS),
        until=moment,
        placement=experiment.placement_id or "",
        audience=experiment.audience,
    )
    cap = find_cap(past_revenues(past))
    moments = past_moments(past, cap=cap.value if cap else None).get(experiment.primary_metric)
    by_day = _units_by_day(experiment, past)
    metric = METRICS[experiment.primary_metric]
    plan = Plan(
        planned_at=moment.isoformat(),
        unit_count=moments.count if moments else 0,
        value=0.0,
        variance_saved=0.0,
        cap=cap.value if cap else None,
        share_above_cap=cap.share_above if cap else 0.0,
        units_in_eight_weeks=round(by_day[-1]),
    )
    if moments is not None and moments.count >= FEWEST_UNITS:
        found = compare(metric, moments, moments)
        plan = _answered(
            experiment,
            plan,
            value=found.control,
            variance=found.unadjusted_variance / 2 * moments.count,
            saved=found.variance_saved,
            by_day=by_day,
        )
    _store(experiment, plan)
    return plan


def _answered(
    experiment: Experiment, plan: Plan, *, value: float, variance: float, saved: float, by_day: list[float]
) -> Plan:
    if value <= 0 or variance <= 0:
        return plan
    weights = [variant.weight for variant in experiment.variants.order_by("position")]
    looks = experiment.planned_days or LONGEST_DAYS // 2
    needed, lift = 0, 0.0
    for weight in weights[1:]:
        share = (weights[0] + weight) / sum(weights)
        question = Question(
            mean=value,
            variance=variance,
            lift=experiment.lift_percent / 100,
            alpha=ALPHA / (len(weights) - 1),
            variance_saved=max(saved, 0.0),
            treatment_share=weight / (weights[0] + weight),
            look_count=looks,
        )
        needed = max(needed, round(units_needed(question) / share))
        lift = max(lift, smallest_lift(question, int(by_day[-1] * share)))
    return Plan(
        **{
            **asdict(plan),
            "value": value,
            "variance_saved": saved,
            "units_needed": needed,
            "days_needed": days_needed(needed, by_day),
            "smallest_lift": lift if by_day[-1] >= 1 else None,
        }
    )


def _units_by_day(experiment: Experiment, past: PastPeriod) -> list[float]:
    """Units expected by the end of each of 56 days: four weeks as they were, then at the pace of the last of them."""
    days = PAST_WEEKS * 7
    counts = past_units_by(past, [past.since + timedelta(days=day + 1) for day in range(days)])
    pace = (counts[-1] - counts[-8]) / 7
    share = experiment.coverage_percent / 100 * (experiment.layer_percent / 100 if experiment.layer_id else 1)
    expected = [*map(float, counts), *(counts[-1] + pace * (day + 1) for day in range(LONGEST_DAYS - days))]
    return [count * share for count in expected]


def _store(experiment: Experiment, plan: Plan) -> None:
    with transaction.atomic(using=router.db_for_write(Experiment)):
        rows = Experiment.objects.using(router.db_for_write(Experiment)).select_for_update()
        row = rows.get(pk=experiment.pk)
        if row.status != Experiment.Status.DRAFT:
            raise ExperimentRefused("The plan of an experiment is frozen when it starts.")
        row.plan, row.cap = asdict(plan), plan.cap
        if plan.units_needed is None:
            row.planned_units = None
        elif plan.days_needed is None:
            row.planned_units, row.planned_days = max(plan.units_in_eight_weeks, 1), LONGEST_DAYS
        else:
            row.planned_units, row.planned_days = plan.units_needed, plan.days_needed
        row.save(update_fields=["plan", "cap", "planned_units", "planned_days"])
    experiment.refresh_from_db()
