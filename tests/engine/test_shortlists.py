"""The union of what the voices put first."""

import numpy as np
import pytest

from django_recs.engine import shortlists as module
from django_recs.engine.evaluation.metrics import ndcg
from django_recs.engine.shortlists import Shortlists, shortlists
from tests.engine.evaluation.test_protocol import queries_of
from tests.engine.spoken import Spoken

FIRST = Spoken.of("first", [9] * 6, [9, 5, 4, 3, 2, 1])
SECOND = Spoken.of("second", [9] * 6, [9, 0, 0, 0, 1, 4])


def test_the_first_places_of_each_voice_without_what_may_not_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLACES", 2)
    asked = queries_of([[2, 3], [3]], [[1], []], 5)

    lists = shortlists([FIRST, SECOND], [asked], 10)

    assert lists.items.tolist() == [[2, 3, 4, 5], [1, 2, 4, 5]]
    assert lists.true.tolist() == [[True, True, False, False], [False] * 4]  # item 3 of query 2: no voice found it
    assert lists.true_counts.tolist() == [2, 1]
    np.testing.assert_allclose(
        lists.features[0], [[1, 0], [(2 / 3) ** 0.5, 0], [(1 / 3) ** 0.5, 0.5], [0, 1]], rtol=1e-6
    )
    assert lists.clusters.tolist() == [3, 3]


def test_shorter_lists_are_padded_and_padding_is_never_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLACES", 2)
    monkeypatch.setattr(module, "CHUNK_CELLS", 6)
    asked = queries_of([[2], [1]], [[1, 3, 4, 5], []], 5)

    lists = shortlists([FIRST, SECOND], [asked], 10)

    assert lists.items.tolist() == [[2, 0, 0, 0], [1, 2, 4, 5]]
    assert lists.ndcg(np.array([[-9.0, 5, 5, 5], [1, 2, 3, 4]], dtype=np.float32)).tolist() == pytest.approx(
        [1.0, 1 / np.log2(5)]
    )


def test_the_limit_is_shared_among_batches() -> None:
    asked = queries_of([[1]] * 6, [[]] * 6, 5)

    assert len(shortlists([FIRST], [asked, asked], 4).true_counts) == 4


def test_ndcg_counts_true_items_that_no_voice_found() -> None:
    random = np.random.default_rng(0)
    items = np.tile(np.arange(1, 31), (8, 1))
    true = random.random((8, 30)) < 0.2
    true_counts = true.sum(axis=1) + 2
    scores = random.random((8, 30)).astype(np.float32)
    lists = Shortlists(
        items=items,
        features=np.zeros((8, 30, 1), dtype=np.float32),
        true=true,
        true_counts=true_counts,
        clusters=np.arange(8),
        now=np.zeros(8, dtype=np.int64),
    )
    order = np.argsort(-scores, axis=1)

    expected = ndcg(np.take_along_axis(true, order, axis=1), true_counts, 10)

    assert lists.ndcg(scores).tolist() == expected.tolist()
