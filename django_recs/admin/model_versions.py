"""Model versions: how good each is beside its rivals, what the gate said, and the switches that put one live."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_protect

from django_recs.admin.badges import status_badge
from django_recs.admin.comparison import against_best_rival, comparison_context
from django_recs.admin.read_only import ReadOnlyAdmin
from django_recs.admin.wording import labelled, plain_score, plain_time
from django_recs.exceptions import RecsError
from django_recs.model_cards import model_card
from django_recs.model_cards.words import SLICE_LABELS, in_plain_words, slice_label
from django_recs.models import ModelVersion
from django_recs.serving.registry import live_version, promote, roll_back

Status = ModelVersion.Status


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin[ModelVersion]):
    """The registry, the newest version first. Who may change versions may promote and roll back."""

    list_display = ("version", "state", "made", "returning", "new_to_them", "new_items", "new_visitors", "gate")
    list_display_links = ("version",)
    list_per_page = 50
    ordering = ("-pk",)
    sortable_by = ()
    change_form_template = "admin/django_recs/modelversion/change_form.html"

    @admin.display(description=gettext_lazy("version"))
    def version(self, version: ModelVersion) -> str:
        return str(version)

    @admin.display(description=gettext_lazy("status"))
    def state(self, version: ModelVersion) -> SafeString:
        return status_badge(version.status, version.get_status_display())

    @admin.display(description=gettext_lazy("made"))
    def made(self, version: ModelVersion) -> SafeString:
        return plain_time(version.created_at)

    @admin.display(description=SLICE_LABELS["returning"])
    def returning(self, version: ModelVersion) -> SafeString:
        return _score(version, "returning")

    @admin.display(description=SLICE_LABELS["new_to_them"])
    def new_to_them(self, version: ModelVersion) -> SafeString:
        return _score(version, "new_to_them")

    @admin.display(description=SLICE_LABELS["cold_item"])
    def new_items(self, version: ModelVersion) -> SafeString:
        return _score(version, "cold_item")

    @admin.display(description=gettext_lazy("New visitors"))
    def new_visitors(self, version: ModelVersion) -> SafeString:
        return _score(version, "new_visitor_1")

    @admin.display(description=gettext_lazy("gate"))
    def gate(self, version: ModelVersion) -> SafeString:
        count = len(version.gate_reasons) if isinstance(version.gate_reasons, list) else 0
        objections = _("1 objection") if count == 1 else _("%d objections") % count
        return labelled(_("gate"), objections if count else _("passed"))

    def has_promote_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_recs.change_modelversion")

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "roll-back/", self.admin_site.admin_view(self.roll_back_view), name="django_recs_modelversion_roll_back"
            ),
            path(
                "<int:pk>/promote/",
                self.admin_site.admin_view(self.promote_view),
                name="django_recs_modelversion_promote",
            ),
            path("<int:pk>/card/", self.admin_site.admin_view(self.card_view), name="django_recs_modelversion_card"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        live = live_version()
        shown = {"live": live, "may_promote": self.has_promote_permission(request)}
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        shown = self._details(request, version) if version and self.has_view_permission(request, version) else {}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def card_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The model card: what the version learned from, how good it is for whom, and what to be careful of."""
        version = ModelVersion.objects.filter(pk=pk).select_related("run").first()
        if version is None:
            raise Http404
        if not self.has_view_permission(request, version):
            raise PermissionDenied
        card = model_card(version)
        return self._page(request, "card.html", {"title": card.title, "version": version, "card": card})

    @method_decorator(csrf_protect)
    def promote_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, and on POST make the version the live one. A rejected version needs the box ticked."""
        if not self.has_promote_permission(request):
            raise PermissionDenied
        version = ModelVersion.objects.filter(pk=pk).select_related("run").first()
        if version is None:
            raise Http404
        needs_force = version.status == Status.REJECTED
        is_sure = request.POST.get("promote_anyway") == "yes"
        if request.method == "POST" and (is_sure or not needs_force):
            self._promote(request, version, force=needs_force)
            return self._to_list()
        context = {
            "title": _("Promote %s?") % version,
            "version": version,
            "needs_force": needs_force,
            "is_missing_consent": request.method == "POST",
            "reasons": _reasons(version),
            "live": live_version(),
        }
        return self._page(request, "promote.html", context)

    @method_decorator(csrf_protect)
    def roll_back_view(self, request: HttpRequest) -> HttpResponse:
        """Ask, and on POST go back to the version that was live before."""
        if not self.has_promote_permission(request):
            raise PermissionDenied
        live = live_version()
        if request.method == "POST":
            if str(live.pk if live else "") == request.POST.get("live"):
                self._roll_back(request)
            else:
                messages.error(request, _("Nothing was rolled back: another version went live in the meantime."))
            return self._to_list()
        context = {"title": _("Roll back?"), "live": live, "previous": live.replaced if live else None}
        return self._page(request, "roll_back.html", context)

    def _promote(self, request: HttpRequest, version: ModelVersion, *, force: bool) -> None:
        try:
            promote(version, force=force)
        except RecsError as refusal:
            messages.error(
                request, _("Version %(version)s was not promoted. %(why)s") % {"version": version, "why": refusal}
            )
            return
        self.log_change(request, version, _("Promoted."))
        messages.success(request, _("Version %s is live. The shop shows it within a minute.") % version)

    def _roll_back(self, request: HttpRequest) -> None:
        try:
            version = roll_back()
        except RecsError as refusal:
            messages.error(request, _("Nothing was rolled back. %s") % refusal)
            return
        self.log_change(request, version, _("Live again after a roll back."))
        messages.success(request, _("Rolled back: version %s is live again.") % version)

    def _to_list(self) -> HttpResponse:
        return redirect(reverse("admin:django_recs_modelversion_changelist", current_app=self.admin_site.name))

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        everywhere = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"admin/django_recs/modelversion/{template}", {**everywhere, **context})

    def _details(self, request: HttpRequest, version: ModelVersion) -> dict[str, Any]:
        return {
            "title": _("Model version %s") % version,
            "subtitle": None,
            "version": version,
            "badge": status_badge(version.status, version.get_status_display()),
            "reasons": _reasons(version),
            "is_live": version.status == Status.LIVE,
            "may_promote": self.has_promote_permission(request),
            "run_url": reverse("admin:django_recs_trainingrun_change", args=[version.run_id]),
            **comparison_context(version.metrics),
        }


def _score(version: ModelVersion, slice_name: str) -> SafeString:
    """This version's NDCG@10 on a slice, and the best rival's in small print."""
    own, rival = against_best_rival(version.metrics, slice_name)
    if own is None:
        return labelled(slice_label(slice_name), "–")
    figure = plain_score(own)
    if rival is not None:
        words = _("ahead of %s") if own > rival else _("behind %s")
        against = words % plain_score(rival)
        figure = format_html('<b>{}</b> <span class="recs-quiet">{}</span>', figure, against)
    return labelled(slice_label(slice_name), format_html('<span class="recs-score">{}</span>', figure))


def _reasons(version: ModelVersion) -> list[str]:
    reasons = version.gate_reasons
    return [in_plain_words(str(reason)) for reason in reasons] if isinstance(reasons, list) else []
