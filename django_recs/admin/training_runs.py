"""Training runs: what each did, how far the present one is, and the button that asks for another."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_protect

from django_recs.admin.badges import status_badge
from django_recs.admin.comparison import comparison_context
from django_recs.admin.read_only import ReadOnlyAdmin
from django_recs.admin.wording import labelled, plain_count, plain_duration, plain_time
from django_recs.exceptions import TrainingInProgress
from django_recs.models import ModelVersion, TrainingRun

SILENT_AFTER = dt.timedelta(minutes=10)
"""A run that waits, or gave no sign of life, for so long is marked."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One point of a run's timeline."""

    label: str
    at: dt.datetime | None
    note: str = ""
    is_current: bool = False


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin[TrainingRun]):
    """Attempts to train, the newest first."""

    list_display = ("number", "state", "asked_for", "duration", "events_read", "what", "started_by")
    list_display_links = ("number",)
    ordering = ("-pk",)
    sortable_by = ()
    change_form_template = "admin/django_recs/trainingrun/change_form.html"
    list_per_page = 50

    @admin.display(description=gettext_lazy("run"))
    def number(self, run: TrainingRun) -> str:
        return _("Run %s") % run.pk

    @admin.display(description=gettext_lazy("status"))
    def state(self, run: TrainingRun) -> SafeString:
        """The status, and how far a run came that is under way or broke off."""
        state = status_badge(run.status, run.get_status_display())
        if run.is_finished and run.status != TrainingRun.Status.FAILED:
            return state
        return format_html(
            '{0}<span class="recs-progress"><progress max="100" value="{1}" aria-label="{2}"></progress> {1} %</span>',
            state,
            _percent(run),
            _("Progress"),
        )

    @admin.display(description=gettext_lazy("asked for"))
    def asked_for(self, run: TrainingRun) -> SafeString:
        return plain_time(run.created_at)

    @admin.display(description=gettext_lazy("took"))
    def duration(self, run: TrainingRun) -> SafeString:
        took = (run.finished_at or timezone.now()) - run.started_at if run.started_at else None
        return labelled(_("took"), plain_duration(took) if took else "–")

    @admin.display(description=gettext_lazy("events read"))
    def events_read(self, run: TrainingRun) -> SafeString:
        return labelled(_("events read"), plain_count(run.event_count))

    @admin.display(description=gettext_lazy("started by"))
    def started_by(self, run: TrainingRun) -> SafeString:
        return labelled(_("started by"), run.trigger or "–")

    @admin.display(description=gettext_lazy("what happened"))
    def what(self, run: TrainingRun) -> str:
        return f"{run.message} {silence(run)}".strip()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_recs.add_trainingrun")

    @method_decorator(csrf_protect)
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask whether to train now; on POST, queue a run."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            self._queue(request)
            return redirect(reverse("admin:django_recs_trainingrun_changelist", current_app=self.admin_site.name))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Train now?"),
            "media": self.media,
            "running": TrainingRun.objects.unfinished().first(),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/django_recs/trainingrun/train.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        shown = _details(run) if run and self.has_view_permission(request, run) else {}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def _queue(self, request: HttpRequest) -> None:
        try:
            from django_recs.tasks import queue_training
        except ImportError:
            messages.error(request, _("Nothing was started: Celery is not installed. Run: python manage.py recs_train"))
            return
        try:
            run = queue_training(_("admin: %s") % request.user.get_username())
        except TrainingInProgress:
            messages.error(request, _("Nothing was started: a training run is already waiting or under way."))
            return
        self.log_addition(request, run, _("Asked for a training run."))
        run.refresh_from_db()
        if run.is_finished:
            messages.info(request, f"{run.get_status_display()}. {run.message}")
        else:
            messages.success(request, _("Run %s is waiting for a worker. Reload this page to follow it.") % run.pk)


def silence(run: TrainingRun) -> str:
    """A warning about a run that no worker took, or that says nothing any more; else ""."""
    if run.is_finished:
        return ""
    quiet = timezone.now() - (run.heartbeat_at or run.created_at)
    if quiet < SILENT_AFTER:
        return ""
    if run.started_at is None:
        return _("No worker took it for %s: is one running on the queue for training?") % plain_duration(quiet)
    return _("No sign of life for %s: is the worker still running?") % plain_duration(quiet)


def _details(run: TrainingRun) -> dict[str, Any]:
    version = _version_of(run)
    return {
        "title": _("Training run %s") % run.pk,
        "subtitle": None,
        "run": run,
        "badge": status_badge(run.status, run.get_status_display()),
        "percent": _percent(run),
        "is_running": not run.is_finished,
        "silence": silence(run),
        "timeline": _timeline(run),
        "facts": _facts(run),
        "version": version,
        **comparison_context(version.metrics if version else {}),
    }


def _version_of(run: TrainingRun) -> ModelVersion | None:
    try:
        return run.version
    except ObjectDoesNotExist:
        return None


def _percent(run: TrainingRun) -> int:
    return round(100 * min(max(run.progress, 0.0), 1.0))


def _facts(run: TrainingRun) -> list[tuple[str, str]]:
    return [
        (_("Events"), plain_count(run.event_count)),
        (_("Items"), plain_count(run.item_count)),
        (_("Customers and visitors"), plain_count(run.unit_count)),
        (_("Computed on"), run.device or "–"),
        (_("Hyper-parameters"), _source(run)),
        (_("Attempts"), plain_count(run.attempt_count)),
        (_("Started by"), run.trigger or "–"),
    ]


def _source(run: TrainingRun) -> str:
    source = run.configuration.get("source") if isinstance(run.configuration, dict) else None
    return str(source or "–")


def _timeline(run: TrainingRun) -> list[Moment]:
    waited = plain_duration(run.started_at - run.created_at) if run.started_at else ""
    moments = [
        Moment(label=_("Asked for"), at=run.created_at, note=run.trigger),
        Moment(
            label=_("Started"),
            at=run.started_at,
            note=_("after waiting %s") % waited if waited else _("waiting for a worker"),
            is_current=run.started_at is None,
        ),
    ]
    if run.finished_at:
        took = plain_duration(run.finished_at - run.started_at) if run.started_at else ""
        return [*moments, Moment(label=run.get_status_display(), at=run.finished_at, note=_("took %s") % took)]
    if run.started_at:
        note = _("last sign of life")
        return [*moments, Moment(label=run.get_status_display(), at=run.heartbeat_at, note=note, is_current=True)]
    return moments
