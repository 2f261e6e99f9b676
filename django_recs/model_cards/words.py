"""What slices, groups, recommenders and measures are called where people read of them."""

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MAIN_METRIC = "ndcg@10"
OWN_NAME = "blend"
CHAMPION_NAME = "champion"
UNRANKED_NAME = "unranked"
WHOLE_NAMES = frozenset({OWN_NAME, CHAMPION_NAME, UNRANKED_NAME})
"""Recommenders that are no single part of a version."""

SLICE_LABELS = {
    "returning": gettext_lazy("Returning customers"),
    "new_to_them": gettext_lazy("Items new to them"),
    "cold_item": gettext_lazy("New items"),
    "new_visitor_1": gettext_lazy("New visitors, 1 click"),
    "new_visitor_2": gettext_lazy("New visitors, 2 clicks"),
    "new_visitor_3": gettext_lazy("New visitors, 3 clicks"),
}
GROUPING_LABELS = {
    "buyers": gettext_lazy("By how often they buy"),
    "country": gettext_lazy("By country"),
    "segment": gettext_lazy("By segment"),
}
GROUP_LABELS = {
    "light_buyers": gettext_lazy("Light buyers"),
    "heavy_buyers": gettext_lazy("Heavy buyers"),
}
RECOMMENDER_LABELS = {
    OWN_NAME: gettext_lazy("This version"),
    CHAMPION_NAME: gettext_lazy("Live at that time"),
    UNRANKED_NAME: gettext_lazy("This version without its ranker"),
    "personal_frequency": gettext_lazy("Own habits"),
    "item_knn": gettext_lazy("Similar items (kNN)"),
    "co_purchase": gettext_lazy("Bought together"),
    "ease": gettext_lazy("Linear model (EASE)"),
    "transitions": gettext_lazy("What comes next (linear)"),
    "text_knn": gettext_lazy("Similar texts"),
    "sequence": gettext_lazy("Neural network"),
    "trend_3d": gettext_lazy("Bestsellers, 3 days"),
    "trend_7d": gettext_lazy("Bestsellers, 7 days"),
    "trend_14d": gettext_lazy("Bestsellers, 14 days"),
}
LEAD_METRIC = "behind_blend"
"""Not a figure of a recommender alone: how far this version's main metric lies above it, question by question."""
CHAMPION_LEAD_METRIC = "behind_champion"
"""The same for the version that was live at that time."""
METRICS_WITHOUT_BEST = frozenset(
    {LEAD_METRIC, CHAMPION_LEAD_METRIC, "popularity@10", "popularity_lift@10", "gini@10", "novelty@10", "diversity@10"}
)
"""More of these is not better by itself."""


def slice_label(name: str) -> str:
    return str(SLICE_LABELS.get(name, name.replace("_", " ")))


def recommender_label(name: str) -> str:
    return str(RECOMMENDER_LABELS.get(name, name.replace("_", " ")))


def grouping_label(name: str) -> str:
    return str(GROUPING_LABELS.get(name, name.replace("_", " ").capitalize()))


def group_label(name: str) -> str:
    return str(GROUP_LABELS.get(name, name))


def metric_label(metric: str) -> str:
    """``ndcg@10`` -> ``NDCG@10``; ``hit_rate@10`` -> ``Hit rate@10``."""
    if metric == LEAD_METRIC:
        return _("Lead of this version in NDCG@10")
    if metric == CHAMPION_LEAD_METRIC:
        return _("Lead of the version that was live, in NDCG@10")
    if metric == "gini@10":
        return _("Inequality of exposure (Gini)@10")
    name = metric.replace("_", " ")
    return name.upper() if name.partition("@")[0] in {"ndcg", "map", "mrr"} else name.capitalize()


def metric_explanation(metric: str) -> str:
    """What a metric says, for somebody who sells things."""
    if metric == LEAD_METRIC:
        return _(
            "How far this version lies above each of the others, question by question. A lead of more than about twice "
            "the number after ± is hardly chance; below zero the other one was better."
        )
    if metric == CHAMPION_LEAD_METRIC:
        return _("The same for the version that was live at that time.")
    name, _at, depth = metric.partition("@")
    explanations = {
        "precision": _("How many of the first %s places held something that people went on to buy."),
        "novelty": _(
            "How little known the first %s are, in bits: 1 more whenever half as many people took them before."
        ),
        "diversity": _("How little the words of the first %s overlap: 0 all alike, 1 nothing in common."),
        "popularity": _("What share of all buyers had taken the first %s before."),
        "popularity_lift": _(
            "How much more popular the first %s are than what their readers took before: 0 as much, 1 twice as much."
        ),
        "gini": _("How unequally the first %s places are shared out among the products: 0 all alike, 1 all to one."),
        "ndcg": _("How high the things people went on to buy stood among the first %s. 1 is perfect, 0 is none."),
        "recall": _("How much of what people went on to buy was among the first %s."),
        "hit_rate": _("How many people found at least one thing they bought among the first %s."),
        "map": _("How clean the first %s were down to each thing that was bought. 1 is perfect."),
        "mrr": _("How soon the first bought thing came among the first %s: 1 is first place, 0.5 second."),
        "coverage": _("How much of the catalogue appears in anybody's first %s."),
    }
    return explanations[name] % depth if name in explanations and depth else ""


def in_plain_words(reason: str) -> str:
    """A sentence of the gate with the names of slices and recommenders replaced by what this page calls them."""
    labels = {**SLICE_LABELS, **RECOMMENDER_LABELS}
    return re.sub(r"\b\w+\b", lambda word: f"“{labels[word[0]]}”" if word[0] in labels else word[0], reason)


def plain_value(value: object) -> str:
    """A value of the protocol as text; what is nested is spelled out."""
    if isinstance(value, Mapping):
        parts = [f"{recommender_label(name)} {plain_value(part)}" for name, part in value.items()]
        return ", ".join(parts)
    return str(value)
