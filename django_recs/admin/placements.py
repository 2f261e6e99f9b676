"""Placements: the shelves of the shop, their settings in plain words, and a look at a shelf before it is saved."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_protect

from django_recs.admin.preview import Preview, preview_shelf
from django_recs.admin.read_only import TypedAdmin
from django_recs.models import Placement

if TYPE_CHECKING:
    PlacementModelForm = forms.ModelForm[Placement]
else:
    PlacementModelForm = forms.ModelForm


class PlacementForm(PlacementModelForm):
    """The placement's fields, with errors that say what to enter instead."""

    limit = forms.IntegerField(
        label=gettext_lazy("Items"),
        min_value=1,
        max_value=50,
        initial=12,
        help_text=gettext_lazy("How many items a full shelf has, from 1 to 50."),
    )
    min_items = forms.IntegerField(
        label=gettext_lazy("Fewest items"),
        min_value=1,
        max_value=50,
        initial=1,
        help_text=gettext_lazy("With fewer good items than this the shelf hides. It is never filled up with others."),
    )

    class Meta:
        model = Placement
        fields = (
            "slug",
            "title",
            "strategy",
            "limit",
            "min_items",
            "exclude_purchased",
            "price_ceiling_percent",
            "is_active",
        )
        labels = {
            "slug": gettext_lazy("Name in templates"),
            "strategy": gettext_lazy("What it shows"),
            "exclude_purchased": gettext_lazy("Leave out what the visitor bought"),
            "price_ceiling_percent": gettext_lazy("Highest price in percent"),
            "is_active": gettext_lazy("Shown in the shop"),
        }
        help_texts = {
            "slug": gettext_lazy(
                'What the shop\'s pages call it, as in {% recs_shelf "name" %}. It cannot be changed later.'
            ),
            "strategy": gettext_lazy("Shelves that start from an item belong on product pages."),
            "exclude_purchased": gettext_lazy("Good for things that one buys once; bad for things that run out."),
            "title": gettext_lazy(
                "Heading that shoppers see. {name} stands for what the list rests on: a product, a time of day."
            ),
            "price_ceiling_percent": gettext_lazy(
                "Of the dearest product that the list is about, such as the cart's: 100 means no dearer than it. "
                "Empty: no limit."
            ),
            "is_active": gettext_lazy("Without this tick the shelf hides everywhere at once."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        limit, min_items = cleaned.get("limit"), cleaned.get("min_items")
        if limit is not None and min_items is not None and min_items > limit:
            self.add_error(
                "min_items",
                _("A full shelf has %(limit)d items, so it can never have %(fewest)d. Enter %(limit)d or less.")
                % {"limit": limit, "fewest": min_items},
            )
        return cleaned


@dataclass(frozen=True, kw_only=True)
class PreviewQuestion:
    """For whom and for what the shelf is previewed, as typed."""

    item_id: str = ""
    customer_id: str = ""


@admin.register(Placement)
class PlacementAdmin(TypedAdmin[Placement]):
    """Shelves; the ones that ship with the app may be changed as well."""

    form = PlacementForm
    actions = None
    list_display = ("title", "slug", "shows", "limit", "min_items", "is_active")
    list_editable = ("limit", "min_items", "is_active")
    list_display_links = ("title",)
    search_fields = ("slug", "title")
    fieldsets = (
        (None, {"fields": ("title", "slug", "strategy", "is_active")}),
        (gettext_lazy("How full"), {"fields": ("limit", "min_items")}),
        (gettext_lazy("What to leave out"), {"fields": ("exclude_purchased", "price_ceiling_percent")}),
    )

    class Media:
        css = {"all": ["django_recs/admin.css"]}

    @admin.display(description=gettext_lazy("what it shows"), ordering="strategy")
    def shows(self, placement: Placement) -> str:
        return placement.get_strategy_display()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def get_readonly_fields(self, request: HttpRequest, obj: Placement | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[PlacementForm]:
        return PlacementForm

    @method_decorator(csrf_protect)
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST" and "_preview" in request.POST:
            return self._preview_view(request, object_id, form_url)
        return super().changeform_view(
            request, object_id, form_url, {"question": PreviewQuestion(), **(extra_context or {})}
        )

    def _preview_view(self, request: HttpRequest, object_id: str | None, form_url: str) -> HttpResponse:
        """The form as typed, with the shelf that it would make. Saves nothing."""
        placement = self.get_object(request, unquote(object_id)) if object_id else None
        if object_id and placement is None:
            raise Http404
        allowed = self.has_change_permission(request, placement) if placement else self.has_add_permission(request)
        if not allowed:
            raise PermissionDenied
        name = str(placement) if placement else ""
        form = self.get_form(request, placement, change=bool(placement))(request.POST, instance=placement)
        question = PreviewQuestion(
            item_id=request.POST.get("preview_item", "").strip(),
            customer_id=request.POST.get("preview_customer", "").strip(),
        )
        preview: Preview | None = None
        if question.customer_id and not request.user.has_perm("django_recs.view_event"):
            preview = Preview(summary=_("Shelves of a person show what they did: you need the right to view events."))
        elif form.is_valid():
            preview = preview_shelf(form.instance, item_id=question.item_id, customer_id=question.customer_id)
        fields = AdminForm(
            form,
            cast("list[Any]", self.get_fieldsets(request, placement)),
            {},
            self.get_readonly_fields(request, placement),
            model_admin=self,
        )
        context = {
            **self.admin_site.each_context(request),
            "title": _("Preview of %s, not saved yet") % name if name else _("Preview, not saved yet"),
            "subtitle": None,
            "adminform": fields,
            "object_id": object_id,
            "original": placement,
            "is_popup": False,
            "to_field": None,
            "media": self.media + fields.media,
            "inline_admin_formsets": [],
            "errors": AdminErrorList(form, []),
            "preserved_filters": self.get_preserved_filters(request),
            "question": question,
            "preview": preview,
        }
        return self.render_change_form(
            request, context, add=placement is None, change=placement is not None, obj=placement, form_url=form_url
        )
