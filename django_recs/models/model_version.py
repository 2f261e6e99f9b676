"""The registry: fitted artifacts, and the one pointer that says which of them is live."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ModelVersion(models.Model):
    """One published artifact. Its files never change."""

    class Status(models.TextChoices):
        STAGED = "staged", _("Staged")
        LIVE = "live", _("Live")
        RETIRED = "retired", _("Retired")
        REJECTED = "rejected", _("Rejected by the gate")

    run = models.OneToOneField(
        "django_recs.TrainingRun", verbose_name=_("training run"), on_delete=models.PROTECT, related_name="version"
    )
    artifact = models.CharField(_("artifact"), max_length=200, unique=True)
    """Folder of the artifact inside its storage."""
    manifest_sha256 = models.CharField(max_length=64)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.STAGED)
    metrics = models.JSONField(_("metrics"), default=dict)
    """The evaluation table, as in the manifest (`engine.evaluation`)."""
    dataset = models.JSONField(_("dataset"), default=dict)
    """What it learned from, as in the manifest, and how much was left out and why."""
    gate_reasons = models.JSONField(_("what the gate said"), default=list)
    """Sentences; empty when the version passed."""
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    promoted_at = models.DateTimeField(_("promoted at"), null=True, blank=True)
    replaced = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """The version that was live before this one, which is where a roll back goes."""

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering = ["-pk"]
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return f"v{self.pk}"


class Evaluation(models.Model):
    """A version judged once more, by what happened after all that it learned from. Rows are kept: how good a version
    stays is a row of them over time."""

    version = models.ForeignKey(
        ModelVersion, verbose_name=_("model version"), on_delete=models.CASCADE, related_name="evaluations"
    )
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))
    """The events of ``[start, end)`` were asked about."""
    table = models.JSONField(_("table"), default=dict)
    """As `ModelVersion.metrics` (`engine.evaluation`)."""
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering = ["-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.version} from {self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}"


class ModelPointer(models.Model):
    """The row that says which version is live. One update of it promotes or rolls back."""

    name = models.CharField(max_length=20, primary_key=True, default="live")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("model pointer")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} -> v{self.version_id}"
