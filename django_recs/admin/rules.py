"""Merchandising rules: what the shop wants on its shelves, in plain words, with a dry run before anything is saved."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_protect

from django_recs.admin.badges import badge
from django_recs.admin.dry_run import DryRun, try_rule
from django_recs.admin.read_only import TypedAdmin
from django_recs.admin.rule_words import condition_words, place_words, rule_sentence, state_badge
from django_recs.catalog import get_catalog
from django_recs.engine.shelves.assortment import CATEGORY
from django_recs.exceptions import CatalogNotFound
from django_recs.models import Placement, Rule
from django_recs.serving.live import live_model

if TYPE_CHECKING:
    RuleModelForm = forms.ModelForm[Rule]
else:
    RuleModelForm = forms.ModelForm

Action = Rule.Action
TONES = {Action.HIDE: "bad", Action.FILTER: "busy", Action.PIN: "good", Action.BOOST: "good", Action.BURY: "warn"}
NUMBERS = ((Action.CAP, "most", 0, 50), (Action.QUOTA, "share_percent", 1, 100), (Action.PIN, "position", 1, 50))
"""The number that an action needs, and its range."""
SUGGESTION_COUNT = 300
"""Category labels that are offered while typing."""


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField recs-lines"})
        super().__init__(required=False, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, (list, tuple)) else value

    def clean(self, value: Any) -> Any:
        lines = (" ".join(line.split()) for line in str(super().clean(value)).splitlines())
        return list(dict.fromkeys(line for line in lines if line))


class AttributesField(LinesField):
    """Names with their values, one pair a line: ``brand: Hario``."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            value = [f"{name}: {text}" for name, values in value.items() for text in values]
        return super().prepare_value(value)

    def clean(self, value: Any) -> Any:
        pairs: dict[str, list[str]] = {}
        known = attribute_names()
        for line in super().clean(value):
            name, colon, text = (part.strip() for part in line.partition(":"))
            if not colon or not text:
                raise ValidationError(_("“%s” is no pair. Write a name, a colon and a value: brand: Hario") % line)
            if name not in known:
                raise ValidationError(
                    _("The catalogue has no attribute “%(name)s”. It has: %(known)s.")
                    % {"name": name, "known": ", ".join(known) or _("none")}
                )
            pairs.setdefault(name, []).append(text)
        return pairs


class RuleForm(RuleModelForm):
    """The rule's fields, with errors that say what to enter instead."""

    item_ids = LinesField(label=gettext_lazy("Products"), help_text=gettext_lazy("Item ids, one a line."))
    categories = LinesField(
        label=gettext_lazy("Categories"),
        help_text=gettext_lazy("As the catalogue names them, one a line; a product must have one of them."),
    )
    attributes = AttributesField(
        label=gettext_lazy("Attributes"),
        help_text=gettext_lazy("One a line, such as brand: Hario. Of several values of one attribute one must fit."),
    )
    placements = forms.MultipleChoiceField(
        label=gettext_lazy("Only on these shelves"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Without a tick the rule is for every shelf."),
    )
    cap_by = forms.ChoiceField(label=gettext_lazy("Of each"), required=False)

    class Meta:
        model = Rule
        fields = (
            "name",
            "action",
            "factor",
            "most",
            "cap_by",
            "share_percent",
            "position",
            "categories",
            "attributes",
            "price_from",
            "price_to",
            "words",
            "item_ids",
            "placements",
            "is_active",
            "starts_at",
            "ends_at",
        )
        labels = {
            "action": gettext_lazy("What it does"),
            "factor": gettext_lazy("How strongly"),
            "most": gettext_lazy("At most"),
            "share_percent": gettext_lazy("Share in percent"),
            "position": gettext_lazy("Position"),
            "words": gettext_lazy("Words"),
            "is_active": gettext_lazy("Switched on"),
            "starts_at": gettext_lazy("From"),
            "ends_at": gettext_lazy("Until"),
        }
        help_texts = {
            "name": gettext_lazy("For you and your colleagues; shoppers never see it."),
            "factor": gettext_lazy("Scores are multiplied with it: 2 doubles them, 0.5 halves them."),
            "most": gettext_lazy("So many products, 0 to 50."),
            "share_percent": gettext_lazy("At least this part of the shelf, as far as there are such products."),
            "position": gettext_lazy("1 is the first place. The best product that meets the conditions is put there."),
            "words": gettext_lazy("All of these must occur in the title or the description."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shelves = cast("forms.MultipleChoiceField", self.fields["placements"])
        shelves.choices = [
            (placement.slug, f"{placement.title} ({placement.slug})") for placement in Placement.objects.all()
        ]
        labels = [(name, name) for name in (CATEGORY, *attribute_names())]
        cast("forms.ChoiceField", self.fields["cap_by"]).choices = [("", _("all of them together")), *labels]
        for name in {"price_from", "price_to", "factor", "most", "share_percent", "position"} & set(self.fields):
            self.fields[name].widget.attrs["class"] = "recs-number"  # who may only look has none of them

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._check_factor(cleaned.get("action", ""))
        for action, name, low, high in NUMBERS:
            if cleaned.get("action") == action:
                self._check_range(name, low, high)
        self._check_order("starts_at", "ends_at", _("The end lies before the beginning."))
        self._check_order("price_from", "price_to", _("The upper price is below the lower one."))
        if cleaned.get("action") in {Action.HIDE, Action.PIN, Action.BOOST, Action.BURY} and not self._has_condition():
            self.add_error(None, _("Say which products it is about: fill in at least one of the conditions."))
        return cleaned

    def _check_factor(self, action: str) -> None:
        factor = self.cleaned_data.get("factor") or 0
        if action == Action.BOOST and not factor > 1:
            self.add_error("factor", _("Enter a number above 1, such as 2. To move products down, choose Bury."))
        if action == Action.BURY and not 0 < factor < 1:
            self.add_error("factor", _("Enter a number between 0 and 1, such as 0.5. To show none, choose Hide."))

    def _check_range(self, name: str, low: int, high: int) -> None:
        value = self.cleaned_data.get(name)
        if value is None or not low <= value <= high:
            self.add_error(name, _("Enter a number from %(low)d to %(high)d.") % {"low": low, "high": high})

    def _check_order(self, first: str, second: str, message: str) -> None:
        low, high = self.cleaned_data.get(first), self.cleaned_data.get(second)
        if low is not None and high is not None and high < low:
            self.add_error(second, message)

    def _has_condition(self) -> bool:
        names = ("item_ids", "categories", "attributes", "price_from", "price_to", "words")
        return any(self.cleaned_data.get(name) not in (None, "", [], {}) for name in names)


def attribute_names() -> tuple[str, ...]:
    """The attributes of the shop's catalogue; () without one."""
    try:
        attributes = get_catalog().attributes
    except CatalogNotFound:
        return ()
    return tuple(attributes)


def known_categories() -> Iterable[str]:
    """Category labels of the live model's catalogue, for suggestions."""
    model = live_model()
    if model is None or model.artifact.shelf_facts is None:
        return ()
    assortment = model.artifact.shelf_facts.assortment
    return sorted(str(value) for value in assortment.values[assortment.fields == CATEGORY])[:SUGGESTION_COUNT]


@admin.register(Rule)
class RuleAdmin(TypedAdmin[Rule]):
    """Rules, the order in which they apply, and what each would change."""

    form = RuleForm
    actions = None
    list_display = ("name", "does", "about", "where", "state")
    list_filter = ("action", "is_active")
    search_fields = ("name",)
    change_form_template = "admin/django_recs/rule/change_form.html"
    change_list_template = "admin/django_recs/rule/change_list.html"
    fieldsets = (
        (None, {"fields": ("name", "action", "factor", "most", "cap_by", "share_percent", "position")}),
        (
            gettext_lazy("Which products"),
            {
                "fields": ("categories", "attributes", ("price_from", "price_to"), "words", "item_ids"),
                "description": gettext_lazy("A product must meet everything that is filled in here."),
            },
        ),
        (gettext_lazy("Where"), {"fields": ("placements",)}),
        (gettext_lazy("When"), {"fields": ("is_active", "starts_at", "ends_at")}),
    )

    class Media:
        css = {"all": ["django_recs/admin.css"]}
        js = ["django_recs/rule.js"]

    @admin.display(description=gettext_lazy("what it does"), ordering="action")
    def does(self, rule: Rule) -> SafeString:
        return badge(rule_sentence(rule).partition(":")[0], tone=TONES.get(Action(rule.action), "quiet"))

    @admin.display(description=gettext_lazy("with which products"))
    def about(self, rule: Rule) -> str:
        return condition_words(rule)

    @admin.display(description=gettext_lazy("where"))
    def where(self, rule: Rule) -> str:
        return place_words(rule)

    @admin.display(description=gettext_lazy("when"), ordering="is_active")
    def state(self, rule: Rule) -> SafeString:
        return state_badge(rule)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    @method_decorator(csrf_protect)
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST" and "_try" in request.POST:
            return self._dry_run_view(request, object_id, form_url)
        context = {"category_suggestions": known_categories(), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def _dry_run_view(self, request: HttpRequest, object_id: str | None, form_url: str) -> HttpResponse:
        """The form as typed, with the lists that the rule would change. Saves nothing."""
        rule = self.get_object(request, unquote(object_id)) if object_id else None
        if object_id and rule is None:
            raise Http404
        allowed = self.has_change_permission(request, rule) if rule else self.has_add_permission(request)
        if not allowed:
            raise PermissionDenied
        name = str(rule) if rule else ""
        form = self.get_form(request, rule, change=bool(rule))(request.POST, instance=rule)
        dry_run: DryRun | None = None
        may_see_people = request.user.has_perm("django_recs.view_event")
        if form.is_valid():
            dry_run = try_rule(form.instance, may_see_people=may_see_people)
        fields = AdminForm(form, cast("list[Any]", self.get_fieldsets(request, rule)), {}, (), model_admin=self)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Dry run of %s, not saved yet") % name if name else _("Dry run, not saved yet"),
            "subtitle": None,
            "adminform": fields,
            "object_id": object_id,
            "original": rule,
            "is_popup": False,
            "to_field": None,
            "media": self.media + fields.media,
            "inline_admin_formsets": [],
            "errors": AdminErrorList(form, []),
            "preserved_filters": self.get_preserved_filters(request),
            "category_suggestions": known_categories(),
            "dry_run": dry_run,
            "may_see_people": may_see_people,
        }
        return self.render_change_form(
            request, context, add=rule is None, change=rule is not None, obj=rule, form_url=form_url
        )
