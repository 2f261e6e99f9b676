"""The form of a draft: a question, its variants and how sure to be. Everything else the planner works out."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_recs.experiments.metrics import CLICK_RATE, CONVERSION, METRICS
from django_recs.models import Experiment, Strategy, Variant

if TYPE_CHECKING:
    ExperimentModelForm = forms.ModelForm[Experiment]
    VariantModelForm = forms.ModelForm[Variant]
    VariantFormSetBase = BaseInlineFormSet[Variant, Experiment, "VariantForm"]
else:
    ExperimentModelForm = VariantModelForm = forms.ModelForm
    VariantFormSetBase = BaseInlineFormSet


class ExperimentForm(ExperimentModelForm):
    """A draft's fields, with words that say what each one costs."""

    primary_metric = forms.ChoiceField(
        label=gettext_lazy("Judged by"),
        choices=[(metric.key, metric.label) for metric in METRICS.values()],
        initial=CONVERSION,
        help_text=gettext_lazy("One metric decides. The others are shown beside it."),
    )
    lift_percent = forms.FloatField(
        label=gettext_lazy("Smallest lift worth finding, %"),
        min_value=0.1,
        max_value=500,
        initial=5,
        help_text=gettext_lazy("Relative to the control. Half the lift needs four times the visitors."),
    )
    guardrail_percent = forms.FloatField(
        label=gettext_lazy("Largest harm to conversion and revenue, %"),
        min_value=0,
        max_value=50,
        initial=2,
        help_text=gettext_lazy("A variant that may cost more than this is not called safe."),
    )
    coverage_percent = forms.IntegerField(
        label=gettext_lazy("Share of the audience, %"),
        min_value=1,
        max_value=100,
        initial=100,
        help_text=gettext_lazy("Can grow while it runs, and never shrink. Nobody changes their variant by it."),
    )
    layer_percent = forms.IntegerField(
        label=gettext_lazy("Share of the layer, %"), min_value=1, max_value=100, initial=100
    )
    window_days = forms.IntegerField(
        label=gettext_lazy("Days that count"),
        min_value=1,
        max_value=60,
        initial=14,
        help_text=gettext_lazy("After somebody saw it first, so many days of what they do are its result."),
    )

    class Meta:
        model = Experiment
        fields = (
            "name",
            "slug",
            "hypothesis",
            "placement",
            "primary_metric",
            "lift_percent",
            "ending",
            "audience",
            "coverage_percent",
            "guardrail_percent",
            "window_days",
            "layer",
            "layer_percent",
            "is_holdout",
        )
        help_texts = {
            "slug": gettext_lazy('What templates call it, as in {% recs_variant "name" as variant %}.'),
            "placement": gettext_lazy("The shelf that the variants change. Empty: your own templates ask."),
            "layer": gettext_lazy("Experiments of one layer never meet the same visitor. Usually empty."),
            "is_holdout": gettext_lazy("Its control sees no other experiment's variants. Measures all of them."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("primary_metric") == CLICK_RATE and not cleaned.get("placement"):
            self.add_error("placement", _("Clicks are counted on a shelf: say which one, or choose another metric."))
        return cleaned


class VariantForm(VariantModelForm):
    """One variant. The two changes that are wanted most have fields of their own."""

    strategy = forms.ChoiceField(
        label=gettext_lazy("Shows instead"),
        required=False,
        choices=[("", gettext_lazy("as the placement")), *Strategy.choices],
    )
    limit = forms.IntegerField(label=gettext_lazy("Items instead"), required=False, min_value=1, max_value=50)

    class Meta:
        model = Variant
        fields = ("name", "slug", "weight")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in ("strategy", "limit"):
            self.fields[name].initial = self.instance.changes.get(name)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        changes = {name: value for name, value in self.instance.changes.items() if name not in ("strategy", "limit")}
        changes |= {name: cleaned[name] for name in ("strategy", "limit") if cleaned.get(name)}
        self.instance.changes = changes
        return cleaned

    def has_changed(self) -> bool:
        return super().has_changed() or self.instance._state.adding and bool(self.initial)


class VariantFormSet(VariantFormSetBase):
    """At least two variants, in the order in which they stand; the first one is the control."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.has_changed() or form.instance.pk]
        kept = [form for form in kept if not form.cleaned_data.get("DELETE")]
        if any(self.errors):
            return
        if len(kept) < 2:
            raise ValidationError(_("Describe the control in the first line and at least one variant below it."))
        for place, form in enumerate(kept):
            form.instance.position = place
        if kept[0].instance.changes:
            raise ValidationError(_("The first line is the control: it changes nothing."))
