"""Attempts to train, and the lease that keeps them one at a time."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_recs.exceptions import TrainingInProgress


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    def unfinished(self) -> Self:
        """Waiting or under way, the oldest first."""
        return self.filter(status__in=TrainingRun.UNFINISHED).order_by("pk")

    def queue(self, *, trigger: str, gap: timedelta = timedelta()) -> "TrainingRun":
        """A new run that waits. A worker has to be told after the transaction has committed, or finds it at its tick.

        Args:
            gap: how long ago the run before must have ended.

        Raises:
            TrainingInProgress: another run waits or is under way, or ended within ``gap``.
        """
        if waiting := self.unfinished().first():
            raise TrainingInProgress(f"Training {waiting} is waiting or under way.")
        if recent := self.filter(finished_at__gt=timezone.now() - gap).first():
            raise TrainingInProgress(f"Training {recent} has just ended.")
        return self.create(trigger=trigger[:60])


class TrainingRun(models.Model):
    """One attempt to make a better model version. The row is the truth; a Celery task only moves it on."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        EXPORTING = "exporting", _("Reading events")
        FITTING = "fitting", _("Fitting")
        EVALUATING = "evaluating", _("Evaluating")
        PUBLISHING = "publishing", _("Publishing")
        PROMOTED = "promoted", _("Promoted")
        REJECTED = "rejected", _("Rejected by the gate")
        SKIPPED = "skipped", _("Skipped: too little data")
        FAILED = "failed", _("Failed")

    UNFINISHED = (Status.QUEUED, Status.EXPORTING, Status.FITTING, Status.EVALUATING, Status.PUBLISHING)

    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.QUEUED)
    trigger = models.CharField(_("started by"), max_length=60, blank=True, default="")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    attempt_count = models.PositiveSmallIntegerField(_("attempts"), default=0)
    progress = models.FloatField(_("progress"), default=0.0)
    """0 to 1."""
    message = models.CharField(_("message"), max_length=500, blank=True, default="")
    """What the run is doing or why it ended, in one sentence."""
    event_count = models.PositiveBigIntegerField(_("events read"), null=True, blank=True)
    item_count = models.PositiveIntegerField(_("items"), null=True, blank=True)
    unit_count = models.PositiveIntegerField(_("customers and visitors"), null=True, blank=True)
    device = models.CharField(_("device"), max_length=60, blank=True, default="")
    """Where the network was trained, such as ``cpu`` or ``cuda: NVIDIA H100``."""
    configuration = models.JSONField(_("configuration"), default=dict)
    """``{"source": "study 3, trial 12", "values": {"voices.ease_penalty": 300.0}}``: what differs from the defaults."""

    test_read_count = models.PositiveSmallIntegerField(_("test period read"), default=0)
    """How often the events of the test period were read: once, and once more for each attempt cut off after it."""

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        ordering = ["-pk"]
        default_permissions = ("view", "add")

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.status not in self.UNFINISHED

    def begin_attempt(self) -> None:
        """Count one more attempt. From here on only the process that made it may change the row."""
        type(self).objects.filter(pk=self.pk).update(
            attempt_count=models.F("attempt_count") + 1,
            started_at=Now(),
            heartbeat_at=Now(),
            progress=0.0,
            message="",
        )
        self.refresh_from_db()

    def advance(self, **changes: object) -> bool:
        """Store changed fields and a sign of life; False when a later attempt has taken over and nothing was stored."""
        for name, value in changes.items():
            setattr(self, name, value)
        mine = type(self).objects.filter(pk=self.pk, attempt_count=self.attempt_count)
        return bool(mine.update(heartbeat_at=Now(), **changes))

    def finish(self, status: "TrainingRun.Status", message: str) -> bool:
        """End the run with a sentence; False when a later attempt has taken over and nothing was stored."""
        progress = 1.0 if status in {self.Status.PROMOTED, self.Status.REJECTED} else self.progress
        return self.advance(status=status, message=message[:500], progress=progress, finished_at=timezone.now())


class Lease(models.Model):
    """At most one holder at a time. A holder renews before ``expires_at``; afterwards another may take it."""

    name = models.CharField(max_length=30, primary_key=True)
    token = models.PositiveBigIntegerField(default=0)
    """Grows by one with each holder: a holder whose token is old must not write (fencing)."""
    holder = models.CharField(max_length=100, blank=True, default="")
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("lease")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
