"""A real artifact of a few products and orders, with a network of a few bytes, for tests of the serving path."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from django_recs.conf import get_settings
from django_recs.engine.artifacts import write_artifact
from django_recs.engine.blend import Blend
from django_recs.engine.encoder import SequenceVoice
from django_recs.engine.events import EVENT_TYPES, PURCHASE_CODE
from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.engine.recommender import Recommender
from django_recs.engine.shelves.facts import ShelfFacts
from django_recs.engine.situations import Situation
from django_recs.engine.voices import fit_voices
from django_recs.models import ModelVersion, TrainingRun
from django_recs.serving.storage import store_artifact

Orders = Sequence[tuple[str, Sequence[str]]]
"""Person and the item ids of one order; an hour lies between two orders and the last is an hour old."""


def interactions_of(orders: Orders, item_ids: Sequence[str]) -> Interactions:
    """The orders as arrays, with ``item_ids`` (without padding) as the whole catalogue."""
    persons = sorted({person for person, _ in orders})
    index_of = {item_id: index for index, item_id in enumerate(["", *item_ids])}
    start = int(time.time()) - 3600 * len(orders)
    rows = sorted(
        (persons.index(person), start + 3600 * place, place, index_of[item_id])
        for place, (person, items) in enumerate(orders)
        for item_id in items
    )
    unit, moment, basket, item = (list(column) for column in zip(*rows, strict=True))
    return Interactions(
        unit=np.array(unit, dtype=np.int32),
        item=np.array(item, dtype=np.int32),
        event_type=np.full(len(rows), PURCHASE_CODE, dtype=np.int8),
        time=np.array(moment, dtype=np.int64),
        quantity=np.ones(len(rows), dtype=np.float32),
        basket=np.array(basket, dtype=np.int32),
        unit_ids=[f"c:{person}" for person in persons],
        item_ids=["", *item_ids],
    )


def content_of(texts: Mapping[str, str], item_ids: Sequence[str]) -> ItemContent:
    return ItemContent(
        texts=["", *(texts.get(item_id, "") for item_id in item_ids)],
        categories=[()] * (1 + len(item_ids)),
        prices=np.full(1 + len(item_ids), np.nan),
        available=np.array([False] + [True] * len(item_ids)),
    )


def mean_network(item_vectors: np.ndarray) -> SequenceVoice:
    """A network without parameters: a visitor is the sum of the vectors of what they did."""
    inputs = [
        helper.make_tensor_value_info("item_vectors", TensorProto.FLOAT, ["B", "T", "D"]),
        *(helper.make_tensor_value_info(name, TensorProto.INT64, ["B", "T"]) for name in ("event_types", "gaps")),
        helper.make_tensor_value_info("last", TensorProto.INT64, ["B"]),
    ]
    output = helper.make_tensor_value_info("visitors", TensorProto.FLOAT, ["B", "D"])
    node = helper.make_node("ReduceMean", ["item_vectors"], ["visitors"], axes=[1], keepdims=0)
    graph = helper.make_graph([node], "mean", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return SequenceVoice(
        encoder_onnx=np.frombuffer(model.SerializeToString(), dtype=np.uint8),
        item_vectors=item_vectors.astype(np.float32),
        gap_edges=np.array([3600, 86_400], dtype=np.int64),
        read_types=np.ones(len(EVENT_TYPES), dtype=np.bool_),
        max_length=50,
    )


def blend_of(orders: Orders, item_ids: Sequence[str], texts: Mapping[str, str]) -> Blend:
    """All voices alike, the network among them; its vectors put neighbours in ``item_ids`` near each other."""
    weights = np.array([get_settings().event_weights[kind] for kind in EVENT_TYPES])
    angles = np.linspace(0, np.pi / 2, 1 + len(item_ids))
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    vectors[0] = 0
    counting = fit_voices(interactions_of(orders, item_ids), content_of(texts, item_ids), event_weights=weights)
    voices: tuple[Recommender, ...] = (*counting, mean_network(vectors))
    return Blend(voices=voices, weights={situation: np.ones(len(voices)) for situation in Situation})


def publish(
    folder: Path, name: str, blend: Blend, item_ids: Sequence[str], facts: ShelfFacts | None = None
) -> ModelVersion:
    """A staged version whose artifact lies in the artifact storage as ``name``."""
    sha256 = write_artifact(
        folder / name,
        blend=blend,
        item_ids=["", *item_ids],
        created_at=datetime.now(UTC),
        code_version="tests",
        metrics={},
        shelf_facts=facts,
        dataset={},
    )
    store_artifact(folder / name, name)
    return ModelVersion.objects.create(run=TrainingRun.objects.create(), artifact=name, manifest_sha256=sha256)
