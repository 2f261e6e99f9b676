"""Tuning studies: what was tried, what it brought, and the switch that lets the next training start with it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_protect

from django_recs.admin.badges import status_badge
from django_recs.admin.read_only import ReadOnlyAdmin
from django_recs.admin.tuning_charts import parameter_charts, trial_chart
from django_recs.admin.tuning_words import labelled_values, plain_gain, plain_number, plain_trial_score, signed
from django_recs.admin.wording import labelled, plain_count, plain_duration, plain_time
from django_recs.model_cards.words import slice_label
from django_recs.models import TunedConfiguration, TuningStudy, TuningTrial

State = TuningTrial.State
SHOWN_TRIALS = 200
"""Rows of the table of trials, the best first."""


@admin.register(TuningStudy)
class TuningStudyAdmin(ReadOnlyAdmin[TuningStudy]):
    """Searches for better hyper-parameters, the newest first. Who may change studies may use what they found."""

    list_display = ("number", "state", "asked_for", "search", "tried", "best", "what")
    list_display_links = ("number",)
    ordering = ("-pk",)
    sortable_by = ()
    change_form_template = "admin/django_recs/tuningstudy/change_form.html"
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[TuningStudy]:
        complete = Q(trials__state=State.COMPLETE)
        return (
            super()
            .get_queryset(request)
            .annotate(complete_count=Count("trials", filter=complete), best_gain=Max("trials__gain", filter=complete))
        )

    @admin.display(description=gettext_lazy("study"))
    def number(self, study: TuningStudy) -> str:
        return _("Study %s") % study.pk

    @admin.display(description=gettext_lazy("status"))
    def state(self, study: TuningStudy) -> SafeString:
        return status_badge(study.status, study.get_status_display())

    @admin.display(description=gettext_lazy("asked for"))
    def asked_for(self, study: TuningStudy) -> SafeString:
        return plain_time(study.created_at)

    @admin.display(description=gettext_lazy("search"))
    def search(self, study: TuningStudy) -> SafeString:
        return labelled(_("search"), study.get_sampler_display())

    @admin.display(description=gettext_lazy("complete trials"))
    def tried(self, study: Any) -> SafeString:
        return labelled(_("complete trials"), plain_count(study.complete_count))

    @admin.display(description=gettext_lazy("best gain"))
    def best(self, study: Any) -> SafeString:
        gain = study.best_gain
        return labelled(_("best gain"), "–" if gain is None else signed(gain))

    @admin.display(description=gettext_lazy("what happened"))
    def what(self, study: TuningStudy) -> str:
        return study.message

    def has_use_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_recs.change_tuningstudy")

    def get_urls(self) -> list[URLPattern]:
        return [
            path("forget/", self.admin_site.admin_view(self.forget_view), name="django_recs_tuningstudy_forget"),
            path(
                "<int:pk>/use/<int:number>/",
                self.admin_site.admin_view(self.use_view),
                name="django_recs_tuningstudy_use",
            ),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        shown = {"in_use": TunedConfiguration.current(), "may_use": self.has_use_permission(request)}
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        study = self.get_object(request, object_id)
        shown = {}
        if study and self.has_view_permission(request, study):
            shown = {**_details(study), "may_use": self.has_use_permission(request)}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    @method_decorator(csrf_protect)
    def use_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Ask, and on POST let the next training start with what the trial tried."""
        if not self.has_use_permission(request):
            raise PermissionDenied
        trials = TuningTrial.objects.filter(study_id=pk, number=number, state=State.COMPLETE)
        trial = trials.select_related("study").defer("query_scores").first()
        if trial is None:
            raise Http404
        if request.method == "POST":
            TunedConfiguration.use(trial, chosen_by=request.user.get_username())
            self.log_change(request, trial.study, _("Put trial %s in use.") % number)
            messages.success(request, _("The next training starts with %s. The gate decides what goes live.") % trial)
            return self._to_list()
        values = labelled_values({**trial.study.base_values, **trial.values})
        context = {"title": _("Use %s?") % trial, "trial": trial, "gain": _gain(trial), "values": values}
        return self._page(request, "use.html", context)

    @method_decorator(csrf_protect)
    def forget_view(self, request: HttpRequest) -> HttpResponse:
        """Ask, and on POST let the next training start with the defaults."""
        if not self.has_use_permission(request):
            raise PermissionDenied
        in_use = TunedConfiguration.current()
        if request.method == "POST":
            if TunedConfiguration.forget():
                messages.success(request, _("The next training starts with the defaults."))
            return self._to_list()
        return self._page(request, "forget.html", {"title": _("Go back to the defaults?"), "in_use": in_use})

    def _to_list(self) -> HttpResponse:
        return redirect(reverse("admin:django_recs_tuningstudy_changelist", current_app=self.admin_site.name))

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, f"admin/django_recs/tuningstudy/{template}", {**shared, **context})


def _details(study: TuningStudy) -> dict[str, Any]:
    trials = list(study.trials.defer("query_scores").order_by("number"))
    complete = sorted((trial for trial in trials if trial.state == State.COMPLETE), key=lambda each: -(each.score or 0))
    others = [trial for trial in reversed(trials) if trial.state != State.COMPLETE]
    in_use = TunedConfiguration.current()
    return {
        "title": _("Tuning study %s") % study.pk,
        "subtitle": None,
        "study": study,
        "badge": status_badge(study.status, study.get_status_display()),
        "is_running": not study.is_finished,
        "figures": _figures(study, trials, complete),
        "facts": _facts(study),
        "chart": trial_chart(trials),
        "parameter_charts": parameter_charts(study.parameters, trials),
        "rows": [_row(trial, in_use) for trial in [*complete, *others][:SHOWN_TRIALS]],
        "best": complete[0] if complete else None,
        "is_best_in_use": bool(complete and in_use and in_use.trial_id == complete[0].pk),
        "in_use": in_use,
        "is_cut": len(trials) > SHOWN_TRIALS,
    }


def _figures(study: TuningStudy, trials: list[TuningTrial], complete: list[TuningTrial]) -> list[tuple[str, str, str]]:
    """Label, value and note of the boxes at the top."""
    baseline = next((trial for trial in complete if trial.is_baseline), None)
    best = complete[0] if complete else None
    error = _("± %s, question by question") % plain_trial_score(best.gain_error or 0.0) if best else ""
    pruned = sum(trial.state == State.PRUNED for trial in trials)
    given_up = _("complete; %s given up early") % plain_count(pruned) if pruned else _("complete")
    return [
        (
            _("In use when it began"),
            plain_trial_score(baseline.score if baseline else None),
            _("NDCG@10 in the validation period, 1 at best"),
        ),
        (
            _("Best trial"),
            plain_trial_score(best.score if best else None),
            _("trial %s") % best.number if best else _("none is complete"),
        ),
        (_("Gain"), signed(best.gain) if best and best.gain is not None else "–", error),
        (_("Trials"), plain_count(len(complete)), given_up),
    ]


def _facts(study: TuningStudy) -> list[tuple[str, str]]:
    took = (study.finished_at or timezone.now()) - study.started_at if study.started_at else None
    return [
        (_("Search"), study.get_sampler_display()),
        (_("Pruning"), study.get_pruner_display()),
        (
            _("Budget"),
            _("%(minutes)s min, %(trials)s trials")
            % {
                "minutes": plain_number(study.budget_minutes),
                "trials": plain_count(study.trial_limit),
            },
        ),
        (_("Workers"), plain_count(study.worker_count)),
        (_("Took"), plain_duration(took) if took else "–"),
        (_("Started by"), study.trigger or "–"),
    ]


def _row(trial: TuningTrial, in_use: TunedConfiguration | None) -> dict[str, Any]:
    took = trial.finished_at - trial.started_at if trial.finished_at else None
    return {
        "trial": trial,
        "badge": status_badge(trial.state, trial.get_state_display()),
        "score": plain_trial_score(trial.score),
        "gain": _gain(trial),
        "slices": [(slice_label(name), plain_trial_score(score)) for name, score in trial.slice_scores.items()],
        "took": plain_duration(took) if took else "–",
        "values": labelled_values(trial.values),
        "is_in_use": bool(in_use and in_use.trial_id == trial.pk),
        "may_be_used": trial.state == State.COMPLETE,
    }


def _gain(trial: TuningTrial) -> str:
    return _("in use when it began") if trial.is_baseline else plain_gain(trial.gain, trial.gain_error)
