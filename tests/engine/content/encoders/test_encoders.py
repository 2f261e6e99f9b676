import json
from pathlib import Path

import numpy as np
import pytest

from django_recs.engine.content.encoders import EncoderUnusable, OnnxImageEncoder, OnnxTextEncoder
from django_recs.engine.content.encoders.wordpiece import WordPiece
from tests.engine.content.encoders.graphs import TABLE, VOCABULARY, write_image_encoder, write_text_encoder

PIECE = {token: number for number, token in enumerate(VOCABULARY)}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Red MUGS, mug", ["red", "mug", "##s", ",", "mug"]),
        ("réd\tmug\x00s", ["red", "mug", "##s"]),
        ("日mug", ["日", "mug"]),
        ("mugx red", ["[UNK]", "red"]),
        ("x" * 101, ["[UNK]"]),
        ("", []),
    ],
)
def test_text_is_cut_into_the_longest_known_pieces(text: str, pieces: list[str], tmp_path: Path) -> None:
    tokenizer = WordPiece.from_folder(write_text_encoder(tmp_path))

    assert tokenizer.numbers(text, 16) == [PIECE[piece] for piece in ["[CLS]", *pieces, "[SEP]"]]


def test_long_text_is_cut_between_its_marks(tmp_path: Path) -> None:
    tokenizer = WordPiece.from_folder(write_text_encoder(tmp_path))

    assert tokenizer.numbers("mug mug mug mug", 4) == [PIECE[piece] for piece in ("[CLS]", "mug", "mug", "[SEP]")]


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_texts_become_unit_vectors_that_do_not_depend_on_their_neighbours(pooling: str, tmp_path: Path) -> None:
    encoder = OnnxTextEncoder(write_text_encoder(tmp_path, pooling=pooling))
    pieces = {"mug": [2, 4, 3], "red mugs": [2, 6, 4, 5, 3]}

    vectors = encoder.encode(list(pieces))

    for vector, numbers in zip(vectors, pieces.values(), strict=True):
        expected = TABLE[numbers].mean(axis=0) if pooling == "mean" else TABLE[2]
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), rtol=1e-6)
    np.testing.assert_allclose(encoder.encode(["mug"])[0], vectors[0], rtol=1e-6)


def test_pictures_become_the_graphs_output_averaged_over_places(tmp_path: Path) -> None:
    encoder = OnnxImageEncoder(write_image_encoder(tmp_path / "model.onnx", size=2))
    pixels = np.zeros((1, 2, 2, 3), dtype=np.uint8)
    pixels[0, 0, 0] = 255  # one of four places is white

    vectors = encoder.encode(pixels)

    expected = [(0.25 - mean) / deviation for mean, deviation in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))]
    np.testing.assert_allclose(vectors, [expected], rtol=1e-5)
    assert encoder.size == 2


def test_the_encoders_own_scale_of_colours_is_obeyed(tmp_path: Path) -> None:
    write_image_encoder(tmp_path / "onnx" / "model.onnx")
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0, 0, 0], "image_std": [1, 1, 0.5]}))

    vectors = OnnxImageEncoder(tmp_path).encode(np.full((1, 2, 2, 3), 255, dtype=np.uint8))

    assert vectors.tolist() == [[1, 1, 2]]


def test_a_changed_file_is_another_encoder(tmp_path: Path) -> None:
    folder = write_text_encoder(tmp_path)
    before = OnnxTextEncoder(folder).fingerprint

    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))

    assert OnnxTextEncoder(folder).fingerprint != before


def test_what_cannot_be_run_says_why(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnusable, match=r"no model\.onnx"):
        OnnxImageEncoder(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(EncoderUnusable, match="cannot be run"):
        OnnxImageEncoder(tmp_path)
    with pytest.raises(EncoderUnusable, match="no WordPiece"):
        OnnxTextEncoder(tmp_path)
    folder = write_text_encoder(tmp_path / "text")
    with pytest.raises(EncoderUnusable, match="one input"):
        OnnxImageEncoder(folder)
    (folder / "tokenizer.json").write_text('{"model": {"type": "WordPiece", "vocab": {"mug": 0}}}')
    with pytest.raises(EncoderUnusable, match=r"lacks \[CLS\], \[SEP\], \[UNK\]"):
        OnnxTextEncoder(folder)
