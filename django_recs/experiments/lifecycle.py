"""From draft to decision: the only transitions there are. Each checks, changes the row and leaves a reason."""

from functools import partial

from django.db import router, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from django_recs.exceptions import ExperimentRefused
from django_recs.experiments.varying import VARIED_FIELDS
from django_recs.models import Experiment, Layer, Placement, Strategy, Variant
from django_recs.signals import experiment_decided

Status = Experiment.Status
Outcome = Experiment.Outcome


def start(experiment: Experiment) -> None:
    """Freeze the draft and let visitors in; pages follow within ``RELOAD_SECONDS``.

    Raises:
        ExperimentRefused: it cannot start this way.
    """
    with transaction.atomic(using=router.db_for_write(Experiment)):
        row = _locked(experiment)
        if row.status != Status.DRAFT:
            raise ExperimentRefused(_("Only a draft can be started."))
        _check_plan(row)
        _check_variants(row)
        _check_neighbours(row)
        row.layer_start = _free_slots(row) if row.layer_id else None
        row.status, row.started_at = Status.RUNNING, timezone.now()
        row.save(update_fields=["status", "started_at", "layer_start"])
    experiment.refresh_from_db()


def widen(experiment: Experiment, coverage_percent: int) -> None:
    """Let a larger share of the audience take part. Nobody who takes part is moved.

    Raises:
        ExperimentRefused: it does not run, or the share would shrink, which would throw units out.
    """
    with transaction.atomic(using=router.db_for_write(Experiment)):
        row = _locked(experiment)
        if row.status != Status.RUNNING or not row.coverage_percent <= coverage_percent <= 100:
            raise ExperimentRefused(_("The share of a running experiment can grow, up to 100 %, and never shrink."))
        row.coverage_percent = coverage_percent
        row.save(update_fields=["coverage_percent"])
    experiment.refresh_from_db()


def end(experiment: Experiment) -> None:
    """Stop it at once: everybody sees the control. The last reading is made at this moment.

    Raises:
        ExperimentRefused: it does not run.
    """
    with transaction.atomic(using=router.db_for_write(Experiment)):
        row = _locked(experiment)
        if row.status != Status.RUNNING:
            raise ExperimentRefused(_("Only a running experiment can be ended."))
        row.status, row.ended_at = Status.ENDED, timezone.now()
        row.save(update_fields=["status", "ended_at"])
    experiment.refresh_from_db()


def decide(experiment: Experiment, outcome: str, *, who: str, reason: str, variant: Variant | None = None) -> None:
    """Ship a variant or keep the control, for a reason, and do it: what a shipped variant changed of its placement is
    written into the placement; a variant of the shop's own templates is what everybody gets from now on.

    Raises:
        ExperimentRefused: nothing ran, no reason is given, or no variant is named to ship.
    """
    if not reason.strip():
        raise ExperimentRefused(_("Write down why. In a year nobody will remember."))
    if outcome not in Outcome.values or (outcome == Outcome.SHIP) != (variant is not None):
        raise ExperimentRefused(_("Choose a variant to ship, or keep the control."))
    with transaction.atomic(using=router.db_for_write(Experiment)):
        row = _locked(experiment)
        if row.status not in (Status.RUNNING, Status.ENDED):
            raise ExperimentRefused(_("There is nothing to decide about a draft, and a decision is made once."))
        if variant is not None and (variant.experiment_id != row.pk or variant.is_control):
            raise ExperimentRefused(_("Only a variant of this experiment can be shipped."))
        row.ended_at = row.ended_at or timezone.now()
        row.status, row.decided_at = Status.DECIDED, timezone.now()
        row.outcome, row.decided_by, row.reason = outcome, who[:150], reason.strip()
        row.shipped = variant
        row.save()
        if variant is not None and row.placement is not None:
            _apply(variant, row.placement)
        transaction.on_commit(
            partial(experiment_decided.send_robust, sender=Experiment, experiment=row),
            using=router.db_for_write(Experiment),
        )
    experiment.refresh_from_db()


def _locked(experiment: Experiment) -> Experiment:
    rows = Experiment.objects.using(router.db_for_write(Experiment)).select_for_update(of=("self",))
    return rows.select_related("placement", "layer").get(pk=experiment.pk)


def _apply(variant: Variant, placement: Placement) -> None:
    changes = {name: value for name, value in variant.changes.items() if name in VARIED_FIELDS}
    for name, value in changes.items():
        setattr(placement, name, value)
    placement.save(update_fields=sorted(changes))


def _check_plan(row: Experiment) -> None:
    if not row.planned_units:
        raise ExperimentRefused(_("It has no plan yet: let the planner run, or enter how many units you expect."))
    if row.ending == Experiment.Ending.PLANNED and not row.planned_days:
        raise ExperimentRefused(_("A planned end needs a number of days."))


def _check_variants(row: Experiment) -> None:
    variants = list(row.variants.all())
    if len(variants) < 2:
        raise ExperimentRefused(_("It needs a control and at least one variant."))
    for variant in variants:
        if variant.changes and row.placement is None:
            raise ExperimentRefused(_("%s changes a placement, but the experiment names none.") % variant)
        if unknown := set(variant.changes) - set(VARIED_FIELDS):
            raise ExperimentRefused(
                _("%(variant)s changes %(fields)s, which no variant may change.")
                % {"variant": variant, "fields": ", ".join(sorted(unknown))}
            )
        if variant.changes.get("strategy", Strategy.FOR_YOU) not in Strategy.values:
            raise ExperimentRefused(_("%s names a strategy that does not exist.") % variant)
    if row.placement is not None and not any(variant.changes for variant in variants):
        raise ExperimentRefused(_("No variant changes the placement, so there is nothing to compare."))


def _check_neighbours(row: Experiment) -> None:
    others = Experiment.objects.running().exclude(pk=row.pk)
    if row.placement_id and (other := others.filter(placement_id=row.placement_id).first()):
        raise ExperimentRefused(_("“%s” varies this placement already.") % other)
    if row.is_holdout and (other := others.filter(is_holdout=True).first()):
        raise ExperimentRefused(_("“%s” is the global holdout already.") % other)


def _free_slots(row: Experiment) -> int:
    """The first slot of a free range that is wide enough."""
    wanted = row.layer_percent * Layer.SLOTS // 100
    neighbours = Experiment.objects.running().filter(layer_id=row.layer_id, layer_start__isnull=False)
    start = 0
    for other in neighbours.order_by("layer_start"):
        if other.layer_start is not None and other.layer_start - start >= wanted:
            return start
        start = (other.layer_start or 0) + other.layer_percent * Layer.SLOTS // 100
    if Layer.SLOTS - start >= wanted:
        return start
    raise ExperimentRefused(_("The layer has no room left: end one of its experiments, or take a smaller share."))
