"""Experiments: what is compared, who saw what first, and what was read each day."""

import secrets
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_recs.models.placement import Placement


def new_salt() -> str:
    """Random text that makes one experiment's buckets independent of every other's."""
    return secrets.token_hex(16)


class Layer(models.Model):
    """Experiments of one layer never share a unit: each owns a range of its 10,000 slots."""

    SLOTS = 10_000

    slug = models.SlugField(_("name"), primary_key=True)
    salt = models.CharField(max_length=32, default=new_salt, editable=False)

    class Meta:
        verbose_name = _("experiment layer")
        verbose_name_plural = _("experiment layers")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def running(self) -> Self:
        return self.filter(status=Experiment.Status.RUNNING)

    def served(self) -> Self:
        """Those that pages have to know: running, or decided in favour of a variant."""
        return self.filter(Q(status=Experiment.Status.RUNNING) | Q(shipped__isnull=False))

    def to_read(self, pk: int | None = None) -> Self:
        """Running or ended ones, whose readings may have to be brought up to date; only ``pk`` where it is given."""
        rows = self.filter(status__in=(Experiment.Status.RUNNING, Experiment.Status.ENDED)).order_by("pk")
        return rows if pk is None else rows.filter(pk=pk)


class Experiment(models.Model):
    """One question put to the shop's visitors. Everything that decides who sees what is fixed when it starts."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        RUNNING = "running", _("Running")
        ENDED = "ended", _("Ended, not decided")
        DECIDED = "decided", _("Decided")

    class Audience(models.TextChoices):
        EVERYBODY = "everybody", _("Everybody")
        CUSTOMERS = "customers", _("Signed-in customers")
        GUESTS = "guests", _("Guests")

    class Ending(models.TextChoices):
        PLANNED = "planned", _("At a planned end: finds more, and may still be stopped early")
        OPEN = "open", _("Open: runs as long as you like, with wider intervals")

    class Outcome(models.TextChoices):
        SHIP = "ship", _("Ship the variant")
        STOP = "stop", _("Keep the control: the variant is worse")
        KEEP = "keep", _("Keep the control: no difference worth having")

    slug = models.SlugField(_("name in templates"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    hypothesis = models.TextField(_("what we believe, and why"), max_length=1_000, blank=True, default="")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    is_holdout = models.BooleanField(_("global holdout"), default=False)
    """The control of this experiment sees no other experiment's variants."""
    layer = models.ForeignKey(Layer, verbose_name=_("layer"), on_delete=models.PROTECT, null=True, blank=True)
    layer_percent = models.PositiveSmallIntegerField(_("share of the layer"), default=100)
    layer_start = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    """First slot of the layer that is its own; set when it starts."""
    placement = models.ForeignKey(
        Placement, verbose_name=_("placement"), on_delete=models.PROTECT, null=True, blank=True
    )
    """The shelf that the variants change; None when the shop's own templates ask for the variant."""
    audience = models.CharField(_("audience"), max_length=10, choices=Audience.choices, default=Audience.EVERYBODY)
    coverage_percent = models.PositiveSmallIntegerField(_("share of the audience"), default=100)
    primary_metric = models.CharField(_("primary metric"), max_length=30)
    lift_percent = models.FloatField(_("smallest lift worth finding"), default=5.0)
    guardrail_percent = models.FloatField(_("largest harm to a guardrail"), default=2.0)
    ending = models.CharField(_("end"), max_length=8, choices=Ending.choices, default=Ending.PLANNED)
    planned_days = models.PositiveSmallIntegerField(_("planned days"), null=True, blank=True)
    planned_units = models.PositiveIntegerField(_("planned units"), null=True, blank=True)
    """Of all variants together; what the bounds or the confidence sequence are made for. Fixed when it starts."""
    window_days = models.PositiveSmallIntegerField(_("days that count after the first exposure"), default=14)
    cap = models.FloatField(_("cap on a unit's revenue"), null=True, blank=True)
    plan = models.JSONField(_("plan"), default=dict, blank=True)
    """What the planner found in the shop's past; see `experiments.planner`."""
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    outcome = models.CharField(_("decision"), max_length=4, choices=Outcome.choices, blank=True, default="")
    shipped = models.ForeignKey(
        "django_recs.Variant",
        verbose_name=_("shipped"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.CharField(_("decided by"), max_length=150, blank=True, default="")
    reason = models.TextField(_("why"), max_length=1_000, blank=True, default="")

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(coverage_percent__gte=1, coverage_percent__lte=100), name="recs_experiment_coverage"
            ),
            models.CheckConstraint(
                condition=Q(layer_percent__gte=1, layer_percent__lte=100), name="recs_experiment_layer_percent"
            ),
            models.CheckConstraint(condition=Q(window_days__gte=1, window_days__lte=60), name="recs_experiment_window"),
        ]

    def __str__(self) -> str:
        return self.name or self.slug


class Variant(models.Model):
    """One way to do it. The one at position 0 is the control."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="variants")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    slug = models.SlugField(_("name in templates"))
    name = models.CharField(_("name"), max_length=100)
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    """Its share of the units is its weight over the sum of all; fixed when the experiment starts."""
    changes = models.JSONField(_("changes to the placement"), default=dict, blank=True)

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering = ["experiment", "position"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["experiment", "slug"], name="recs_variant_slug"),
            models.UniqueConstraint(fields=["experiment", "position"], name="recs_variant_position"),
            models.CheckConstraint(condition=Q(weight__gte=1), name="recs_variant_weight"),
        ]

    def __str__(self) -> str:
        return self.name or self.slug

    @property
    def is_control(self) -> bool:
        return self.position == 0


class Exposure(models.Model):
    """The first time that a unit was shown what an experiment varies. Later ones change nothing.

    A guest who turns out to be a customer keeps their row; which rows are one person is resolved when reading, through
    `Visitor`, as for events.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="exposures")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="exposures")
    unit = models.CharField(max_length=65)
    """``c`` and the customer's id, or ``v`` and the visitor's."""
    customer_id = models.CharField(max_length=64, blank=True, default="")
    visitor_id = models.CharField(max_length=32, blank=True, default="")
    """Of a guest; "" where a customer is known."""
    exposed_at = models.DateTimeField(_("exposed at"))
    counts_until = models.DateTimeField(_("counts until"))
    """Events of the unit up to here are its result."""
    propensity = models.FloatField()
    """Probability with which a unit of the audience got this variant."""
    device = models.CharField(max_length=8, blank=True, default="")
    model_version_id = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("exposure")
        verbose_name_plural = _("exposures")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["experiment", "unit"], name="recs_exposure_unit")]
        indexes = [
            models.Index(fields=["unit"], name="recs_exposure_unit_lookup"),
            models.Index(fields=["experiment", "exposed_at"], name="recs_exposure_time"),
        ]

    def __str__(self) -> str:
        return f"{self.unit} in {self.experiment_id}"


class ExperimentDay(models.Model):
    """What an experiment looked like at the end of one day. A final day is never read again."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="days")
    day = models.DateField(_("day"))
    is_final = models.BooleanField(default=False)
    """Whether the day was over when it was read. Only final days count as looks."""
    read_at = models.DateTimeField()
    units = models.JSONField(default=dict)
    """Units so far, by variant."""
    crossover_count = models.PositiveIntegerField(default=0)
    """Persons who saw two variants, as a guest and as a customer. They are left out of the results."""
    sequential_p = models.FloatField(default=1.0)
    chi_square_p = models.FloatField(default=1.0)

    class Meta:
        default_permissions = ()
        ordering = ["experiment", "day"]
        constraints = [models.UniqueConstraint(fields=["experiment", "day"], name="recs_experiment_day")]

    def __str__(self) -> str:
        return f"{self.experiment_id} on {self.day}"


class Reading(models.Model):
    """One metric of one variant at the end of one day: its sums, and what they say against the control's."""

    day = models.ForeignKey(ExperimentDay, on_delete=models.CASCADE, related_name="readings")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    metric = models.CharField(max_length=30)
    count = models.PositiveIntegerField()
    sums = models.JSONField()
    products = models.JSONField()
    """Sufficient statistics, as in `stats.moments.Moments`."""
    value = models.FloatField()
    """The metric, without adjustment."""
    multiplier = models.FloatField(null=True, blank=True)
    """Standard errors to both sides; None while nothing may be said and, like all below, for the control."""
    difference = models.FloatField(null=True, blank=True)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    lift = models.FloatField(null=True, blank=True)
    lift_low = models.FloatField(null=True, blank=True)
    lift_high = models.FloatField(null=True, blank=True)
    z = models.FloatField(null=True, blank=True)
    chance_to_win = models.FloatField(null=True, blank=True)
    loss_of_shipping = models.FloatField(null=True, blank=True)
    """Expected loss as a share of the control's value."""
    loss_of_keeping = models.FloatField(null=True, blank=True)
    variance_saved = models.FloatField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["day", "variant", "metric"], name="recs_reading")]

    def __str__(self) -> str:
        return f"{self.metric} of {self.variant_id}"
