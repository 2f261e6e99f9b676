"""What hyper-parameters are called on these pages."""

from collections.abc import Mapping

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy

PARAMETER_LABELS = {
    "voices.frequency_half_life_days": gettext_lazy("Own habits: half-life in days"),
    "voices.ease_fit_half_life_days": gettext_lazy("Linear model: half-life of what teaches, days"),
    "voices.ease_history_half_life_days": gettext_lazy("Linear model: half-life of a visitor's past, days"),
    "voices.ease_penalty": gettext_lazy("Linear model: penalty"),
    "voices.knn_fit_half_life_days": gettext_lazy("Similar items: half-life of what teaches, days"),
    "voices.knn_history_half_life_days": gettext_lazy("Similar items: half-life of a visitor's past, days"),
    "voices.knn_neighbour_count": gettext_lazy("Similar items: neighbours kept"),
    "voices.knn_shrinkage": gettext_lazy("Similar items: shrinkage"),
    "voices.co_purchase_history_half_life_days": gettext_lazy("Bought together: half-life of a visitor's past, days"),
    "voices.text_history_half_life_days": gettext_lazy("Similar texts: half-life of a visitor's past, days"),
    "voices.text_neighbour_count": gettext_lazy("Similar texts: neighbours kept"),
    "voices.transitions_half_life_places": gettext_lazy("What comes next: half-life of a step back, steps"),
    "voices.transitions_fit_half_life_days": gettext_lazy("What comes next: half-life of what teaches, days"),
    "voices.transitions_penalty": gettext_lazy("What comes next: penalty"),
    "network.width": gettext_lazy("Network: width"),
    "network.block_count": gettext_lazy("Network: blocks"),
    "network.max_length": gettext_lazy("Network: events read of a visitor"),
    "network.learning_rate": gettext_lazy("Network: learning rate"),
    "network.tokens_per_batch": gettext_lazy("Network: events per batch"),
    "network.dropout": gettext_lazy("Network: dropout"),
    "network.id_dropout": gettext_lazy("Network: share of items known by content alone"),
    "network.id_trust": gettext_lazy("Network: events until an item's own vector counts half"),
    "network.half_life_days": gettext_lazy("Network: half-life of what teaches, days"),
}


def parameter_label(name: str) -> str:
    return str(PARAMETER_LABELS.get(name, name.replace("_", " ")))


def plain_number(value: object) -> str:
    """Four significant digits, such as ``0.0021``, ``57.3`` or ``4,096``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    text = f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    digits = len(text.partition(".")[2]) if "e" not in text else 6
    return number_format(round(value, digits), decimal_pos=digits, force_grouping=True)


def plain_trial_score(score: float | None) -> str:
    """``0.2150``: always four decimals, since configurations differ in the last ones; a dash where there is none."""
    return "–" if score is None else number_format(round(score, 4), decimal_pos=4)


def plain_gain(gain: float | None, error: float | None) -> str:
    """``+0.0021 ± 0.0009``; a dash where nothing was compared."""
    if gain is None:
        return "–"
    return f"{signed(gain)} ± {plain_trial_score(error or 0.0)}"


def signed(gain: float) -> str:
    """``+0.0021`` or ``−0.0003``."""
    return f"{'+' if gain >= 0 else '−'}{plain_trial_score(abs(gain))}"


def labelled_values(values: object) -> list[tuple[str, str]]:
    """Values by the labels of their parameters."""
    found = values if isinstance(values, Mapping) else {}
    return [(parameter_label(name), plain_number(value)) for name, value in found.items()]
