"""Attempts to train, and the lease that keeps them one at a time."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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

    class Meta:
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        ordering = ["-pk"]
        default_permissions = ("view", "add")

    def __str__(self) -> str:
        return f"run {self.pk}"


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
