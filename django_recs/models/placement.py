"""Where recommendations stand in the shop, and how each of these places chooses."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Strategy(models.TextChoices):
    FOR_YOU = "for_you", _("For you: ranked for this visitor")
    SIMILAR = "similar", _("Similar: alternatives to an item")
    FREQUENTLY_BOUGHT_TOGETHER = "frequently_bought_together", _("Frequently bought together with an item")
    RECENTLY_VIEWED = "recently_viewed", _("Recently viewed by this visitor")
    TRENDING = "trending", _("Trending: bought most in the last days")
    ALSO_VIEWED = "also_viewed", _("Also viewed: looked at by those who looked at an item")
    CART_COMPLEMENTS = "cart_complements", _("Cart complements: what goes with the whole basket")
    POST_PURCHASE = "post_purchase", _("After a purchase: what others bought next")
    UPSELL = "upsell", _("A step up: better ones of an item's kind")
    BUY_IT_AGAIN = "buy_it_again", _("Buy it again: what this visitor is about to need again")
    CONTINUE_SHOPPING = "continue_shopping", _("Continue shopping: what this visitor left unfinished")
    BACK_IN_STOCK_FOR_YOU = "back_in_stock_for_you", _("Back in stock: what this visitor wanted and is here again")
    BESTSELLERS = "bestsellers", _("Bestsellers: bought by most persons in the last months")
    TRENDING_IN_COUNTRY = "trending_in_country", _("Trending in the visitor's country")
    DAYPART_MIX = "daypart_mix", _("Of the hour: what is wanted at this time of day and week")
    NEW_ARRIVALS_FOR_YOU = "new_arrivals_for_you", _("New arrivals that fit this visitor")
    ON_SALE_FOR_YOU = "on_sale_for_you", _("Reduced products that fit this visitor")
    BECAUSE_YOU = "because_you", _("Because you: like one product that this visitor chose")
    DISCOVER_WEEKLY = "discover_weekly", _("Discover weekly: unknown to this visitor, drawn anew each Monday")
    TOP_CATEGORIES = "top_categories", _("From this visitor's favourite categories")
    NO_RESULTS = "no_results", _("For a search that found nothing: a wide choice")


class Placement(models.Model):
    """A named shelf. The defaults ship with a migration; editors change them and shops add their own."""

    LIMIT = 50
    """Items on the longest shelf."""

    slug = models.SlugField(_("name in templates"), primary_key=True)
    title = models.CharField(
        _("title"),
        max_length=100,
        help_text=_("Heading that shoppers see. {name} stands for what the list rests on, such as a product."),
    )
    strategy = models.CharField(_("strategy"), max_length=40, choices=Strategy.choices)
    limit = models.PositiveSmallIntegerField(_("items"), default=12, help_text=_("Items on a full shelf, 1 to 50."))
    min_items = models.PositiveSmallIntegerField(
        _("fewest items"), default=1, help_text=_("With fewer items the shelf hides instead of being padded.")
    )
    exclude_purchased = models.BooleanField(_("leave out what the visitor bought"), default=False)
    price_ceiling_percent = models.PositiveSmallIntegerField(
        _("highest price"),
        null=True,
        blank=True,
        help_text=_("In percent of the dearest product that the list is about. Empty: no ceiling."),
    )
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
