"""The event browser with its data health, and the events that were refused."""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_recs.admin.badges import badge
from django_recs.admin.catalogue import titles_of
from django_recs.admin.event_filters import ConsentFilter, DayFilter, RefusalFilter, SourceFilter, TypeFilter
from django_recs.admin.health_panel import health_panel
from django_recs.admin.read_only import ReadOnlyAdmin
from django_recs.admin.wording import plain_code, plain_source, plain_time, plain_type, short_id
from django_recs.models import Event, Purpose, RefusedEvent

LISTED_EVENT_LIMIT = 10_000
"""Rows that one can page through. Counting further would read the whole table for a number that nobody needs."""


class NewestPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs only
    """Pages of the newest `LISTED_EVENT_LIMIT` rows; counts no further than that."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Event]", self.object_list)
        return rows[:LISTED_EVENT_LIMIT].count()


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin[Event]):
    """What visitors did, the latest arrival first."""

    list_display = ("when", "what", "item", "person", "order", "remarks")
    list_display_links = ("when",)
    list_filter = (DayFilter, TypeFilter, SourceFilter, "is_bot", ConsentFilter)
    search_fields = ("item_id__exact", "customer_id__exact", "visitor_id__exact", "order_id__exact")
    search_help_text = gettext_lazy("The whole id of an item, a customer, a visitor or an order.")
    ordering = ("-pk",)
    sortable_by = ()
    paginator = NewestPaginator
    list_per_page = 50
    fieldsets = (
        (
            gettext_lazy("What happened"),
            {"fields": ("exactly_what", "whole_item", "occurred_at", "quantity", "price", "currency")},
        ),
        (gettext_lazy("Who"), {"fields": ("customer_id", "visitor_id", "consent", "bot", "device", "country")}),
        (gettext_lazy("Order and rating"), {"fields": ("order_id", "rating")}),
        (
            gettext_lazy("The recommendation it came from"),
            {"fields": ("placement", "slot_from_one", "rung", "model_version_id", "list_id")},
        ),
        (gettext_lazy("How it came in"), {"fields": ("came_from", "received_at", "event_id")}),
    )

    @admin.display(description=gettext_lazy("when"))
    def when(self, event: Event) -> SafeString:
        return plain_time(event.occurred_at)

    @admin.display(description=gettext_lazy("what they did"))
    def what(self, event: Event) -> str:
        return plain_type(event.type)

    @admin.display(description=gettext_lazy("item"))
    def item(self, event: Event) -> SafeString:
        """The item's name, as `changelist_view` and `get_object` looked it up, and a link to all events of the item."""
        title = getattr(event, "item_title", "")
        if title:
            return format_html("{} {}", title, _link_to(event.item_id))
        return _link_to(event.item_id)

    @admin.display(description=gettext_lazy("what they did"))
    def exactly_what(self, event: Event) -> SafeString:
        return format_html("{} <code>{}</code>", plain_type(event.type), event.type)

    @admin.display(description=gettext_lazy("item"))
    def whole_item(self, event: Event) -> SafeString | str:
        if not event.item_id:
            return ""
        return format_html("{} <code>{}</code>", getattr(event, "item_title", ""), event.item_id)

    @admin.display(description=gettext_lazy("who"))
    def person(self, event: Event) -> SafeString:
        if event.customer_id:
            return _link_to(event.customer_id)
        if event.visitor_id:
            return format_html("{} {}", _("guest"), _link_to(event.visitor_id))
        return format_html('<span class="recs-quiet">{}</span>', _("nobody known"))

    @admin.display(description=gettext_lazy("order"))
    def order(self, event: Event) -> SafeString:
        return _link_to(event.order_id)

    @admin.display(description=gettext_lazy("remarks"))
    def remarks(self, event: Event) -> SafeString:
        bot = badge(_("bot"), tone="warn") if event.is_bot else ""
        learns = event.purposes & Purpose.PERSONALISATION
        source = format_html('<span class="recs-quiet">{}</span>', plain_source(event.source))
        return format_html("{} {} {}", source, bot, "" if learns else badge(_("no consent")))

    @admin.display(description=gettext_lazy("allowed"))
    def consent(self, event: Event) -> str:
        names = {
            Purpose.PERSONALISATION: _("personalisation"),
            Purpose.ANALYTICS: _("analytics"),
            Purpose.MARKETING: _("marketing"),
        }
        return ", ".join(name for purpose, name in names.items() if event.purposes & purpose) or _("nothing")

    @admin.display(description=gettext_lazy("bot"))
    def bot(self, event: Event) -> str:
        return _("yes, left out of training") if event.is_bot else _("no")

    @admin.display(description=gettext_lazy("place on the shelf"))
    def slot_from_one(self, event: Event) -> int | None:
        return None if event.slot is None else event.slot + 1

    @admin.display(description=gettext_lazy("source"))
    def came_from(self, event: Event) -> str:
        return plain_source(event.source)

    def get_fieldsets(self, request: HttpRequest, obj: Event | None = None) -> list[Any]:
        """Only the parts, and in them the fields, that say something of this event."""
        parts = [
            (
                heading,
                {"fields": [str(name) for name in options["fields"] if obj is None or self._says(obj, str(name))]},
            )
            for heading, options in self.fieldsets
        ]
        return [(heading, options) for heading, options in parts if options["fields"]]

    def _says(self, event: Event, name: str) -> bool:
        value = getattr(self, name)(event) if hasattr(self, name) else getattr(event, name)
        return value not in (None, "")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Event | None:
        event = super().get_object(request, object_id, from_field)
        if event:
            _name_items([event])
        return event

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        shown = {"health": None if request.GET else health_panel(), "listed_limit": LISTED_EVENT_LIMIT}
        response = super().changelist_view(request, {**shown, **(extra_context or {})})
        if isinstance(response, TemplateResponse) and response.context_data:
            _name_items(response.context_data["cl"].result_list)
        return response


@admin.register(RefusedEvent)
class RefusedEventAdmin(ReadOnlyAdmin[RefusedEvent]):
    """Events that could not be stored, with what was sent."""

    list_display = ("when", "reason", "detail", "sent")
    list_display_links = ("when",)
    list_filter = (RefusalFilter,)
    ordering = ("-pk",)
    sortable_by = ()
    paginator = NewestPaginator
    fields = ("received_at", "came_from", "reason", "detail", "whole_body")

    @admin.display(description=gettext_lazy("when"))
    def when(self, refused: RefusedEvent) -> SafeString:
        return plain_time(refused.received_at)

    @admin.display(description=gettext_lazy("source"))
    def came_from(self, refused: RefusedEvent) -> str:
        return plain_source(refused.source)

    @admin.display(description=gettext_lazy("reason"))
    def reason(self, refused: RefusedEvent) -> SafeString:
        return badge(plain_code(refused.code), tone="bad")

    @admin.display(description=gettext_lazy("what was sent"))
    def sent(self, refused: RefusedEvent) -> SafeString:
        shown = refused.body if len(refused.body) <= 80 else f"{refused.body[:80]}…"
        return format_html('<code class="recs-sent">{}</code>', shown)

    @admin.display(description=gettext_lazy("what was sent"))
    def whole_body(self, refused: RefusedEvent) -> SafeString:
        return format_html('<pre class="recs-body">{}</pre>', refused.body)


def _name_items(events: Iterable[Event]) -> None:
    """Give each event the name of its item, with one query for all of them."""
    titles = titles_of({event.item_id for event in events if event.item_id})
    for event in events:
        event.item_title = titles.get(event.item_id, "")  # type: ignore[attr-defined]


def _link_to(identifier: str) -> SafeString:
    """A short form of an id that leads to all events with it."""
    if not identifier:
        return SafeString("")
    escaped = identifier.replace("\\", "\\\\").replace('"', '\\"')
    words = identifier if re.fullmatch(r"[\w.:/-]+", identifier) else f'"{escaped}"'
    url = f"{reverse('admin:django_recs_event_changelist')}?{urlencode({'q': words})}"
    return format_html('<a class="recs-id" href="{}" title="{}">{}</a>', url, identifier, short_id(identifier))
