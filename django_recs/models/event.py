"""What visitors did: one append-only table, and the events that could not be stored."""

import enum
from typing import Any, Self

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from django_recs.engine.events import EVENT_TYPES


class Purpose(enum.IntFlag):
    """What a visitor allowed their events to be used for. Stored with each event as a bit mask."""

    NONE = 0
    PERSONALISATION = 1
    """Recommendations for this visitor, and training on their events."""
    ANALYTICS = 2
    """Counts, experiments and monitoring."""
    MARKETING = 4
    """Segments, predictions and campaigns."""
    ALL = 7


class TimeIndex(models.Index):
    """For an append-only time column: BRIN on PostgreSQL (kilobytes for millions of rows), B-tree elsewhere."""

    def create_sql(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor, using: str = "", **kwargs: Any
    ) -> Statement:
        if schema_editor.connection.vendor == "postgresql":
            using = " USING brin"
        return super().create_sql(model, schema_editor, using=using, **kwargs)


class EventQuerySet(models.QuerySet["Event"]):
    def consented(self, purpose: Purpose) -> Self:
        """Events whose visitor allowed all of ``purpose``."""
        return self.annotate(_allowed=F("purposes").bitand(int(purpose))).filter(_allowed=int(purpose))

    def human(self) -> Self:
        return self.filter(is_bot=False)

    def of_person(self, *, customer_id: str, visitor_id: str) -> Self:
        """Events of one person: a customer with every visitor id merged into them, or a guest. Newest first."""
        mine = Q(pk__in=())
        if visitor_id:
            mine |= Q(visitor_id=visitor_id, customer_id="")
        if customer_id:
            from django_recs.models.visitor import Visitor

            merged = Visitor.objects.filter(customer_id=customer_id).values("visitor_id")
            mine |= Q(customer_id=customer_id) | Q(visitor_id__in=merged, customer_id="")
        return self.filter(mine).order_by("-occurred_at", "-pk")


class Event(models.Model):
    """One thing that one visitor did. Rows are never changed; what was merged or refunded is resolved when reading."""

    event_id = models.UUIDField(unique=True)
    """Chosen by the sender; a second event with the same id is ignored."""
    type = models.CharField(_("type"), max_length=20, choices=[(t.value, t.value) for t in EVENT_TYPES])
    item_id = models.CharField(_("item"), max_length=64, blank=True, default="")
    customer_id = models.CharField(_("customer"), max_length=64, blank=True, default="")
    """Primary key of the signed-in user as text; no foreign key, so that users may live in another database."""
    visitor_id = models.CharField(_("visitor"), max_length=32, blank=True, default="")
    occurred_at = models.DateTimeField(_("occurred at"))
    received_at = models.DateTimeField(_("received at"))
    purposes = models.PositiveSmallIntegerField(_("purposes consented to"), default=0)
    is_bot = models.BooleanField(_("bot"), default=False)
    source = models.CharField(_("source"), max_length=10, blank=True, default="")
    """``beacon``, ``rest``, ``server``, ``import`` or ``simulated``."""

    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    price = models.DecimalField(_("unit price"), max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, default="")
    order_id = models.CharField(_("order"), max_length=64, blank=True, default="")
    rating = models.FloatField(_("rating"), null=True, blank=True)

    list_id = models.UUIDField(_("list"), null=True, blank=True)
    """The recommended list that was shown, clicked or bought from; all three quote the same id."""
    placement = models.CharField(_("placement"), max_length=50, blank=True, default="")
    slot = models.PositiveSmallIntegerField(_("slot"), null=True, blank=True)
    """Place in the list, 0 first."""
    model_version_id = models.PositiveBigIntegerField(_("model version"), null=True, blank=True)
    rung = models.CharField(_("rung"), max_length=12, blank=True, default="")
    """Which rung of the fallback ladder made the list."""

    device = models.CharField(_("device"), max_length=8, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="")

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        default_permissions = ("view", "delete")
        indexes = [
            TimeIndex(fields=["occurred_at"], name="recs_event_time"),
            models.Index(fields=["customer_id", "occurred_at"], name="recs_event_customer"),
            models.Index(fields=["visitor_id", "occurred_at"], name="recs_event_visitor"),
            models.Index(fields=["order_id"], name="recs_event_order"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.item_id}".strip()


class RefusedEvent(models.Model):
    """An event that could not be stored, kept for inspection and deleted after two weeks."""

    received_at = models.DateTimeField(_("received at"), db_index=True)
    source = models.CharField(_("source"), max_length=10)
    code = models.CharField(_("reason"), max_length=40)
    detail = models.CharField(_("detail"), max_length=300)
    body = models.TextField(_("what was sent"), max_length=2_000)
    """The event as sent, cut at 2,000 characters, without characters that a database cannot hold."""

    class Meta:
        verbose_name = _("refused event")
        verbose_name_plural = _("refused events")
        default_permissions = ("view", "delete")

    def __str__(self) -> str:
        return self.code
