import math
from dataclasses import replace

import numpy as np
import pytest

from django_recs.engine.interactions import ItemContent
from django_recs.learning import features as features_module
from django_recs.learning.features import (
    PRICE_BUCKET_COUNT,
    fit_content_scale,
    fit_gap_edges,
    labels_of,
    words_of,
)
from tests.learning.worlds import interactions_of, plain_content

CONTENT = ItemContent(
    texts=["", "Red mug", "RED plate", "blue mug, blue!", "red mug unheard"],
    categories=[(), ("Kitchen", "Mugs"), ("Kitchen",), ("Mugs",), ("Garden", "mugs")],
    prices=np.array([np.nan, math.e, math.e**3, 0.0, math.e**5]),
    available=np.array([False, True, True, True, True]),
    attributes=[{}, {"Brand": "Acme"}, {"brand": "acme"}, {}, {}],
)
TAUGHT = np.array([False, True, True, True, False])


def test_words_are_letters_and_digits_in_lower_case_each_once() -> None:
    assert words_of("Set of 3 MUGS, größe_L — set!") == ["set", "of", "3", "mugs", "größe", "l"]


def test_labels_are_categories_and_named_attributes() -> None:
    assert labels_of(CONTENT, 1) == ["kitchen", "mugs", "brand=acme"]


def test_vocabularies_hold_what_two_training_items_share() -> None:
    scale = fit_content_scale(CONTENT, TAUGHT)

    assert scale.words.tolist() == ["", "mug", "red"]
    assert scale.labels.tolist() == ["", "brand=acme", "kitchen", "mugs"]
    # three documents, two of which hold each word: ln(4 / 3) + 1
    assert scale.word_rarity.tolist()[1:] == pytest.approx([math.log(4 / 3) + 1] * 2)


def test_items_become_bags_that_weigh_one() -> None:
    features = fit_content_scale(CONTENT, TAUGHT).features(CONTENT)

    assert features.words.token.tolist() == [[0, 0], [2, 1], [2, 0], [1, 0], [2, 1]]
    np.testing.assert_allclose(features.words.weight, [[0, 0], [0.5, 0.5], [1, 0], [1, 0], [0.5, 0.5]])
    assert features.labels.token.tolist() == [[0, 0, 0], [2, 3, 1], [2, 1, 0], [3, 0, 0], [3, 0, 0]]
    assert (features.word_count, features.label_count) == (3, 4)


def test_prices_are_scaled_by_the_training_items_and_missing_ones_are_marked() -> None:
    features = fit_content_scale(CONTENT, TAUGHT).features(CONTENT)

    # log prices in training: 1 and 3, so mean 2 and deviation 1; a price of 0 is unknown
    np.testing.assert_allclose(features.price, [[0, 1], [-1, 0], [1, 0], [0, 1], [3, 0]], atol=1e-6)
    assert features.price_bucket.tolist() == [0, 1, PRICE_BUCKET_COUNT, 0, PRICE_BUCKET_COUNT]


def test_a_catalogue_that_says_nothing_has_features_too() -> None:
    content = plain_content(2)

    features = fit_content_scale(content, np.array([False, True, True])).features(content)

    assert features.words.token.tolist() == [[0], [0], [0]]
    assert features.words.weight.tolist() == [[0], [0], [0]]
    assert features.price.tolist() == [[0, 1], [0, 1], [0, 1]]
    assert features.word_count == 1


def test_the_vocabulary_keeps_the_most_frequent_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features_module, "VOCABULARY_LIMIT", 2)
    content = replace(plain_content(3), texts=["", "rare common usual", "common usual rare", "common usual"])

    assert fit_content_scale(content, content.available).words.tolist() == ["", "common", "usual"]


def test_gap_edges_split_the_pauses_evenly_and_keep_the_same_moment_apart() -> None:
    rows = [(0, 1, 0), (0, 2, 0), (0, 3, 100), (0, 4, 300), (0, 5, 700), (1, 1, 5), (1, 2, 805)]

    edges = fit_gap_edges(interactions_of(rows, item_count=5), bucket_count=3)

    # pauses 100, 200, 400 and 800 s, halved at 300 s; from one unit to the next there is no pause
    assert edges.tolist() == [1, 300]


def test_without_any_pause_there_are_two_buckets() -> None:
    assert fit_gap_edges(interactions_of([(0, 1, 7), (0, 2, 7)], item_count=2)).tolist() == [1]
