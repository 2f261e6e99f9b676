"""Items with alike words, against tf-idf by dictionaries."""

import math
from collections import Counter

import numpy as np
import pytest

from django_recs.engine.baselines.text import TextKNN, fit_text_knn, words_of
from django_recs.engine.interactions import ItemContent
from tests.engine.by_hand import EQUAL, content, visitors


def fitted(catalogue: ItemContent, neighbour_count: int = 9) -> TextKNN:
    return fit_text_knn(catalogue, event_weights=EQUAL, history_half_life_days=10.0, neighbour_count=neighbour_count)


def test_words_are_lower_case_and_labels_count_as_words_and_as_wholes() -> None:
    catalogue = ItemContent(
        texts=["", "RED Mug, 2nd-choice"],
        categories=[(), ("Kitchen ware",)],
        prices=np.full(2, np.nan),
        available=np.array([False, True]),
        attributes=[{}, {"brand": "Émile"}],
    )

    assert list(words_of(catalogue))[1] == [
        *("red", "mug", "2nd", "choice"),
        *("kitchen", "ware", "brand", "émile"),
        *("=kitchen ware", "=brand émile"),
    ]


def twin(texts: list[str]) -> np.ndarray:
    """(I, I) cosines of sqrt(count) * log((1 + I) / (1 + holders))."""
    words = [Counter(text.lower().split()) for text in texts]
    holders = Counter(word for counter in words for word in counter)
    vectors = [
        {word: math.sqrt(count) * math.log((1 + len(texts)) / (1 + holders[word])) for word, count in counter.items()}
        for counter in words
    ]
    lengths = [math.sqrt(sum(value**2 for value in vector.values())) for vector in vectors]
    return np.array(
        [
            [
                sum(value * other.get(word, 0) for word, value in vector.items()) / ((length * long) or 1)
                for other, long in zip(vectors, lengths, strict=True)
            ]
            for vector, length in zip(vectors, lengths, strict=True)
        ]
    )


TEXTS = ["red mug", "blue mug mug", "red hat", "green hat", "", "odd"]


def test_similarities_equal_a_twin_in_pure_python() -> None:
    expected = twin(TEXTS)
    np.fill_diagonal(expected, 0)

    recommender = fitted(content(*TEXTS))

    found = np.zeros((6, 6))
    for item in range(1, 7):
        items, cosines = recommender.similar(item, 9)
        found[item - 1, items - 1] = cosines
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_product_nobody_touched_is_reached_from_those_it_is_like() -> None:
    recommender = fitted(content(*TEXTS))

    scores = recommender.score(visitors([(1, 0)], now_day=0))[0]

    assert np.flatnonzero(scores).tolist() == [2, 3]
    assert recommender.supports_cold_items


def test_links_go_both_ways_though_only_one_side_is_among_the_nearest() -> None:
    # item 4 is nearest to item 1, whose own nearest is item 2
    texts = ["red mug tall", "red mug tall", "red mug tall", "tall spoon", "odd"]

    recommender = fitted(content(*texts), neighbour_count=1)

    assert recommender.similar(4, 9)[0].tolist() == [1]
    assert 4 in recommender.similar(1, 9)[0]


@pytest.mark.parametrize("texts", [[], [""], ["same", "same"]])
def test_texts_that_tell_nothing_apart_are_no_error(texts: list[str]) -> None:
    recommender = fitted(content(*texts))

    assert recommender.score(visitors([], now_day=0)).shape == (1, len(texts) + 1)


def test_arrays_restore_it() -> None:
    recommender = fitted(content(*TEXTS))
    histories = visitors([(1, 0), (4, 3)], now_day=8)

    assert (
        TextKNN.from_arrays(recommender.arrays()).score(histories).tobytes() == recommender.score(histories).tobytes()
    )
