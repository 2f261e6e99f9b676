"""The five placements that the built-in strategies need, so that the first shelf is one template tag away."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

DEFAULTS = (
    {"slug": "for_you", "title": "Recommended for you", "strategy": "for_you"},
    {"slug": "similar", "title": "You might also like", "strategy": "similar"},
    {
        "slug": "frequently_bought_together",
        "title": "Frequently bought together",
        "strategy": "frequently_bought_together",
        "limit": 4,
    },
    {"slug": "recently_viewed", "title": "Recently viewed", "strategy": "recently_viewed"},
    {"slug": "trending", "title": "Popular right now", "strategy": "trending"},
)


def add_placements(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    placements = apps.get_model("django_recs", "Placement").objects.using(schema_editor.connection.alias)
    for values in DEFAULTS:
        placements.get_or_create(slug=values["slug"], defaults=values)


class Migration(migrations.Migration):
    dependencies = [("django_recs", "0001_initial")]

    operations = [migrations.RunPython(add_placements, migrations.RunPython.noop, elidable=False)]
