import numpy as np

from django_recs.learning.initial import co_occurrence_vectors
from tests.learning.worlds import BLUE, NEW_BLUE, NEW_RED, RED, checkerboard, interactions_of


def test_items_of_one_taste_lie_together_and_opposite_to_the_other() -> None:
    interactions, _ = checkerboard()

    vectors = co_occurrence_vectors(interactions, 1).numpy()

    # after popularity the strongest direction tells the two halves of the shop apart
    assert vectors.shape == (NEW_BLUE + 1, 1)
    red = vectors[RED[0], 0]
    np.testing.assert_allclose(vectors[list(RED), 0], red, atol=1e-5)
    np.testing.assert_allclose(vectors[list(BLUE), 0], -red, atol=1e-5)
    np.testing.assert_allclose(abs(red), 1, atol=1e-5)
    assert vectors[[0, NEW_RED, NEW_BLUE], 0].tolist() == [0, 0, 0]


def test_they_span_what_a_dense_decomposition_finds() -> None:
    rng = np.random.default_rng(0)
    seen = rng.random((40, 13)) < 0.3
    seen[:, 0] = False
    rows = [(int(unit), int(item), 0) for unit, item in np.argwhere(seen)]
    interactions = interactions_of(rows, item_count=12)
    scaled = seen[:, 1:] / np.sqrt(np.outer(seen.sum(1).clip(1), seen[:, 1:].sum(0)))
    _, strengths, directions = np.linalg.svd(scaled)
    expected = directions[1:4].T * np.sqrt(strengths[1:4])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)

    vectors = co_occurrence_vectors(interactions, 3).numpy()[1:]

    np.testing.assert_allclose(np.abs(vectors @ vectors.T), np.abs(expected @ expected.T), atol=2e-2)


def test_a_shop_with_fewer_people_than_directions_gets_what_there_is() -> None:
    vectors = co_occurrence_vectors(interactions_of([(0, 1, 0), (0, 2, 0), (1, 2, 0), (1, 3, 0)], item_count=3), 8)

    assert np.isfinite(vectors.numpy()).all()
    assert vectors[1:, 0].abs().gt(0).sum() >= 2
    assert not vectors[:, 1:].any()
    assert not co_occurrence_vectors(interactions_of([], item_count=3), 8).any()
