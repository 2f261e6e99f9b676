"""Tuning: studies that search for better hyper-parameters, what each trial found, and the configuration in use."""

from datetime import timedelta
from typing import Self

from django.db import models, router, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class TuningStudyQuerySet(models.QuerySet["TuningStudy"]):
    def unfinished(self) -> Self:
        """Waiting or under way, the oldest first."""
        return self.filter(status__in=TuningStudy.UNFINISHED).order_by("pk")


class TuningStudy(models.Model):
    """One search, which any number of workers share. All of them judge by the same events."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Searching")
        FINISHED = "finished", _("Finished")
        STOPPED = "stopped", _("Stopped")
        SKIPPED = "skipped", _("Skipped: too little data")
        FAILED = "failed", _("Failed")

    class Sampler(models.TextChoices):
        BAYESIAN = "bayesian", _("Bayesian")
        RANDOM = "random", _("Random")
        GRID = "grid", _("Grid")

    class Pruner(models.TextChoices):
        MEDIAN = "median", _("Median")
        HYPERBAND = "hyperband", _("Hyperband")
        NONE = "none", _("None")

    UNFINISHED = (Status.QUEUED, Status.RUNNING)

    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED)
    message = models.CharField(_("message"), max_length=500, blank=True, default="")
    """How it ended, in a sentence or two."""
    trigger = models.CharField(_("started by"), max_length=60, blank=True, default="")
    sampler = models.CharField(_("search"), max_length=10, choices=Sampler.choices, default=Sampler.BAYESIAN)
    pruner = models.CharField(_("pruning"), max_length=10, choices=Pruner.choices, default=Pruner.MEDIAN)
    parameters = models.JSONField(_("parameters"), default=list)
    """Names of what is searched (`engine.parameters`)."""
    base_values = models.JSONField(default=dict)
    """Values in use when the study began, of parameters that it does not search; every trial has them too."""
    budget_minutes = models.FloatField(_("budget in minutes"), default=30.0)
    trial_limit = models.PositiveIntegerField(_("trials at most"), default=100)
    trial_count = models.PositiveIntegerField(_("trials"), default=0)
    """Trials that were begun and count; those that were cut off are given back."""
    worker_count = models.PositiveIntegerField(_("workers"), default=0)
    """How many workers ever joined; the last one's number."""
    entry_count = models.PositiveIntegerField(default=0)
    """Length of the journal. Adding to it is the lock behind which entries get their numbers."""
    is_planned = models.BooleanField(default=False)
    """Whether the first configurations are queued in the journal."""
    last_event_pk = models.PositiveBigIntegerField(null=True, blank=True)
    """The newest event when the study was made: later ones are not read, so that all workers judge by the same."""
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    """Of the events that the first worker read (`pipeline.export`)."""
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    deadline_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    objects = TuningStudyQuerySet.as_manager()

    class Meta:
        verbose_name = _("tuning study")
        verbose_name_plural = _("tuning studies")
        ordering = ["-pk"]
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return f"study {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.status not in self.UNFINISHED

    @property
    def is_open(self) -> bool:
        """Whether its budget, by the database's clock, allows to go on. One query."""
        return self._open().exists()

    def join(self) -> int:
        """Count one more worker and return its number, from 1. The first one starts the clock."""
        mine = type(self).objects.filter(pk=self.pk)
        budget = models.ExpressionWrapper(
            Now() + timedelta(minutes=self.budget_minutes), output_field=models.DateTimeField()
        )
        with transaction.atomic(using=router.db_for_write(type(self))):
            mine.update(worker_count=F("worker_count") + 1)  # keeps others out until the number is read
            mine.filter(status=self.Status.QUEUED).update(
                status=self.Status.RUNNING,
                started_at=models.functions.Coalesce("started_at", Now()),
                deadline_at=budget,
            )
            self.refresh_from_db()
        return self.worker_count

    def reserve_trial(self) -> bool:
        """Whether one more trial may begin, which is counted at once: workers together never begin too many."""
        return bool(self._open().filter(trial_count__lt=F("trial_limit")).update(trial_count=F("trial_count") + 1))

    def give_trial_back(self) -> None:
        """A trial that was cut off does not count."""
        type(self).objects.filter(pk=self.pk).update(trial_count=F("trial_count") - 1)

    def finish(self, status: "TuningStudy.Status", message: str) -> bool:
        """End the search with a sentence; False when it had ended already and nothing was stored."""
        running = type(self).objects.filter(pk=self.pk, status__in=self.UNFINISHED)
        changed = running.update(status=status, message=message[:500], finished_at=Now())
        self.refresh_from_db()
        return bool(changed)

    def reopen(self, *, minutes: float, trial_count: int) -> None:
        """Let the search go on for ``minutes`` from the next worker's start and ``trial_count`` more trials."""
        type(self).objects.filter(pk=self.pk).update(
            status=self.Status.QUEUED,
            message="",
            finished_at=None,
            budget_minutes=minutes,
            trial_limit=F("trial_count") + trial_count,
        )
        self.refresh_from_db()

    def _open(self) -> models.QuerySet["TuningStudy"]:
        return type(self).objects.filter(pk=self.pk, status=self.Status.RUNNING, deadline_at__gt=Now())


class TuningTrial(models.Model):
    """One configuration that was tried, for people to look at. What the sampler learns from is in the journal."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        COMPLETE = "complete", _("Complete")
        PRUNED = "pruned", _("Given up early")
        FAILED = "failed", _("Failed")
        CUT_OFF = "cut_off", _("Cut off")

    study = models.ForeignKey(TuningStudy, verbose_name=_("study"), on_delete=models.CASCADE, related_name="trials")
    number = models.PositiveIntegerField(_("trial"))
    worker = models.PositiveIntegerField(_("worker"))
    """Number of the worker within the study."""
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RUNNING)
    message = models.CharField(_("message"), max_length=500, blank=True, default="")
    is_baseline = models.BooleanField(default=False)
    """Whether it is the configuration that was in use when the study began."""
    values = models.JSONField(_("values"), default=dict)
    """What was tried, by name of the parameter; parameters that are not searched are left out."""
    score = models.FloatField(_("score"), null=True, blank=True)
    """NDCG@10 in the validation period, the mean over the main slices; higher is better."""
    slice_scores = models.JSONField(_("scores per slice"), default=dict)
    query_scores = models.JSONField(default=dict)
    """NDCG@10 of each question, one list per slice, by which two trials are compared question by question."""
    epoch_scores = models.JSONField(_("scores per epoch"), default=list)
    """How the network alone did after each epoch, by which hopeless trials are given up."""
    gain = models.FloatField(_("gain"), null=True, blank=True)
    """Score minus that of the baseline."""
    gain_error = models.FloatField(null=True, blank=True)
    """Standard error of the gain."""
    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("tuning trial")
        verbose_name_plural = _("tuning trials")
        ordering = ["study", "number"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="recs_trial_of_study")]

    def __str__(self) -> str:
        return f"study {self.study_id}, trial {self.number}"


class TuningEntry(models.Model):
    """One entry of a study's journal, in which Optuna keeps what its workers share."""

    study = models.ForeignKey(TuningStudy, on_delete=models.CASCADE, related_name="entries")
    number = models.PositiveIntegerField()
    """0, 1, 2, ... without gaps within the study."""
    content = models.JSONField()

    class Meta:
        verbose_name = _("tuning journal entry")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="recs_entry_of_study")]

    def __str__(self) -> str:
        return f"study {self.study_id}, entry {self.number}"


class TunedConfiguration(models.Model):
    """The row that says with which values the next training starts. Without it, with the defaults."""

    name = models.CharField(max_length=20, primary_key=True, default="current")
    values = models.JSONField(_("values"), default=dict)
    """By name of the parameter (`engine.parameters`)."""
    source = models.CharField(_("from"), max_length=60)
    """Such as ``study 3, trial 12``; kept when the study is gone."""
    trial = models.ForeignKey(TuningTrial, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    chosen_by = models.CharField(_("chosen by"), max_length=60, blank=True, default="")
    chosen_at = models.DateTimeField(_("chosen at"), auto_now=True)

    class Meta:
        verbose_name = _("tuned configuration")
        default_permissions = ()

    def __str__(self) -> str:
        return self.source

    @classmethod
    def current(cls) -> "TunedConfiguration | None":
        return cls.objects.filter(name="current").select_related("trial").first()

    @classmethod
    def use(cls, trial: TuningTrial, *, chosen_by: str) -> "TunedConfiguration":
        """The next training starts with what ``trial`` tried."""
        values = {**trial.study.base_values, **trial.values}
        chosen = {"values": values, "source": str(trial), "trial": trial, "chosen_by": chosen_by[:60]}
        return cls.objects.update_or_create(name="current", defaults=chosen)[0]

    @classmethod
    def forget(cls) -> bool:
        """The next training starts with the defaults again; False when it did so anyway."""
        return bool(cls.objects.filter(name="current").delete()[0])
