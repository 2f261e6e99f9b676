"""Where recommendations stand in the shop, and how each of these places chooses."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Strategy(models.TextChoices):
    FOR_YOU = "for_you", _("For you: ranked for this visitor")
    SIMILAR = "similar", _("Similar: alternatives to an item")
    FREQUENTLY_BOUGHT_TOGETHER = "frequently_bought_together", _("Frequently bought together with an item")
    RECENTLY_VIEWED = "recently_viewed", _("Recently viewed by this visitor")
    TRENDING = "trending", _("Trending: bought most in the last days")


class Placement(models.Model):
    """A named shelf. The defaults ship with a migration; editors change them and shops add their own."""

    LIMIT = 50
    """Items on the longest shelf."""

    slug = models.SlugField(_("name in templates"), primary_key=True)
    title = models.CharField(_("title"), max_length=100, help_text=_("Heading that shoppers see above the shelf."))
    strategy = models.CharField(_("strategy"), max_length=40, choices=Strategy.choices)
    limit = models.PositiveSmallIntegerField(_("items"), default=12, help_text=_("Items on a full shelf, 1 to 50."))
    min_items = models.PositiveSmallIntegerField(
        _("fewest items"), default=1, help_text=_("With fewer items the shelf hides instead of being padded.")
    )
    exclude_purchased = models.BooleanField(_("leave out what the visitor bought"), default=False)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("placement")
        verbose_name_plural = _("placements")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(condition=models.Q(limit__gte=1, limit__lte=50), name="recs_placement_limit"),
            models.CheckConstraint(
                condition=models.Q(min_items__gte=1, min_items__lte=models.F("limit")),
                name="recs_placement_min_items",
            ),
        ]

    def __str__(self) -> str:
        return self.slug
