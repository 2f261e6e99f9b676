"""One pointer: promoted, rolled back, and never moved to what cannot be served."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from django.db import transaction

from django_recs.engine.blend import Blend
from django_recs.engine.encoder import SequenceVoice
from django_recs.engine.events import EVENT_TYPES
from django_recs.exceptions import PromotionRefused
from django_recs.models import ModelPointer, ModelVersion
from django_recs.serving import live_version, promote, roll_back
from django_recs.signals import model_promoted
from tests.serving.fitted import publish
from tests.serving.shop_fixtures import ITEM_IDS

Status = ModelVersion.Status
Publish = Callable[[str], ModelVersion]


@pytest.fixture
def version(blend: Blend, db: None, artifact_root: Path, tmp_path: Path) -> Publish:
    return lambda name: publish(tmp_path, name, blend, list(ITEM_IDS.values()))


@pytest.fixture
def told() -> Iterator[list[tuple[str, str | None]]]:
    """Artifacts of (version, replaced) as the signal named them."""
    heard: list[tuple[str, str | None]] = []

    def listen(version: ModelVersion, replaced: ModelVersion | None, **_: object) -> None:
        heard.append((version.artifact, replaced.artifact if replaced else None))

    model_promoted.connect(listen)
    yield heard
    model_promoted.disconnect(listen)


def _statuses() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("artifact", "status"))


def test_nothing_is_live_at_first(db: None) -> None:
    assert live_version() is None


def test_the_second_promotion_retires_the_first(version: Publish) -> None:
    first, second = version("first"), version("second")
    promote(first)
    promoted = promote(second)

    assert live_version() == second
    assert _statuses() == {"first": Status.RETIRED, "second": Status.LIVE}
    assert promoted.replaced == first
    assert promoted.promoted_at is not None


def test_a_roll_back_goes_to_the_version_before_and_once_more_to_the_one_before_that(version: Publish) -> None:
    for name in ("first", "second", "third"):
        promote(version(name))

    assert roll_back().artifact == "second"
    assert _statuses() == {"first": Status.RETIRED, "second": Status.LIVE, "third": Status.RETIRED}
    assert roll_back().artifact == "first"
    with pytest.raises(PromotionRefused, match="no version to roll back to"):
        roll_back()
    assert _statuses() == {"first": Status.LIVE, "second": Status.RETIRED, "third": Status.RETIRED}


def test_promoting_the_live_version_again_changes_nothing(
    version: Publish, told: list[object], django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    promote(version("first"))
    second = promote(version("second"))

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        assert promote(second).replaced is not None
    assert told == []
    assert roll_back().artifact == "first"


def test_what_the_gate_rejected_goes_live_only_by_force(version: Publish) -> None:
    promote(version("first"))
    rejected = version("second")
    rejected.status, rejected.gate_reasons = Status.REJECTED, ["It is worse than item_knn."]
    rejected.save()

    with pytest.raises(PromotionRefused, match=r"The gate rejected v\d+\. It is worse than item_knn\."):
        promote(rejected)
    assert _statuses() == {"first": Status.LIVE, "second": Status.REJECTED}

    promote(rejected, force=True)
    assert _statuses() == {"first": Status.RETIRED, "second": Status.LIVE}


def test_a_version_whose_files_are_broken_stays_staged(version: Publish, artifact_root: Path) -> None:
    promote(version("first"))
    broken = version("second")
    (artifact_root / "second" / "item_ids.npy").write_bytes(b"")

    for force in (False, True):
        with pytest.raises(PromotionRefused, match="cannot be used"):
            promote(broken, force=force)
    assert _statuses() == {"first": Status.LIVE, "second": Status.STAGED}
    assert ModelPointer.objects.get().version.artifact == "first"


def test_another_manifest_than_the_registry_knows_is_refused(version: Publish, artifact_root: Path) -> None:
    altered, other = version("first"), version("second")
    (artifact_root / "first" / "manifest.json").write_bytes((artifact_root / "second" / "manifest.json").read_bytes())

    with pytest.raises(PromotionRefused, match="not the manifest that the registry knows"):
        promote(altered)
    assert promote(other) == other


def test_the_shop_is_told_after_the_commit_and_only_then(
    version: Publish, told: list[object], django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    first = version("first")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        promote(first)
        assert told == []
    assert told == [("first", None)]

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(ZeroDivisionError):  # type: ignore[attr-defined]
        _promote_and_fail(version("second"))
    assert told == [("first", None)]
    assert live_version() == first


def _promote_and_fail(version: ModelVersion) -> None:
    with transaction.atomic():
        promote(version)
        raise ZeroDivisionError


def test_a_listener_that_fails_does_not_undo_a_promotion(
    version: Publish, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    model_promoted.connect(fail)
    try:
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
            promote(version("first"))
    finally:
        model_promoted.disconnect(fail)

    assert _statuses() == {"first": Status.LIVE}


def test_a_version_whose_graph_does_not_run_is_not_promoted(
    blend: Blend, artifact_root: Path, tmp_path: Path, version: Publish
) -> None:
    good = version("good")
    promote(good)
    deaf = SequenceVoice(
        encoder_onnx=np.frombuffer(b"no graph", dtype=np.uint8),
        item_vectors=np.ones((len(ITEM_IDS) + 1, 2), dtype=np.float32),
        gap_edges=np.array([60], dtype=np.int64),
        read_types=np.ones(len(EVENT_TYPES), dtype=np.bool_),
        max_length=5,
    )
    broken = Blend(
        voices=(*blend.voices, deaf),
        weights={situation: np.append(weights, 1.0) for situation, weights in blend.weights.items()},
    )
    version_without_graph = publish(tmp_path, "broken", broken, list(ITEM_IDS.values()))

    with pytest.raises(PromotionRefused, match="cannot answer on this machine"):
        promote(version_without_graph)

    assert live_version() == good
