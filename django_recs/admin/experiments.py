"""Experiments from idea to decision: a form that plans, a readout that may be looked at daily, a box to decide in."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from django_recs.admin.badges import badge
from django_recs.admin.experiment_form import ExperimentForm, VariantForm, VariantFormSet
from django_recs.admin.experiment_words import plain_call, plain_health, plan_words, progress, state_badge
from django_recs.admin.read_only import TypedAdmin
from django_recs.admin.readout import readout_context
from django_recs.admin.wording import labelled
from django_recs.exceptions import ExperimentRefused
from django_recs.experiments.lifecycle import decide, end, start, widen
from django_recs.experiments.metrics import CONVERSION
from django_recs.experiments.verdicts import health_of, verdicts
from django_recs.models import Experiment, Layer, Reading, Variant

if TYPE_CHECKING:
    VariantInlineBase = admin.TabularInline[Variant, Experiment]
else:
    VariantInlineBase = admin.TabularInline

Status = Experiment.Status


class VariantInline(VariantInlineBase):
    """The variants of a draft, the control in the first line."""

    model = Variant
    form = VariantForm
    formset: Any = VariantFormSet
    fields = ("name", "slug", "weight", "strategy", "limit")
    extra = 2
    max_num = 5

    def has_view_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        """Variants are part of their experiment and have no permissions of their own."""
        return request.user.has_perm("django_recs.view_experiment") or self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return request.user.has_perm(f"django_recs.{'change' if obj else 'add'}_experiment")

    def has_add_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_extra(self, request: HttpRequest, obj: Experiment | None = None, **kwargs: Any) -> int:
        return 0 if obj else 2


@admin.register(Layer)
class LayerAdmin(TypedAdmin[Layer]):
    """Only reached from the form of an experiment."""

    fields = ("slug",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Experiment)
class ExperimentAdmin(TypedAdmin[Experiment]):
    """Drafts are edited; everything after the start is read, decided and kept."""

    form = ExperimentForm
    inlines = (VariantInline,)
    actions = None
    list_display = ("title", "state", "sample", "verdict", "where", "since")
    list_display_links = ("title",)
    list_per_page = 20
    show_facets = admin.ShowFacets.NEVER
    list_filter = ("status",)
    search_fields = ("slug", "name")
    ordering = ("-pk",)
    sortable_by = ()
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": ("name", "slug", "hypothesis", "placement")}),
        (gettext_lazy("What is a success"), {"fields": ("primary_metric", "lift_percent", "ending")}),
        (gettext_lazy("Who takes part"), {"fields": ("audience", "coverage_percent")}),
        (
            gettext_lazy("For specialists"),
            {
                "fields": ("guardrail_percent", "window_days", "layer", "layer_percent", "is_holdout"),
                "classes": ("collapse",),
            },
        ),
    )
    change_form_template = "admin/django_recs/experiment/change_form.html"

    class Media:
        css = {"all": ["django_recs/admin.css"]}

    @admin.display(description=gettext_lazy("experiment"))
    def title(self, experiment: Experiment) -> str:
        return str(experiment)

    @admin.display(description=gettext_lazy("status"))
    def state(self, experiment: Experiment) -> SafeString:
        return state_badge(experiment)

    @admin.display(description=gettext_lazy("health"))
    def sample(self, experiment: Experiment) -> SafeString | str:
        if experiment.status == Status.DRAFT:
            return ""
        tone, words = plain_health(list(experiment.days.all()))
        return badge(words, tone=tone)

    @admin.display(description=gettext_lazy("result"))
    def verdict(self, experiment: Experiment) -> SafeString | str:
        if experiment.status == Status.DRAFT:
            return ""
        if experiment.status == Status.DECIDED:
            return labelled(_("decision"), experiment.get_outcome_display())
        days = list(experiment.days.all())
        wanted = {experiment.primary_metric, CONVERSION}
        readings = list(Reading.objects.filter(day__experiment=experiment, metric__in=wanted))
        found = verdicts(experiment, days, readings)
        return labelled(_("result"), ", ".join(f"{one.variant}: {plain_call(one.call)}" for one in found))

    @admin.display(description=gettext_lazy("where"))
    def where(self, experiment: Experiment) -> SafeString:
        return labelled(_("where"), str(experiment.placement_id or _("templates")))

    @admin.display(description=gettext_lazy("time"))
    def since(self, experiment: Experiment) -> SafeString | str:
        if experiment.status == Status.DRAFT:
            return ""
        return labelled(_("time"), progress(experiment, health_of(list(experiment.days.all()))))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Experiment]:
        return super().get_queryset(request).select_related("placement").prefetch_related("variants", "days")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def has_delete_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        """Only drafts: what ran is kept, whatever came of it."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.status == Status.DRAFT)

    def get_urls(self) -> list[URLPattern]:
        steps = (
            ("start", self.start_view),
            ("end", self.end_view),
            ("widen", self.widen_view),
            ("decide", self.decide_view),
        )
        return [
            *(
                path(
                    f"<int:pk>/{name}/",
                    self.admin_site.admin_view(view),
                    name=f"django_recs_experiment_{name}",
                )
                for name, view in steps
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        experiment = self.get_object(request, object_id)
        if experiment is None or experiment.status == Status.DRAFT:
            plan = {"experiment": experiment, "plan": plan_words(experiment) if experiment else []}
            return super().change_view(request, object_id, form_url, {**plan, **(extra_context or {})})
        if not self.has_view_permission(request, experiment):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            **readout_context(experiment),
            "opts": self.opts,
            "media": self.media,
            "title": str(experiment),
            "experiment": experiment,
            "badge": state_badge(experiment),
            "may_change": self.has_change_permission(request, experiment),
            "is_open": experiment.status in (Status.RUNNING, Status.ENDED),
            "is_running": experiment.status == Status.RUNNING,
        }
        return TemplateResponse(request, "admin/django_recs/experiment/readout.html", context)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A draft that was saved is planned anew."""
        super().save_related(request, form, formsets, change)
        experiment: Experiment = form.instance
        Experiment.objects.filter(pk=experiment.pk).update(plan={}, planned_units=None, planned_days=None)
        transaction.on_commit(lambda: self._plan(request, experiment.pk))

    def response_add(self, request: HttpRequest, obj: Experiment, post_url_continue: str | None = None) -> HttpResponse:
        return self._to(obj)

    def response_change(self, request: HttpRequest, obj: Experiment) -> HttpResponse:
        return self._to(obj)

    @method_decorator([csrf_protect, require_POST])
    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._step(request, pk, start, _("It runs. The first figures come with the next reading."))

    @method_decorator([csrf_protect, require_POST])
    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._step(request, pk, end, _("It has ended: everybody sees the control. Now decide."))

    @method_decorator([csrf_protect, require_POST])
    def widen_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        typed = request.POST.get("coverage_percent", "")
        percent = int(typed) if typed.isdecimal() else 0
        return self._step(
            request, pk, lambda row: widen(row, percent), _("%d %% of the audience take part now.") % percent
        )

    @method_decorator([csrf_protect, require_POST])
    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        choice, reason = request.POST.get("choice", ""), request.POST.get("reason", "")
        outcome, _colon, slug = choice.partition(":")

        def step(row: Experiment) -> None:
            variant = row.variants.filter(slug=slug).first() if slug else None
            decide(row, outcome, who=request.user.get_username(), reason=reason, variant=variant)

        return self._step(request, pk, step, _("Decided, written down and done."))

    def _step(self, request: HttpRequest, pk: int, step: Any, done: str) -> HttpResponse:
        experiment = Experiment.objects.filter(pk=pk).first()
        if experiment is None:
            raise Http404
        if not self.has_change_permission(request, experiment):
            raise PermissionDenied
        try:
            step(experiment)
        except ExperimentRefused as refused:
            messages.error(request, str(refused))
        else:
            self.log_change(request, experiment, done)
            messages.success(request, done)
        return self._to(experiment)

    def _plan(self, request: HttpRequest, pk: int) -> None:
        try:
            from django_recs.tasks import plan_experiment

            plan_experiment.apply_async((pk,), retry=False)
        except ImportError:
            messages.error(request, _("No plan was made: Celery is not installed."))
        except Exception as error:  # noqa: BLE001 a broker may fail in ways of its own, and the draft is saved
            messages.error(request, _("No plan was made: %s") % error)

    def _to(self, experiment: Experiment) -> HttpResponse:
        return redirect(
            reverse("admin:django_recs_experiment_change", args=[experiment.pk], current_app=self.admin_site.name)
        )
