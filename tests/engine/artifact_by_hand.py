"""A tiny artifact with a voice of every kind, of which every number is known."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from django_recs.engine.artifacts import write_artifact
from django_recs.engine.blend import Blend
from django_recs.engine.encoder import SequenceVoice
from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import Histories, Interactions
from django_recs.engine.situations import Situation
from django_recs.engine.voices import fit_voices
from tests.engine.by_hand import EQUAL, content, shop, visitors

ITEM_IDS = ["", "red-mug", "blue-mug", "tea pot/1", "hat", "наклейка"]
METRICS = {"slices": {"returning": {"query_count": 3}}}


def orders() -> Interactions:
    """Five persons; mugs go together, the hat alone; the sticker was never bought."""
    rows = [(unit, item, float(unit), unit) for unit in range(4) for item in (1, 2)]
    arrays = shop(*rows, (3, 3, 3.0, 3), (4, 3, 9.0, 4), (4, 4, 9.5, 5), item_count=5)
    return Interactions(**{**vars(arrays), "item_ids": ITEM_IDS})


def mean_network() -> SequenceVoice:
    """A visitor is the sum of the vectors of the items, which a graph of one node can do."""
    inputs = [
        helper.make_tensor_value_info("item_vectors", TensorProto.FLOAT, ["B", "T", 2]),
        helper.make_tensor_value_info("event_types", TensorProto.INT64, ["B", "T"]),
        helper.make_tensor_value_info("gaps", TensorProto.INT64, ["B", "T"]),
        helper.make_tensor_value_info("last", TensorProto.INT64, ["B"]),
    ]
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
    graph = helper.make_graph(
        [helper.make_node("ReduceSum", ["item_vectors", "axis"], ["visitors"], keepdims=0)],
        "sum",
        inputs,
        [helper.make_tensor_value_info("visitors", TensorProto.FLOAT, ["B", 2])],
        [axis],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return SequenceVoice(
        encoder_onnx=np.frombuffer(model.SerializeToString(), dtype=np.uint8),
        item_vectors=np.array([[0, 0], [1, 0], [1, 0.5], [0, 1], [-1, 0], [0.5, 0.5]], dtype=np.float32),
        gap_edges=np.array([3600, 86_400]),
        read_types=np.ones(len(EVENT_TYPES), dtype=bool),
        max_length=4,
    )


def tiny_blend() -> Blend:
    """Every kind of voice, all of the same weight except that the network keeps silent on new visitors."""
    texts = content("red mug", "blue mug", "tea pot", "hat", "mug sticker")
    voices = (*fit_voices(orders(), texts, event_weights=EQUAL), mean_network())
    weights = {situation: np.full(len(voices), 1 / len(voices)) for situation in Situation}
    weights[Situation.NEW_VISITOR] = np.append(np.full(len(voices) - 1, 1 / (len(voices) - 1)), 0.0)
    return Blend(voices=voices, weights=weights)


def write_tiny(folder: Path) -> str:
    """Write it and return the SHA-256 of its manifest."""
    return write_artifact(
        folder,
        blend=tiny_blend(),
        item_ids=ITEM_IDS,
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        code_version="0.1.0",
        metrics=METRICS,
        dataset={"fingerprint": "by hand", "event_count": len(orders())},
    )


def somebody() -> Histories:
    """Three visitors: one who had two things, one who had one, one of whom nothing is known."""
    return visitors([(1, 2.0), (3, 9.0)], [(4, 9.5)], [], now_day=10)
