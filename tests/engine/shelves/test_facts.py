"""The facts for shelves inside an artifact."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from django_recs.engine.artifacts import ArtifactRefused, open_artifact, write_artifact
from django_recs.engine.shelves.facts import ShelfFacts, fit_shelf_facts
from tests.engine.artifact_by_hand import ITEM_IDS, orders, tiny_blend, write_tiny
from tests.engine.by_hand import content, shop


def facts() -> ShelfFacts:
    texts = content("red mug", "blue mug", "tea pot", "hat", "sticker", categories=[("Mugs",)] * 2 + [()] * 3)
    return fit_shelf_facts(orders(), texts, np.zeros(len(orders()), dtype=np.int64))


def write(folder: Path, written: ShelfFacts | None) -> Path:
    write_artifact(
        folder,
        blend=tiny_blend(),
        item_ids=ITEM_IDS,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        code_version="1",
        metrics={},
        dataset={},
        shelf_facts=written,
    )
    return folder


def test_every_part_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    opened = open_artifact(write(tmp_path, facts())).shelf_facts

    assert opened is not None
    for part, arrays in facts().parts().items():
        for name, values in arrays.items():
            assert np.asarray(opened.parts()[part][name]).tobytes() == np.asarray(values).tobytes(), (part, name)


def test_an_artifact_without_them_opens_and_counts_as_before(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    artifact = open_artifact(tmp_path)

    assert artifact.shelf_facts is None
    assert artifact.bought_together(1, min_persons=4, limit=9)[0].tolist() == [2]


def test_facts_about_other_items_are_refused(tmp_path: Path) -> None:
    other = fit_shelf_facts(shop(item_count=1), content("red mug"), np.zeros(0, dtype=np.int64))

    with pytest.raises(ArtifactRefused, match="not about 5 items"):
        open_artifact(write(tmp_path, other))


def test_neighbours_of_few_persons_are_no_neighbours(tmp_path: Path) -> None:
    """Four persons have both mugs, one has mug and pot; the network speaks for itself."""
    artifact = open_artifact(write(tmp_path, facts()))

    everybody = artifact.similar(2, limit=9, counts_only=True)[0].tolist()
    enough = artifact.similar(2, limit=9, counts_only=True, min_persons=4)[0].tolist()

    assert 3 in everybody
    assert enough[0] == 1
    assert 3 not in enough
