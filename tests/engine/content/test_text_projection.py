"""Text vectors, against tf-idf by dictionaries and numpy's own singular value decomposition."""

import math
import subprocess
import sys

import numpy as np

from django_recs.engine.content.text_projection import fit_text_projection, text_tokens
from tests.engine.by_hand import content as plain_content
from tests.engine.content.catalogue import CONTENT

TEXTS = ["red mug", "red mugs", "blue plate", "blue plates", "green teapot", "", "green tea"]


def test_tokens_are_words_their_pieces_and_labels_as_wholes() -> None:
    tokens = text_tokens(CONTENT, 3)  # "blue mug, blue!" in "Mugs"

    assert tokens[:3] == ["=blue", "=mug", "=mugs"]
    assert tokens[-1] == "==mugs"
    assert {"<bl", "lue>", "<mugs"} <= set(tokens)
    assert len(tokens) == len(set(tokens))


def twin(documents: list[list[str]]) -> np.ndarray:
    """Unit tf-idf rows over the tokens of two documents or more."""
    held = {token: sum(token in document for document in documents) for document in documents for token in document}
    shared = sorted(token for token, count in held.items() if count > 1)
    rows = np.array(
        [
            [math.log((len(documents) + 1) / (held[token] + 1)) + 1 if token in document else 0 for token in shared]
            for document in documents
        ]
    )
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def test_vectors_have_the_inner_products_of_the_best_approximation() -> None:
    content = plain_content(*TEXTS)
    items = list(range(1, len(TEXTS) + 1))
    projection = fit_text_projection(content, items)
    assert projection is not None
    rows = twin([text_tokens(content, item) for item in items])
    width = projection.directions.shape[1]
    left, strengths, _ = np.linalg.svd(rows)

    vectors = projection.vectors(content)[1:]

    assert np.isnan(vectors[5]).all()  # the item without a word
    told = [0, 1, 2, 3, 4, 6]
    best = (left[:, :width] * strengths[:width] ** 2) @ left[:, :width].T
    np.testing.assert_allclose(vectors[told] @ vectors[told].T, best[np.ix_(told, told)], atol=1e-5)


def test_a_word_that_training_never_met_is_read_by_its_pieces() -> None:
    content = plain_content("stoneware mug", "stoneware bowl", "linen towel", "linen towels", "linen mug")
    projection = fit_text_projection(content, [1, 2, 3, 4, 5])
    assert projection is not None

    vectors = projection.vectors(plain_content("stonewares", "towelling"))
    known = projection.vectors(content)

    cosines = vectors[1:] @ known[1:].T / np.linalg.norm(vectors[1:], axis=1)[:, None]
    assert cosines.argmax(axis=1).tolist() in ([0, 2], [0, 3], [1, 2], [1, 3])


def test_fitting_twice_gives_the_same_bits_also_where_singular_values_coincide() -> None:
    content = plain_content(*["red wool"] * 4, *["blue steel"] * 4)
    first, again = (fit_text_projection(content, list(range(1, 9))) for _ in range(2))

    assert first is not None
    assert again is not None
    assert first.directions.tobytes() == again.directions.tobytes()
    assert first.directions.shape[1] == 2


def test_too_few_words_give_no_vectors() -> None:
    assert fit_text_projection(plain_content("", "only"), [1, 2]) is None
    assert fit_text_projection(plain_content(), []) is None


def test_transforming_needs_no_scipy() -> None:
    program = (
        "import sys; sys.modules['scipy'] = None\n"
        "from django_recs.engine.content.text_projection import TextProjection\n"
        "from django_recs.engine.content.tokens import Vocabulary\n"
        "import numpy as np\n"
        "vocabulary = Vocabulary(tokens=np.array(['', '=mug']), rarity=np.array([1, 2], dtype=np.float32))\n"
        "projection = TextProjection(vocabulary=vocabulary, directions=np.eye(2, dtype=np.float32))\n"
        "from tests.engine.by_hand import content\n"
        "assert projection.vectors(content('mug'))[1].tolist() == [0, 1]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
