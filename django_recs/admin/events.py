"""The event browser with its data health, and the events that were refused."""

import datetime as dt
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_recs.admin.badges import badge
from django_recs.admin.event_filters import ConsentFilter, DayFilter, RefusalFilter, SourceFilter
from django_recs.admin.health_panel import health_panel
from django_recs.admin.read_only import ReadOnlyAdmin
from django_recs.admin.wording import plain_code
from django_recs.models import Event, Purpose, RefusedEvent

LISTED_EVENT_LIMIT = 10_000
"""Rows that one can page through. Counting further would read the whole table for a number that nobody needs."""


class NewestPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs only
    """Pages of the newest `LISTED_EVENT_LIMIT` rows; counts no further than that."""

    @cached_property
    def count(self) -> int:
        return self.object_list[:LISTED_EVENT_LIMIT].count()  # type: ignore[union-attr]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin[Event]):
    """What visitors did, newest first."""

    list_display = ("when", "type", "item_id", "person", "order_id", "source", "remarks")
    list_display_links = ("when",)
    list_filter = (DayFilter, "type", SourceFilter, "is_bot", ConsentFilter)
    search_fields = ("item_id__exact", "customer_id__exact", "visitor_id__exact", "order_id__exact")
    search_help_text = gettext_lazy("The whole id of an item, customer, visitor or order.")
    ordering = ("-pk",)
    sortable_by = ()
    show_full_result_count = False
    paginator = NewestPaginator
    list_per_page = 50
    list_max_show_all = 0
    fieldsets = (
        (
            gettext_lazy("What happened"),
            {"fields": ("type", "item_id", "occurred_at", "quantity", "price", "currency")},
        ),
        (gettext_lazy("Who"), {"fields": ("customer_id", "visitor_id", "consent", "is_bot", "device", "country")}),
        (gettext_lazy("Order and rating"), {"fields": ("order_id", "rating")}),
        (
            gettext_lazy("The recommendation it came from"),
            {"fields": ("placement", "slot_from_one", "rung", "model_version_id", "list_id")},
        ),
        (gettext_lazy("How it came in"), {"fields": ("source", "received_at", "event_id")}),
    )

    @admin.display(description=gettext_lazy("when"))
    def when(self, event: Event) -> dt.datetime:
        return event.occurred_at

    @admin.display(description=gettext_lazy("who"))
    def person(self, event: Event) -> str | SafeString:
        if event.customer_id:
            return event.customer_id
        if event.visitor_id:
            return format_html('{} <span class="recs-quiet">{}</span>', _("guest"), event.visitor_id[:8])
        return _("nobody known")

    @admin.display(description=gettext_lazy("remarks"))
    def remarks(self, event: Event) -> SafeString:
        bot = badge(_("bot"), tone="warn") if event.is_bot else ""
        trains = bool(event.purposes & Purpose.PERSONALISATION)
        return format_html("{} {}", bot, "" if trains else badge(_("not for training")))

    @admin.display(description=gettext_lazy("allowed"))
    def consent(self, event: Event) -> str:
        names = {
            Purpose.PERSONALISATION: _("personalisation"),
            Purpose.ANALYTICS: _("analytics"),
            Purpose.MARKETING: _("marketing"),
        }
        return ", ".join(name for purpose, name in names.items() if event.purposes & purpose) or _("nothing")

    @admin.display(description=gettext_lazy("place on the shelf"))
    def slot_from_one(self, event: Event) -> int | None:
        return None if event.slot is None else event.slot + 1

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        health = None if request.GET else health_panel()
        return super().changelist_view(
            request, {"health": health, "listed_limit": LISTED_EVENT_LIMIT, **(extra_context or {})}
        )


@admin.register(RefusedEvent)
class RefusedEventAdmin(ReadOnlyAdmin[RefusedEvent]):
    """Events that could not be stored, with what was sent."""

    list_display = ("received_at", "reason", "detail", "source", "sent")
    list_filter = (RefusalFilter,)
    ordering = ("-pk",)
    sortable_by = ()
    show_full_result_count = False
    paginator = NewestPaginator
    list_max_show_all = 0
    fields = ("received_at", "source", "reason", "detail", "whole_body")

    @admin.display(description=gettext_lazy("reason"))
    def reason(self, refused: RefusedEvent) -> SafeString:
        return badge(plain_code(refused.code), tone="bad")

    @admin.display(description=gettext_lazy("what was sent"))
    def sent(self, refused: RefusedEvent) -> SafeString:
        shown = refused.body if len(refused.body) <= 80 else f"{refused.body[:80]}…"
        return format_html("<code>{}</code>", shown)

    @admin.display(description=gettext_lazy("what was sent"))
    def whole_body(self, refused: RefusedEvent) -> SafeString:
        return format_html('<pre class="recs-body">{}</pre>', refused.body)
