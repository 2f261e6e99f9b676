from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class DjangoRecsConfig(AppConfig):
    name = "django_recs"
    label = "django_recs"
    verbose_name = _("Recommendations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_recs import checks, receivers  # noqa: F401

        autodiscover_modules("recs")
