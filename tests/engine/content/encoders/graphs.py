"""Encoders small enough to be computed by hand, in the folder layout of real ones."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "mug", "##s", "red", ",", "kitchen", "日"]
TABLE = np.eye(len(VOCABULARY), 4, dtype=np.float32) + np.arange(len(VOCABULARY), dtype=np.float32)[:, None] / 10
"""(V, 4) the vector of each piece, which is all that the text encoder looks at."""


def write_text_encoder(folder: Path, *, pooling: str = "mean", length: int = 16) -> Path:
    """A folder of sentence-transformers whose encoder looks pieces up in `TABLE`."""
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "text",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["B", "T"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["B", "T", 4])],
        [numpy_helper.from_array(TABLE, "table")],
    )
    _write_model(folder / "onnx" / "model.onnx", graph)
    tokenizer = {
        "normalizer": {"type": "BertNormalizer", "lowercase": True, "strip_accents": None},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "vocab": {token: number for number, token in enumerate(VOCABULARY)},
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": length}))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": pooling == "first"}))
    return folder


def write_image_encoder(path: Path, *, size: int = 2) -> Path:
    """A graph that hands its input on: (B, 3, S, S), so that the vector is the mean of each colour."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["pixel_values"], ["features"])],
        "image",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["B", 3, size, size])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["B", 3, size, size])],
    )
    return _write_model(path, graph)


def _write_model(path: Path, graph: onnx.GraphProto) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path
