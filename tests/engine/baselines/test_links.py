"""Arrows from item to item, against a plain matrix product."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from django_recs.engine.baselines import links as module
from django_recs.engine.baselines.links import Links
from tests.engine.by_hand import visitors

MATRIX = np.array(
    [
        [9, 9, 9, 9, 9],
        [9, 7, 0.5, -2, 1],
        [9, 0.5, 7, 0, 0.5],
        [9, 0, 0, 7, 0],
        [9, 3, 3, 3, 7],
    ]
)


def as_matrix(links: Links) -> np.ndarray:
    size = links.item_count + 1
    matrix = np.zeros((size, size))
    for row in range(size):
        items, weights = links.of(row, size)
        matrix[row, items] = weights
    return matrix


@pytest.mark.parametrize("block_rows", [1, 2, 5])
def test_the_largest_of_each_row_are_kept_without_diagonal_and_padding(block_rows: int) -> None:
    sparse = csr_array(MATRIX)
    blocks = [sparse[start : start + block_rows] for start in range(0, 5, block_rows)]

    links = Links.from_blocks(blocks, link_count=2)

    assert links.offsets.tolist() == [0, 0, 2, 4, 4, 6]
    assert links.items.tolist() == [3, 4, 1, 4, 1, 2]
    assert links.weights.tolist() == [-2, 1, 0.5, 0.5, 3, 3]


def test_of_is_cut_to_the_strongest() -> None:
    links = Links.from_blocks([csr_array(MATRIX)], link_count=4)

    items, weights = links.of(1, 2)

    assert (items.tolist(), weights.tolist()) == ([3, 4], [-2, 1])
    assert (items.dtype, weights.dtype) == (np.int32, np.float32)
    assert links.of(3, 2)[0].tolist() == []


@pytest.mark.parametrize("pairs_at_once", [1, 4, 10**6])
def test_spread_is_a_matrix_product_whatever_the_chunks(monkeypatch: pytest.MonkeyPatch, pairs_at_once: int) -> None:
    monkeypatch.setattr(module, "PAIRS_AT_ONCE", pairs_at_once)
    links = Links.from_blocks([csr_array(MATRIX)], link_count=4)
    histories = visitors([(1, 0), (4, 0)], [], [(3, 0)], [(2, 0), (2, 0), (1, 0)], now_day=1)
    weights = np.array([1.0, 2.0, 3.0, 0.5, 0.25, 4.0])
    seen = np.zeros((4, 5))
    np.add.at(seen, (histories.row, histories.item), weights)

    scores = links.spread(histories, weights)

    assert scores.dtype == np.float32
    assert scores.tolist() == (seen @ as_matrix(links)).tolist()


def test_nobody_gives_no_rows() -> None:
    links = Links.from_blocks([csr_array(MATRIX)], link_count=4)

    assert links.spread(visitors(now_day=0), np.zeros(0)).shape == (0, 5)


def test_arrays_restore_the_same_links() -> None:
    links = Links.from_blocks([csr_array(MATRIX)], link_count=3)

    again = Links.from_arrays(links.arrays())

    assert {name: values.tolist() for name, values in again.arrays().items()} == {
        name: values.tolist() for name, values in links.arrays().items()
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"offsets": np.array([0, 2, 1, 3])}, "offsets"),
        ({"offsets": np.array([1, 2, 3, 3])}, "offsets"),
        ({"offsets": np.array([0, 1, 2, 2])}, "offsets"),
        ({"weights": np.ones(2, dtype=np.float32)}, "offsets"),
        ({"items": np.array([1, 2, 3], dtype=np.int32)}, "outside"),
        ({"items": np.array([1, 2, 0], dtype=np.int32)}, "outside"),
    ],
)
def test_arrays_that_are_no_links_are_refused(changes: dict[str, np.ndarray], reason: str) -> None:
    arrays = {
        "offsets": np.array([0, 1, 2, 3]),
        "items": np.array([1, 2, 1], dtype=np.int32),
        "weights": np.ones(3, dtype=np.float32),
    }

    with pytest.raises(ValueError, match=reason):
        Links.from_arrays({**arrays, **changes})
