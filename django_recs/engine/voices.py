"""Which voices a blend is made of by default, with the hyper-parameters that were chosen for them, and their kinds.

The numbers were chosen on Online Retail on windows before its test period (`tests/benchmarks/online_retail_blend.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from django_recs.engine.baselines.copurchase import CoPurchase, fit_co_purchase
from django_recs.engine.baselines.decay import WeightArray
from django_recs.engine.baselines.ease import Ease, fit_ease
from django_recs.engine.baselines.frequency import PersonalFrequency, fit_personal_frequency
from django_recs.engine.baselines.neighbours import ItemKNN, fit_item_knn
from django_recs.engine.baselines.popularity import Trend, fit_trend
from django_recs.engine.baselines.text import TextKNN, fit_text_knn
from django_recs.engine.baselines.transitions import Transitions, fit_transitions
from django_recs.engine.encoder import SequenceVoice
from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.engine.recommender import Recommender
from django_recs.engine.situations import Situation

VOICE_KINDS: dict[str, type[Recommender]] = {
    "trend": Trend,
    "personal_frequency": PersonalFrequency,
    "item_knn": ItemKNN,
    "co_purchase": CoPurchase,
    "ease": Ease,
    "text_knn": TextKNN,
    "transitions": Transitions,
    "sequence": SequenceVoice,
}
"""The classes that an artifact may name, and the names it uses for them."""


@dataclass(frozen=True, kw_only=True)
class VoiceConfig:
    """How the counting voices count. A half-life is the age in days at which something counts half.

    ``fit``: age of what teaches, at the end of the data. ``history``: age of what a visitor did, when they are asked.
    """

    trend_half_lives_days: tuple[float, ...] = (3.0, 7.0, 14.0)
    """One voice of bestsellers for each; its name has the number in it, so `PRIOR_WEIGHTS` know these three."""
    frequency_half_life_days: float = 120.0
    """Of what a customer bought before, in the voice of their own habits."""
    knn_fit_half_life_days: float = 120.0
    knn_history_half_life_days: float = 20.0
    knn_neighbour_count: int = 200
    """Neighbours of an item that are kept."""
    knn_shrinkage: float = 1.0
    """Added to the denominator of the cosine, so that pairs with little support stay small."""
    co_purchase_history_half_life_days: float = 60.0
    co_purchase_link_count: int = 100
    """Items bought together with an item that are kept."""
    text_history_half_life_days: float = 100.0
    text_neighbour_count: int = 30
    """Items of similar text that are kept of an item."""
    transitions_half_life_places: float = 3.0
    """Moments of a visitor after which an event says half as much about what comes next."""
    transitions_fit_half_life_days: float = 200.0
    transitions_penalty: float = 150.0
    """L2 penalty, as of the linear model below."""
    transitions_link_count: int = 100
    """Items that follow an item that are kept."""
    ease_fit_half_life_days: float = 60.0
    ease_history_half_life_days: float = 200.0
    ease_penalty: float = 150.0
    """L2 penalty of the linear model: the larger, the more a link has to be seen before it counts."""
    ease_link_count: int = 100
    """Links of an item that are kept."""


PRIOR_WEIGHTS: Mapping[Situation, Mapping[str, float]] = {
    Situation.RETURNING: {
        "personal_frequency": 0.39,
        "ease": 0.23,
        "sequence": 0.15,
        "trend_14d": 0.08,
        "trend_7d": 0.04,
        "trend_3d": 0.04,
        "item_knn": 0.03,
        "co_purchase": 0.02,
        "text_knn": 0.02,
    },
    Situation.NEW_TO_THEM: {
        "ease": 0.42,
        "transitions": 0.05,
        "text_knn": 0.19,
        "trend_3d": 0.11,
        "item_knn": 0.10,
        "sequence": 0.10,
        "trend_14d": 0.03,
    },
    Situation.NEW_VISITOR: {
        "item_knn": 0.55,
        "co_purchase": 0.12,
        "trend_14d": 0.11,
        "sequence": 0.08,
        "ease": 0.07,
        "text_knn": 0.05,
        "trend_3d": 0.02,
    },
    Situation.COLD_ITEM: {"sequence": 0.75, "text_knn": 0.16, "trend_3d": 0.07, "trend_14d": 0.02},
}
"""Where the fit of the blend weights starts, and what a shop with few orders keeps."""

SESSION_WEIGHTS: Mapping[Situation, Mapping[str, float]] = {
    Situation.NEW_TO_THEM: {"transitions": 0.45, "sequence": 0.35, "ease": 0.20},
    Situation.NEW_VISITOR: {
        "transitions": 0.50,
        "co_purchase": 0.15,
        "ease": 0.10,
        "item_knn": 0.10,
        "sequence": 0.10,
        "trend_14d": 0.05,
    },
}
"""Another start, taken where it is better by more than noise: where people take one thing after the other, the order
says most, as of films or of pages seen. In a shop of large orders it says little."""


def kind_of(voice: Recommender) -> str:
    """The name of the voice's class in artifacts. Raises `KeyError` for a class that no artifact may hold."""
    return next((kind for kind, cls in VOICE_KINDS.items() if type(voice) is cls), None) or _unknown(voice)


def _unknown(voice: Recommender) -> str:
    raise KeyError(f"{type(voice).__name__} is not among the kinds of voices.")


def fit_voices(
    interactions: Interactions,
    content: ItemContent,
    *,
    event_weights: npt.NDArray[np.floating],
    config: VoiceConfig | None = None,
) -> tuple[Recommender, ...]:
    """The counting voices; the caller adds the sequence network to them.

    Args:
        event_weights: (T,) how much an event of each type of `EVENT_TYPES` says about liking an item, 0 to 1.
        config: see `VoiceConfig`.
    """
    config = config or VoiceConfig()
    weights: WeightArray = np.asarray(event_weights, dtype=np.float64)
    voices: list[Recommender] = [
        fit_trend(interactions, event_weights=weights, half_life_days=days) for days in config.trend_half_lives_days
    ]
    voices += [
        fit_personal_frequency(
            interactions.item_count, event_weights=weights, half_life_days=config.frequency_half_life_days
        ),
        fit_item_knn(
            interactions,
            event_weights=weights,
            fit_half_life_days=config.knn_fit_half_life_days,
            history_half_life_days=config.knn_history_half_life_days,
            neighbour_count=config.knn_neighbour_count,
            shrinkage=config.knn_shrinkage,
        ),
        fit_co_purchase(
            interactions,
            event_weights=weights,
            history_half_life_days=config.co_purchase_history_half_life_days,
            link_count=config.co_purchase_link_count,
        ),
        fit_text_knn(
            content,
            event_weights=weights,
            history_half_life_days=config.text_history_half_life_days,
            neighbour_count=config.text_neighbour_count,
        ),
        fit_transitions(
            interactions,
            event_weights=weights,
            half_life_places=config.transitions_half_life_places,
            fit_half_life_days=config.transitions_fit_half_life_days,
            penalty=config.transitions_penalty,
            link_count=config.transitions_link_count,
        ),
        fit_ease(
            interactions,
            event_weights=weights,
            fit_half_life_days=config.ease_fit_half_life_days,
            history_half_life_days=config.ease_history_half_life_days,
            penalty=config.ease_penalty,
            link_count=config.ease_link_count,
        ),
    ]
    return tuple(voices)
