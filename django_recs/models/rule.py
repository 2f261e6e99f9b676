"""What a merchandiser wants on the shelves, whatever the model says."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Rule(models.Model):
    """An action on the products that meet all of its conditions, while it is in force.

    Conditions ask what the `Catalog` says of a product and nothing else. An empty condition asks nothing.
    """

    class Action(models.TextChoices):
        HIDE = "hide", _("Hide: never show them")
        FILTER = "filter", _("Show only them")
        BOOST = "boost", _("Boost: move them up")
        BURY = "bury", _("Bury: move them down")
        CAP = "cap", _("Cap: at most so many of them")
        QUOTA = "quota", _("Quota: at least this share of the shelf")
        PIN = "pin", _("Pin: put one at a position")

    name = models.CharField(_("name"), max_length=100)
    action = models.CharField(_("action"), max_length=10, choices=Action.choices)
    is_active = models.BooleanField(_("active"), default=True)
    placements = models.JSONField(_("placements"), default=list, blank=True)
    """Slugs; an empty list means every placement."""
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    item_ids = models.JSONField(_("products"), default=list, blank=True)
    """Item ids; with several lists filled in, a product must meet each of them."""
    categories = models.JSONField(_("categories"), default=list, blank=True)
    """Category labels of which a product must have one."""
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    """Name of an attribute -> values of which a product must have one."""
    price_from = models.DecimalField(_("price from"), max_digits=12, decimal_places=2, null=True, blank=True)
    price_to = models.DecimalField(_("price to"), max_digits=12, decimal_places=2, null=True, blank=True)
    words = models.CharField(_("words"), max_length=200, blank=True, default="")
    """All of these must occur in title or text."""

    factor = models.FloatField(_("factor"), null=True, blank=True)
    """Boost: above 1. Bury: above 0 and below 1."""
    most = models.PositiveSmallIntegerField(_("at most"), null=True, blank=True)
    """Cap: so many of each group."""
    cap_by = models.CharField(_("of each"), max_length=50, blank=True, default="")
    """Cap: ``category``, the name of an attribute, or "" for all of them together."""
    share_percent = models.PositiveSmallIntegerField(_("share of the shelf"), null=True, blank=True)
    """Quota."""
    position = models.PositiveSmallIntegerField(_("position"), null=True, blank=True)
    """Pin: 1 is the first place."""
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(action__in=["hide", "filter"])
                    | Q(action="boost", factor__isnull=False, factor__gt=1)
                    | Q(action="bury", factor__isnull=False, factor__gt=0, factor__lt=1)
                    | Q(action="cap", most__isnull=False)
                    | Q(action="quota", share_percent__isnull=False, share_percent__range=(1, 100))
                    | Q(action="pin", position__isnull=False, position__range=(1, 50))
                ),
                name="recs_rule_action",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="recs_rule_period",
            ),
            models.CheckConstraint(
                condition=Q(price_from__isnull=True) | Q(price_to__isnull=True) | Q(price_to__gte=F("price_from")),
                name="recs_rule_prices",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_in_force(self, now: datetime) -> bool:
        """Whether it is switched on and ``now`` lies in its period; the end is not part of it."""
        has_begun = self.starts_at is None or self.starts_at <= now
        return self.is_active and has_begun and (self.ends_at is None or now < self.ends_at)

    def is_for(self, placement: str) -> bool:
        return not self.placements or placement in self.placements

    @property
    def has_condition(self) -> bool:
        conditions = (self.item_ids, self.categories, self.attributes, self.words)
        return any(conditions) or self.price_from is not None or self.price_to is not None
