"""Pseudonymous guests, and the customers they turned out to be."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Visitor(models.Model):
    """A visitor id that was merged into a customer at login. Guests who never sign in have no row.

    A visitor id belongs to one customer for ever: when somebody else signs in with the same browser, the browser gets
    a new visitor id.
    """

    visitor_id = models.CharField(_("visitor"), max_length=32, primary_key=True)
    customer_id = models.CharField(_("customer"), max_length=64, db_index=True)
    merged_at = models.DateTimeField(_("merged at"))

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")
        default_permissions = ("view", "delete")

    def __str__(self) -> str:
        return self.visitor_id
