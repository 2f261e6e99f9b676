"""The live version meets a challenger in the challenger's item numbers, with its rankers and what they know."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pytest_django.fixtures import Settings

from django_recs.engine.artifacts import write_artifact
from django_recs.engine.blend import Blend
from django_recs.engine.interactions import Histories
from django_recs.engine.ranking.facts import item_facts
from django_recs.engine.situations import Situation
from django_recs.models import ModelVersion, TrainingRun
from django_recs.pipeline.champion import PREFIX, Champion, open_translated, under_own_names
from django_recs.serving.storage import store_artifact
from tests.engine.artifact_by_hand import ITEM_IDS, orders, somebody, tiny_blend
from tests.engine.ranking_by_hand import stump

THEIRS = ["", "new", *reversed(ITEM_IDS[1:])]
"""The challenger's catalogue: the same items in another order behind one that the live version does not know."""
PRICES = np.array([np.nan, 9.0, 9.0, 1.0, 9.0, 1.0])
"""The tea pot and the sticker are cheap."""
BLEND = replace(
    tiny_blend(),
    rankers={
        Situation.RETURNING: stump(
            *(voice.name for voice in tiny_blend().voices), feature="log_price", threshold=1.0, low=9.0, high=0.0
        )
    },
    facts=item_facts(orders(), PRICES),
)


@pytest.fixture
def champion(tmp_path: Path, settings: Settings, db: None) -> Champion:
    settings.DJANGO_RECS = {"ARTIFACT_ROOT": str(tmp_path / "artifacts")}
    sha256 = write_artifact(
        tmp_path / "made",
        blend=BLEND,
        item_ids=ITEM_IDS,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        code_version="0",
        metrics={},
        dataset={"trained_until": 7},
    )
    store_artifact(tmp_path / "made", "live")
    version = ModelVersion.objects.create(run=TrainingRun.objects.create(), artifact="live", manifest_sha256=sha256)
    return open_translated(version, THEIRS, prefix=PREFIX)


def visitor(item_ids: list[str]) -> Histories:
    """The first of `somebody`, who had the red mug and the tea pot, in the numbers of a catalogue."""
    numbers = np.array([item_ids.index(ITEM_IDS[item]) for item in somebody().item], dtype=np.int32)
    return replace(somebody(), item=numbers).rows(0, 1)


def listed(blend: Blend, item_ids: list[str], situation: Situation) -> list[str]:
    """What the live version knows and may show, best first, by the shop's ids."""
    allowed = np.array([item_id not in ("", "new") for item_id in item_ids])
    items, scores = blend.rank(visitor(item_ids), situation, allowed, count=5)
    return [item_ids[item] for item in items[0][scores[0] > 0]]


@pytest.mark.parametrize("situation", [Situation.RETURNING, Situation.NEW_VISITOR])
def test_it_ranks_in_other_numbers_as_in_its_own(champion: Champion, situation: Situation) -> None:
    own = listed(BLEND, ITEM_IDS, situation)

    assert listed(champion.blend, THEIRS, situation) == own
    assert champion.trained_until == 7
    assert {name.removeprefix(PREFIX) for name in champion.blend.rankers[Situation.RETURNING].voices.tolist()} == {
        voice.name for voice in BLEND.voices
    }


def test_its_trees_put_what_is_cheap_first(champion: Champion) -> None:
    assert listed(champion.blend, THEIRS, Situation.RETURNING)[0] == "tea pot/1"
    assert listed(replace(champion.blend, rankers={}), THEIRS, Situation.RETURNING)[0] != "tea pot/1"


def test_its_recipe_ranks_over_voices_fitted_anew_under_their_own_names(champion: Champion) -> None:
    facts = champion.blend.facts
    again = tuple(replace(voice, name=voice.name.removeprefix(PREFIX)) for voice in champion.blend.voices)  # type: ignore[type-var]

    recipe = champion.recipe(again, facts)

    assert recipe is not None
    assert listed(recipe, THEIRS, Situation.RETURNING) == listed(champion.blend, THEIRS, Situation.RETURNING)
    assert [voice.name for voice in recipe.voices] == [voice.name for voice in BLEND.voices]
    beside = under_own_names(recipe)
    assert all(voice.name.startswith(PREFIX) for voice in beside.voices)
    assert listed(beside, THEIRS, Situation.RETURNING) == listed(recipe, THEIRS, Situation.RETURNING)


def test_without_facts_the_recipe_is_the_sum_alone(champion: Champion) -> None:
    recipe = champion.recipe(BLEND.voices, None)

    assert recipe is not None
    assert recipe.rankers == {}
