import math
from dataclasses import replace

import numpy as np
import pytest

from django_recs.engine.content import ContentScale, fit_content_scale
from django_recs.engine.content import scale as scale_module
from django_recs.engine.content.scale import PRICE_BUCKET_COUNT
from django_recs.engine.interactions import ItemContent
from tests.engine.by_hand import content as plain_content
from tests.engine.content.catalogue import CONTENT

TAUGHT = np.array([False, True, True, True, False])


def test_vocabularies_hold_what_two_training_items_share() -> None:
    scale = fit_content_scale(CONTENT, TAUGHT)

    assert scale.words.tokens.tolist() == ["", "mug", "red"]
    assert scale.labels.tokens.tolist() == ["", "brand=acme", "kitchen", "mugs"]
    # three documents, two of which hold each word: ln(4 / 3) + 1
    assert scale.words.rarity.tolist()[1:] == pytest.approx([math.log(4 / 3) + 1] * 2)


def test_items_become_bags_that_weigh_one() -> None:
    features = fit_content_scale(CONTENT, TAUGHT).features(CONTENT)

    assert features.words.token.tolist() == [[0, 0], [2, 1], [2, 0], [1, 0], [2, 1]]
    np.testing.assert_allclose(features.words.weight, [[0, 0], [0.5, 0.5], [1, 0], [1, 0], [0.5, 0.5]])
    assert features.labels.token.tolist() == [[0, 0, 0], [2, 3, 1], [2, 1, 0], [3, 0, 0], [3, 0, 0]]


def test_prices_are_scaled_by_the_training_items_and_missing_ones_are_marked() -> None:
    features = fit_content_scale(CONTENT, TAUGHT).features(CONTENT)

    # log prices in training: 1 and 3, so mean 2 and deviation 1; a price of 0 is unknown
    np.testing.assert_allclose(features.price, [[0, 1], [-1, 0], [1, 0], [0, 1], [3, 0]], atol=1e-6)
    assert features.price_bucket.tolist() == [0, 1, PRICE_BUCKET_COUNT, 0, PRICE_BUCKET_COUNT]


def test_a_price_far_out_counts_as_four_deviations() -> None:
    content = replace(CONTENT, prices=np.array([np.nan, math.e, math.e**3, 0.0, math.e**90]))

    features = fit_content_scale(CONTENT, TAUGHT).features(content)

    np.testing.assert_allclose(features.price[4], [4, 0])
    assert features.price_bucket[4] == PRICE_BUCKET_COUNT


def test_a_catalogue_that_says_nothing_has_features_too() -> None:
    content = plain_content("", "")

    features = fit_content_scale(content, np.array([False, True, True])).features(content)

    assert features.words.token.tolist() == [[0], [0], [0]]
    assert features.words.weight.tolist() == [[0], [0], [0]]
    assert features.price.tolist() == [[0, 1], [0, 1], [0, 1]]
    assert features.vectors.shape == (3, 0)


def test_the_vocabulary_keeps_the_most_frequent_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale_module, "VOCABULARY_LIMIT", 2)
    content = plain_content("rare common usual", "common usual rare", "common usual")

    assert fit_content_scale(content, content.available).words.tokens.tolist() == ["", "common", "usual"]


def test_named_vectors_stand_side_by_side_in_the_order_of_their_names() -> None:
    nan = np.nan
    content = replace(
        plain_content("", "", ""),
        vectors={
            "sound": np.array([[nan], [3], [5], [nan]], dtype=np.float32),
            "image": np.array([[nan, nan], [0, 1], [0, -1], [9, 9]], dtype=np.float32),
        },
    )

    features = fit_content_scale(content, np.array([False, True, True, False])).features(content)

    # image: mean (0, 0) and length 1 over the two taught items, the third is shortened to length 4; sound: 4 and 1
    far = 4 / math.sqrt(2)
    expected = [[0, 0, 1, 0, 1], [0, 1, 0, -1, 0], [0, -1, 0, 1, 0], [far, far, 0, 0, 1]]
    np.testing.assert_allclose(features.vectors, expected, atol=1e-6)


def test_a_name_that_is_given_no_more_is_unknown_and_a_new_one_is_ignored() -> None:
    column = np.array([[np.nan], [3], [5]], dtype=np.float32)
    content = replace(plain_content("", ""), vectors={"sound": column})
    scale = fit_content_scale(content, content.available)

    features = scale.features(replace(content, vectors={"film": column}))

    assert features.vectors.tolist() == [[0, 1], [0, 1], [0, 1]]


def test_texts_have_vectors_unless_another_encoder_gives_them() -> None:
    content = plain_content("red mug", "red plate", "blue plate", "blue mug")
    given = replace(content, vectors={"text": np.eye(5, 3, dtype=np.float32)})

    assert fit_content_scale(content, content.available).text is not None
    assert fit_content_scale(given, content.available).text is None
    assert fit_content_scale(given, content.available).vector_width == 4


def random_content(rng: np.random.Generator, count: int) -> ItemContent:
    """Items that miss all kinds of things."""
    words = ["red", "blue", "mug", "plate", "teapot", "größe", "once", "2nd", "mugs"]

    def some(values: list[str], most: int) -> list[str]:
        return [values[place] for place in rng.integers(len(values), size=rng.integers(most + 1))]

    vectors = rng.normal(size=(count, 3)).astype(np.float32)
    vectors[rng.random(count) < 0.3] = np.nan
    prices = np.where(rng.random(count) < 0.2, np.nan, rng.lognormal(2, 3, count))
    return ItemContent(
        texts=[" ".join(some(words, 6)) for _ in range(count)],
        categories=[tuple(some(["Kitchen", "Garden", "Bath"], 2)) for _ in range(count)],
        prices=prices,
        available=np.arange(count) > 0,
        attributes=[{"brand": brand} for brand in rng.choice(["Acme", "Clay", "Once"], count)],
        vectors={"sound": vectors},
    )


def one(content: ItemContent, item: int) -> ItemContent:
    return ItemContent(
        texts=["", content.texts[item]],
        categories=[(), content.categories[item]],
        prices=np.array([np.nan, content.prices[item]]),
        available=np.array([False, True]),
        attributes=[{}, content.attributes[item]],
        vectors={name: values[[0, item]] for name, values in content.vectors.items()},
    )


@pytest.mark.parametrize("seed", range(3))
def test_an_item_alone_read_back_from_arrays_has_the_same_numbers_to_the_last_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    content = random_content(rng, 40)
    scale = fit_content_scale(content, np.arange(40) % 2 == 1)
    online = ContentScale.from_arrays(scale.arrays())

    offline = scale.features(content)

    for item in range(40):
        features = online.features(one(content, item))
        for bags, all_bags in ((features.words, offline.words), (features.labels, offline.labels)):
            width = bags.token.shape[1]
            assert bags.token[1].tolist() == all_bags.token[item, :width].tolist()
            assert bags.weight[1].tobytes() == all_bags.weight[item, :width].tobytes()
            assert not all_bags.token[item, width:].any()
        assert features.price[1].tobytes() == offline.price[item].tobytes()
        assert features.price_bucket[1] == offline.price_bucket[item]
        assert features.vectors[1].tobytes() == offline.vectors[item].tobytes()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("price_moments", np.zeros(3)),
        ("word_rarity", np.zeros(1, dtype=np.float32)),
        ("text_directions", np.zeros((1, 2), dtype=np.float32)),
        ("vector_scales", np.zeros(1, dtype=np.float32)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, values: np.ndarray) -> None:
    scale = fit_content_scale(CONTENT, TAUGHT)

    with pytest.raises(ValueError, match="fit|shape"):
        ContentScale.from_arrays({**scale.arrays(), name: values})
