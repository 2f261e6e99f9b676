"""Further shelves with defaults of their own, and rules for merchandisers."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

DEFAULTS: tuple[dict[str, Any], ...] = (
    {"slug": "also_viewed", "title": "Customers also looked at", "min_items": 2},
    {"slug": "cart_complements", "title": "Goes well with your cart", "limit": 6, "price_ceiling_percent": 100},
    {"slug": "post_purchase", "title": "Goes with what you bought", "limit": 6},
    {"slug": "upsell", "title": "A step up", "limit": 4},
    {"slug": "buy_it_again", "title": "Buy it again"},
    {"slug": "continue_shopping", "title": "Pick up where you left off"},
    {"slug": "back_in_stock_for_you", "title": "Back in stock for you"},
    {"slug": "bestsellers", "title": "Bestsellers", "min_items": 3},
    {"slug": "trending_in_country", "title": "Popular in your country", "min_items": 3},
    {"slug": "daypart_mix", "title": "For your {name}", "min_items": 4},
    {"slug": "new_arrivals_for_you", "title": "New for you", "min_items": 2},
    {"slug": "on_sale_for_you", "title": "Reduced for you", "min_items": 2},
    {"slug": "because_you", "title": "Inspired by {name}", "min_items": 3},
    {"slug": "discover_weekly", "title": "Your discoveries of the week", "min_items": 4},
    {"slug": "top_categories", "title": "From your favourite corners", "min_items": 3},
    {"slug": "no_results", "title": "You may like these instead"},
)


def add_placements(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    placements = apps.get_model("django_recs", "Placement").objects.using(schema_editor.connection.alias)
    for values in DEFAULTS:
        placements.get_or_create(slug=values["slug"], defaults=values | {"strategy": values["slug"]})


class Migration(migrations.Migration):
    dependencies = [
        ("django_recs", "0004_evaluations"),
    ]

    operations = [
        migrations.AddField(
            model_name="placement",
            name="price_ceiling_percent",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="In percent of the dearest product that the list is about. Empty: no ceiling.",
                null=True,
                verbose_name="highest price",
            ),
        ),
        migrations.AlterField(
            model_name="placement",
            name="strategy",
            field=models.CharField(
                choices=[
                    ("for_you", "For you: ranked for this visitor"),
                    ("similar", "Similar: alternatives to an item"),
                    ("frequently_bought_together", "Frequently bought together with an item"),
                    ("recently_viewed", "Recently viewed by this visitor"),
                    ("trending", "Trending: bought most in the last days"),
                    ("also_viewed", "Also viewed: looked at by those who looked at an item"),
                    ("cart_complements", "Cart complements: what goes with the whole basket"),
                    ("post_purchase", "After a purchase: what others bought next"),
                    ("upsell", "A step up: better ones of an item's kind"),
                    ("buy_it_again", "Buy it again: what this visitor is about to need again"),
                    ("continue_shopping", "Continue shopping: what this visitor left unfinished"),
                    ("back_in_stock_for_you", "Back in stock: what this visitor wanted and is here again"),
                    ("bestsellers", "Bestsellers: bought by most persons in the last months"),
                    ("trending_in_country", "Trending in the visitor's country"),
                    ("daypart_mix", "Of the hour: what is wanted at this time of day and week"),
                    ("new_arrivals_for_you", "New arrivals that fit this visitor"),
                    ("on_sale_for_you", "Reduced products that fit this visitor"),
                    ("because_you", "Because you: like one product that this visitor chose"),
                    ("discover_weekly", "Discover weekly: unknown to this visitor, drawn anew each Monday"),
                    ("top_categories", "From this visitor's favourite categories"),
                    ("no_results", "For a search that found nothing: a wide choice"),
                ],
                max_length=40,
                verbose_name="strategy",
            ),
        ),
        migrations.AlterField(
            model_name="placement",
            name="title",
            field=models.CharField(
                help_text="Heading that shoppers see. {name} stands for what the list rests on, such as a product.",
                max_length=100,
                verbose_name="title",
            ),
        ),
        migrations.CreateModel(
            name="Rule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("hide", "Hide: never show them"),
                            ("filter", "Show only them"),
                            ("boost", "Boost: move them up"),
                            ("bury", "Bury: move them down"),
                            ("cap", "Cap: at most so many of them"),
                            ("quota", "Quota: at least this share of the shelf"),
                            ("pin", "Pin: put one at a position"),
                        ],
                        max_length=10,
                        verbose_name="action",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("placements", models.JSONField(blank=True, default=list, verbose_name="placements")),
                ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="from")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                ("item_ids", models.JSONField(blank=True, default=list, verbose_name="products")),
                ("categories", models.JSONField(blank=True, default=list, verbose_name="categories")),
                ("attributes", models.JSONField(blank=True, default=dict, verbose_name="attributes")),
                (
                    "price_from",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=12, null=True, verbose_name="price from"
                    ),
                ),
                (
                    "price_to",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=12, null=True, verbose_name="price to"
                    ),
                ),
                ("words", models.CharField(blank=True, default="", max_length=200, verbose_name="words")),
                ("factor", models.FloatField(blank=True, null=True, verbose_name="factor")),
                ("most", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="at most")),
                ("cap_by", models.CharField(blank=True, default="", max_length=50, verbose_name="of each")),
                (
                    "share_percent",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="share of the shelf"),
                ),
                ("position", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="position")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "rule",
                "verbose_name_plural": "rules",
                "ordering": ["name", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("action__in", ["hide", "filter"]),
                            models.Q(("action", "boost"), ("factor__gt", 1), ("factor__isnull", False)),
                            models.Q(
                                ("action", "bury"), ("factor__gt", 0), ("factor__isnull", False), ("factor__lt", 1)
                            ),
                            models.Q(("action", "cap"), ("most__isnull", False)),
                            models.Q(
                                ("action", "quota"),
                                ("share_percent__isnull", False),
                                ("share_percent__range", (1, 100)),
                            ),
                            models.Q(("action", "pin"), ("position__isnull", False), ("position__range", (1, 50))),
                            _connector="OR",
                        ),
                        name="recs_rule_action",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("starts_at__isnull", True),
                            ("ends_at__isnull", True),
                            ("ends_at__gt", models.F("starts_at")),
                            _connector="OR",
                        ),
                        name="recs_rule_period",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("price_from__isnull", True),
                            ("price_to__isnull", True),
                            ("price_to__gte", models.F("price_from")),
                            _connector="OR",
                        ),
                        name="recs_rule_prices",
                    ),
                ],
            },
        ),
        migrations.RunPython(add_placements, migrations.RunPython.noop, elidable=False),
    ]
