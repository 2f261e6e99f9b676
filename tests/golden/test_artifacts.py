"""Artifacts of every format ever published load for ever and say what they said.

``artifacts/v1`` was written once by `tests.engine.artifact_by_hand.write_tiny` and is never written again.
"""

import json
from pathlib import Path

import numpy as np

from django_recs.engine.artifacts import open_artifact
from django_recs.engine.situations import Situation
from tests.engine.artifact_by_hand import ITEM_IDS, somebody

FOLDER = Path(__file__).parent / "artifacts"


def test_version_1_says_what_it_said() -> None:
    artifact = open_artifact(FOLDER / "v1")
    expected = json.loads((FOLDER / "v1.expected.json").read_text())

    assert artifact.item_ids.tolist() == ITEM_IDS
    assert [voice.name for voice in artifact.blend.voices] == list(expected["voices"])
    for voice in artifact.blend.voices:
        np.testing.assert_allclose(voice.score(somebody())[:, 1:], expected["voices"][voice.name], atol=2e-6)
    for situation in Situation:
        scores = artifact.blend.score(somebody(), situation)
        np.testing.assert_allclose(scores[:, 1:], expected["blend"][situation], atol=2e-6)
    assert artifact.similar(1, limit=9)[0].tolist() == expected["similar"]
    assert artifact.bought_together(1, min_persons=4, limit=9)[0].tolist() == expected["bought_together"]
    assert artifact.trending(limit=3)[0].tolist() == expected["trending"]
