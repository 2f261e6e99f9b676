"""Pages over rows that only the code writes."""

from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

ModelT = TypeVar("ModelT", bound=Model)

if TYPE_CHECKING:
    TypedAdmin = admin.ModelAdmin
else:

    class TypedAdmin(admin.ModelAdmin):
        """`ModelAdmin` that can be written with its model, as the type checker wants it."""

        def __class_getitem__(cls, model: type[Model]) -> type["TypedAdmin"]:
            return cls


class ReadOnlyAdmin(TypedAdmin[ModelT]):
    """Rows to look at. Not even a superuser adds, changes or deletes one here."""

    actions = None
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_max_show_all = 0
    change_form_template = "admin/django_recs/read_only.html"

    class Media:
        css = {"all": ["django_recs/admin.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
