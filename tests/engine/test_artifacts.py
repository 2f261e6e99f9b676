"""Artifacts: what was written is what is read, and nothing else is read."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from django_recs.engine.artifacts import ITEM_IDS as ITEM_IDS_FILE
from django_recs.engine.artifacts import MANIFEST, ArtifactRefused, open_artifact, write_artifact
from django_recs.engine.blend import Blend
from django_recs.engine.ranking.facts import item_facts
from django_recs.engine.situations import Situation
from tests.engine.artifact_by_hand import ITEM_IDS, METRICS, orders, somebody, tiny_blend, write_tiny
from tests.engine.by_hand import content
from tests.engine.ranking_by_hand import stump


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny artifact; tests that change it take a `copy`."""
    folder = tmp_path_factory.mktemp("artifact")
    write_tiny(folder)
    return folder


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    for path in written.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def rewrite_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Put other bytes in the place of a file, with a manifest that knows them."""
    (folder / name).write_bytes(content)

    def change(manifest: dict[str, Any]) -> None:
        manifest["files"][name] |= {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}

    rewrite_manifest(folder, change)


def test_scores_are_the_same_to_the_last_bit(written: Path) -> None:
    blend, opened = tiny_blend(), open_artifact(written)

    assert [voice.name for voice in opened.blend.voices] == [voice.name for voice in blend.voices]
    for before, after in zip(blend.voices, opened.blend.voices, strict=True):
        assert before.score(somebody()).tobytes() == after.score(somebody()).tobytes()
    for situation in Situation:
        assert blend.score(somebody(), situation).tobytes() == opened.blend.score(somebody(), situation).tobytes()


def ranked_blend() -> Blend:
    voice_names = [voice.name for voice in tiny_blend().voices]
    ranker = stump(*voice_names, feature="log_price", threshold=1.0, low=2.0, high=0.0)
    facts = item_facts(orders(), np.array([np.nan, 9.0, 9.0, 9.0, 2.0, np.nan]))
    return replace(tiny_blend(), rankers={Situation.RETURNING: ranker}, facts=facts)


def write_ranked(folder: Path) -> Path:
    write_artifact(
        folder,
        blend=ranked_blend(),
        item_ids=ITEM_IDS,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        code_version="0",
        metrics={},
        dataset={},
    )
    return folder


def test_rankers_and_facts_are_stored_with_the_blend(tmp_path: Path) -> None:
    opened = open_artifact(write_ranked(tmp_path / "ranked")).blend

    allowed = np.arange(6) > 0
    expected = ranked_blend().rank(somebody(), Situation.RETURNING, allowed, count=5)
    items, scores = opened.rank(somebody(), Situation.RETURNING, allowed, count=5)
    assert set(opened.rankers) == {Situation.RETURNING}
    assert (items.tolist(), scores.tobytes()) == (expected[0].tolist(), expected[1].tobytes())


def test_facts_of_another_catalogue_are_refused(tmp_path: Path) -> None:
    folder = write_ranked(tmp_path / "ranked")
    other = np.zeros(5, dtype=np.float32)
    with (folder / "facts.persons.npy").open("wb") as target:
        np.save(target, other)
    content = (folder / "facts.persons.npy").read_bytes()
    replace_file(folder, "facts.persons.npy", content)
    rewrite_manifest(folder, lambda manifest: manifest["files"]["facts.persons.npy"].update(shape=[5]))

    with pytest.raises(ArtifactRefused, match="the facts do not fit the item ids"):
        open_artifact(folder)


def test_a_ranker_of_a_voice_that_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = write_ranked(tmp_path / "ranked")

    def lose_a_voice(manifest: dict[str, Any]) -> None:
        manifest["blend"]["voices"].pop()
        manifest["blend"]["weights"] = {key: values[:-1] for key, values in manifest["blend"]["weights"].items()}

    rewrite_manifest(folder, lose_a_voice)

    with pytest.raises(ArtifactRefused, match="the ranker of returning does not fit the voices"):
        open_artifact(folder)


def test_the_manifest_says_what_is_inside(written: Path) -> None:
    manifest = json.loads((written / MANIFEST).read_text())

    assert manifest["format_version"] == 1
    assert manifest["created_at"] == "2026-01-02T03:04:05+00:00"
    assert (manifest["item_count"], manifest["metrics"]) == (5, METRICS)
    assert manifest["dataset"] == {"fingerprint": "by hand", "event_count": 11}
    assert set(manifest["files"]) == {path.name for path in written.iterdir()} - {MANIFEST}
    assert {Path(name).suffix for name in manifest["files"]} == {".npy", ".onnx"}
    for name, facts in manifest["files"].items():
        content = (written / name).read_bytes()
        assert facts["sha256"] == hashlib.sha256(content).hexdigest()
        assert facts["size"] == len(content)


def test_ids_are_found_both_ways(written: Path) -> None:
    artifact = open_artifact(written)

    assert artifact.item_ids.tolist() == ITEM_IDS
    assert [artifact.index_of(item_id) for item_id in ITEM_IDS[1:]] == [1, 2, 3, 4, 5]
    assert artifact.index_of("") is None
    assert artifact.index_of("gone") is None


def test_shelves_that_need_no_visitor(written: Path) -> None:
    artifact = open_artifact(written)

    def names(found: tuple[np.ndarray, np.ndarray]) -> list[str]:
        return [ITEM_IDS[item] for item in found[0]]

    assert names(artifact.bought_together(1, min_persons=4, limit=9)) == ["blue-mug"]
    assert names(artifact.bought_together(1, min_persons=1, limit=9)) == ["blue-mug", "tea pot/1"]
    assert names(artifact.bought_together(1, min_persons=5, limit=9)) == []
    assert names(artifact.trending(limit=3)) == ["red-mug", "blue-mug", "tea pot/1"]
    assert names(artifact.similar(1, limit=9, counts_only=True))[0] == "blue-mug"
    assert "наклейка" in names(artifact.similar(1, limit=9, counts_only=True))
    assert "red-mug" not in names(artifact.similar(1, limit=9))
    items, scores = artifact.similar(1, limit=2)
    assert (items.dtype, scores.dtype, len(items)) == (np.int32, np.float32, 2)
    assert scores[0] >= scores[1] > 0


def test_the_counts_are_the_blend_without_its_network(written: Path) -> None:
    artifact = open_artifact(written)

    assert "sequence" in [voice.name for voice in artifact.blend.voices]
    assert "sequence" not in [voice.name for voice in artifact.counts_blend.voices]
    assert artifact.counts_blend.score(somebody(), Situation.RETURNING).shape == (3, 6)


def test_arrays_are_mapped_and_cannot_be_written(written: Path) -> None:
    artifact = open_artifact(written)

    with pytest.raises(ValueError, match="read-only"):
        artifact.item_ids[1] = "other"


def test_one_flipped_bit_in_any_file_is_refused_by_name(copy: Path) -> None:
    for path in sorted(copy.iterdir()):
        if path.name == MANIFEST:
            continue
        content = bytearray(path.read_bytes())
        for place in (0, len(content) // 2, len(content) - 1):
            content[place] ^= 1
            path.write_bytes(content)
            with pytest.raises(ArtifactRefused, match=f"{path.name} was altered"):
                open_artifact(copy)
            content[place] ^= 1
        path.write_bytes(content)
    open_artifact(copy)


def test_a_file_cut_short_or_gone_is_refused_by_name(copy: Path) -> None:
    for path in sorted(copy.iterdir()):
        content = path.read_bytes()
        path.write_bytes(content[:-1])
        with pytest.raises(ArtifactRefused, match=path.name):
            open_artifact(copy)
        path.unlink()
        with pytest.raises(ArtifactRefused, match=f"{path.name} cannot be read"):
            open_artifact(copy)
        path.write_bytes(content)


def test_nothing_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactRefused, match="manifest.json cannot be read"):
        open_artifact(tmp_path / "missing")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"format_version": "1"}'])
def test_a_manifest_that_is_none_is_refused(copy: Path, content: bytes) -> None:
    (copy / MANIFEST).write_bytes(content)

    with pytest.raises(ArtifactRefused, match="manifest.json"):
        open_artifact(copy)


def test_an_unknown_format_is_refused_with_both_versions(copy: Path) -> None:
    rewrite_manifest(copy, lambda manifest: manifest.update(format_version=2))

    with pytest.raises(ArtifactRefused, match="format version 2; this code reads version 1"):
        open_artifact(copy)


@pytest.mark.parametrize(
    "name", ["../secret.npy", "/etc/passwd", "a/b.npy", "x.pkl", ".hidden.npy", "a\\b.npy", "x.npy\n", ""]
)
def test_a_name_that_leads_elsewhere_is_refused(copy: Path, name: str) -> None:
    rewrite_manifest(copy, lambda manifest: manifest["files"].update({name: {"size": 0, "sha256": ""}}))

    with pytest.raises(ArtifactRefused, match="not a file name of an artifact"):
        open_artifact(copy)


def test_a_link_to_elsewhere_is_refused(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "ids.npy"
    (copy / ITEM_IDS_FILE).rename(elsewhere)
    (copy / ITEM_IDS_FILE).symlink_to(elsewhere)

    with pytest.raises(ArtifactRefused, match="not a file name of an artifact"):
        open_artifact(copy)


def npy(values: np.ndarray, tmp_path: Path, *, allow_pickle: bool = False) -> bytes:
    path = tmp_path / "made.npy"
    np.save(path, values, allow_pickle=allow_pickle)
    content = path.read_bytes()
    path.unlink()
    return content


def test_an_array_of_objects_is_refused(copy: Path) -> None:
    replace_file(copy, ITEM_IDS_FILE, npy(np.array(ITEM_IDS, dtype=object), copy, allow_pickle=True))

    with pytest.raises(ArtifactRefused, match="item_ids.npy is not a plain array"):
        open_artifact(copy)


@pytest.mark.parametrize(
    "values", [np.zeros(4, dtype=np.float32), np.zeros((6, 1), dtype=np.float32), np.zeros(6, dtype=np.float64)]
)
def test_another_shape_or_type_than_the_manifest_says_is_refused(copy: Path, values: np.ndarray) -> None:
    replace_file(copy, "trend_7d.popularity.npy", npy(values, copy))

    with pytest.raises(ArtifactRefused, match="trend_7d.popularity.npy holds .* the manifest says"):
        open_artifact(copy)


def test_no_array_at_all_is_refused(copy: Path) -> None:
    replace_file(copy, "trend_7d.popularity.npy", b"PK\x03\x04 not an array")

    with pytest.raises(ArtifactRefused, match="trend_7d.popularity.npy is not a plain array"):
        open_artifact(copy)


def forget_a_weight(manifest: dict[str, Any]) -> None:
    manifest["blend"]["weights"]["returning"].pop()


def weigh_by_nothing(manifest: dict[str, Any]) -> None:
    manifest["blend"]["weights"]["returning"][0] = None


def weigh_below_zero(manifest: dict[str, Any]) -> None:
    manifest["blend"]["weights"]["returning"][0] = -1


def forget_a_situation(manifest: dict[str, Any]) -> None:
    del manifest["blend"]["weights"]["cold_item"]


def name_unknown_code(manifest: dict[str, Any]) -> None:
    manifest["blend"]["voices"][0]["kind"] = "os.system"


def name_a_voice_wrongly(manifest: dict[str, Any]) -> None:
    manifest["blend"]["voices"][0]["name"] = "other"


def count_items_wrongly(manifest: dict[str, Any]) -> None:
    manifest["item_count"] = 4


def forget_an_array(manifest: dict[str, Any]) -> None:
    manifest["blend"]["voices"][0]["arrays"].popitem()


def forget_the_blend(manifest: dict[str, Any]) -> None:
    del manifest["blend"]


def list_files(manifest: dict[str, Any]) -> None:
    manifest["files"] = list(manifest["files"])


def mix_up_voices(manifest: dict[str, Any]) -> None:
    voices = {voice["name"]: voice for voice in manifest["blend"]["voices"]}
    voices["item_knn"]["arrays"]["items"] = "item_ids.npy"


@pytest.mark.parametrize(
    "change",
    [
        forget_a_weight,
        weigh_by_nothing,
        weigh_below_zero,
        forget_a_situation,
        name_unknown_code,
        name_a_voice_wrongly,
        count_items_wrongly,
        forget_an_array,
        forget_the_blend,
        list_files,
        mix_up_voices,
    ],
)
def test_a_manifest_that_does_not_fit_its_files_is_refused(
    copy: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    rewrite_manifest(copy, change)

    with pytest.raises(ArtifactRefused):
        open_artifact(copy)


def test_an_artifact_is_never_written_over(copy: Path) -> None:
    before = (copy / MANIFEST).read_bytes()

    with pytest.raises(FileExistsError, match="holds an artifact already"):
        write_tiny(copy)

    assert (copy / MANIFEST).read_bytes() == before


def test_the_same_blend_gives_the_same_manifest(written: Path, tmp_path: Path) -> None:
    sha256 = write_tiny(tmp_path / "new" / "folder")

    assert sha256 == hashlib.sha256((written / MANIFEST).read_bytes()).hexdigest()
    assert not [path.name for path in (tmp_path / "new" / "folder").iterdir() if path.name.startswith(".")]


def test_a_writer_that_fails_leaves_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_artifact(
            tmp_path,
            blend=tiny_blend(),
            item_ids=ITEM_IDS,
            created_at=datetime(2026, 1, 2, tzinfo=UTC),
            code_version="",
            metrics={"ndcg": float("nan")},
            dataset={},
        )

    with pytest.raises(ArtifactRefused, match="manifest.json cannot be read"):
        open_artifact(tmp_path)


def test_vectors_of_encoders_are_kept_for_the_next_training(tmp_path: Path) -> None:
    texts = content("red mug", "blue mug", "tea pot", "hat", "mug sticker")
    vectors = np.arange(12, dtype=np.float32).reshape(6, 2)
    keys = np.array(["", "a", "b", "", "d", "e"])
    described = replace(texts, vectors={"text": vectors, "sound": vectors}, vector_keys={"text": keys})

    write_artifact(
        tmp_path,
        blend=tiny_blend(),
        item_ids=ITEM_IDS,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        code_version="0.1.0",
        metrics={},
        dataset={},
        content=described,
    )

    encoded = open_artifact(tmp_path).encoded
    assert list(encoded) == ["text"]  # what a supplier gives is not encoded, so there is nothing to save
    assert encoded["text"].keys.tolist() == keys.tolist()
    assert encoded["text"].vectors.tolist() == vectors.tolist()


def test_an_artifact_without_vectors_of_encoders_has_none(written: Path) -> None:
    assert open_artifact(written).encoded == {}
