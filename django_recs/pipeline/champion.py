"""The live version as a competitor: its voices answer in the item numbers of the new data."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, cast

import numpy as np

from django_recs.engine.artifacts import ArtifactRefused
from django_recs.engine.blend import Blend
from django_recs.engine.interactions import FloatArray, Histories, Int32Array
from django_recs.engine.ranking.facts import ItemFacts
from django_recs.engine.ranking.ranker import Ranker
from django_recs.engine.recommender import Arrays, Recommender
from django_recs.engine.situations import Situation
from django_recs.models import ModelVersion
from django_recs.pipeline.configuration import CONFIGURATION, Configuration
from django_recs.serving.live import open_version
from django_recs.serving.registry import live_version

logger = logging.getLogger(__name__)

PREFIX = "champion."


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The live version and until when it had learned."""

    version_id: int
    blend: Blend
    trained_until: int
    """Seconds since 1970: it must not be judged by anything before, which it may have seen."""
    configuration: Configuration = field(default_factory=Configuration)
    """The hyper-parameters that it was trained with."""

    def recipe(self, voices: Sequence[Recommender], facts: ItemFacts | None) -> Blend | None:
        """Its weights and rankers over ``voices``, by name, and ``facts``; None where a situation would be mute."""
        named = tuple(
            replace(voice, name=voice.name.removeprefix(PREFIX)) if isinstance(voice, TranslatedVoice) else voice
            for voice in self.blend.voices
        )
        rankers = {
            situation: replace(ranker, voices=np.char.replace(ranker.voices, PREFIX, "", 1))
            for situation, ranker in self.blend.rankers.items()
        }
        recipe = replace(self.blend, voices=named, rankers=rankers)
        blend = recipe.with_voices(voices, facts=facts)
        return blend if all(weights.any() for weights in blend.weights.values()) else None


@dataclass(frozen=True, kw_only=True)
class TranslatedVoice:
    """A voice of another artifact behind the item numbers of this one. Items that it does not know score 0, as where
    nothing is known, or as low as its lowest."""

    name: str
    supports_cold_items: bool
    voice: Recommender
    theirs: Int32Array
    """(I + 1,) their number of each item, 0 where they have none."""

    def score(self, histories: Histories) -> FloatArray:
        scores = self.voice.score(self._translated(histories))
        unknown = scores[:, 1:].min(axis=1, initial=0.0, keepdims=True)
        return np.where(self.theirs > 0, scores[:, self.theirs], unknown).astype(np.float32)

    def arrays(self) -> Arrays:
        raise TypeError("A translated voice is for comparing only; it is not stored.")

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        raise TypeError("A translated voice is for comparing only; it is not stored.")

    def _translated(self, histories: Histories) -> Histories:
        item = self.theirs[histories.item]
        return replace(histories, item=item).where(item > 0)


@dataclass(frozen=True, kw_only=True)
class PrefixedVoice:
    """A voice with `PREFIX` before its name."""

    voice: Recommender

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.voice.name}"

    @property
    def supports_cold_items(self) -> bool:
        return self.voice.supports_cold_items

    def score(self, histories: Histories) -> FloatArray:
        return self.voice.score(histories)

    def arrays(self) -> Arrays:
        raise TypeError("A voice of the live version is for comparing only; it is not stored.")

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        raise TypeError("A voice of the live version is for comparing only; it is not stored.")


def under_own_names(blend: Blend) -> Blend:
    """``blend`` with `PREFIX` before the names of its voices, to be judged beside voices of the same names."""
    voices = cast(tuple[Recommender, ...], tuple(PrefixedVoice(voice=voice) for voice in blend.voices))
    return replace(blend, voices=voices, rankers=_prefixed(blend.rankers, PREFIX))


def open_champion(item_ids: Sequence[str]) -> Champion | None:
    """The live version over ``item_ids`` (I + 1,), or None when there is none or its artifact cannot be opened."""
    version = live_version()
    if version is None:
        return None
    try:
        return open_translated(version, item_ids, prefix=PREFIX)
    except (ArtifactRefused, OSError, KeyError, ValueError):
        logger.warning("The live version %s cannot be opened and is not compared with.", version, exc_info=True)
        return None


def open_translated(version: ModelVersion, item_ids: Sequence[str], *, prefix: str = "") -> Champion:
    """``version`` over ``item_ids`` (I + 1,); ``prefix`` goes before the names of its voices.

    Raises:
        ArtifactRefused: when its files cannot be used.
        OSError: when they cannot be read.
    """
    artifact = open_version(version)
    place = {str(item_id): number for number, item_id in enumerate(artifact.item_ids)}
    theirs = np.array([0, *(place.get(item_id, 0) for item_id in item_ids[1:])], dtype=np.int32)
    voices = tuple(
        TranslatedVoice(
            name=f"{prefix}{voice.name}", supports_cold_items=voice.supports_cold_items, voice=voice, theirs=theirs
        )
        for voice in artifact.blend.voices
    )
    return Champion(
        version_id=version.pk,
        blend=_translated(artifact.blend, cast(tuple[Recommender, ...], voices), theirs, prefix=prefix),
        trained_until=int(artifact.manifest["dataset"]["trained_until"]),
        configuration=Configuration.from_described(
            artifact.manifest["metrics"].get("protocol", {}).get(CONFIGURATION, {})
        ),
    )


def _translated(blend: Blend, voices: tuple[Recommender, ...], theirs: Int32Array, *, prefix: str) -> Blend:
    """``blend`` over its translated voices, whose names got a ``prefix``; its facts in the order of ``theirs``."""
    facts = blend.facts.take(theirs) if blend.facts else None
    return Blend(voices=voices, weights=blend.weights, rankers=_prefixed(blend.rankers, prefix), facts=facts)


def _prefixed(rankers: Mapping[Situation, Ranker], prefix: str) -> dict[Situation, Ranker]:
    """Rankers of voices whose names got a ``prefix``."""
    return {
        situation: replace(ranker, voices=np.char.add(prefix, ranker.voices)) for situation, ranker in rankers.items()
    }
