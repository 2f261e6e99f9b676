import copy
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from django_recs.engine.circumstances import Circumstances
from django_recs.engine.context import ContextScale
from django_recs.engine.encoder import SequenceVoice, gap_codes
from django_recs.engine.events import EVENT_TYPES
from django_recs.engine.interactions import Histories
from django_recs.learning.export import ExportDiffers, check_export, export_encoder
from django_recs.learning.networks.sequence_encoder import SequenceEncoder

EDGES = np.array([1, 60, 3600], dtype=np.int64)
ITEM_COUNT, WIDTH, MAX_LENGTH = 30, 16, 40


@pytest.fixture(scope="module")
def encoder() -> SequenceEncoder:
    torch.manual_seed(0)
    return SequenceEncoder(
        width=WIDTH,
        block_count=2,
        head_count=2,
        dropout=0.3,
        type_count=len(EVENT_TYPES),
        gap_count=len(EDGES) + 1,
    ).eval()


@pytest.fixture(scope="module")
def graph(encoder: SequenceEncoder) -> bytes:
    return export_encoder(encoder)


@pytest.fixture(scope="module")
def voice(graph: bytes) -> SequenceVoice:
    vectors = np.random.default_rng(1).normal(size=(ITEM_COUNT + 1, WIDTH)).astype(np.float32)
    vectors[0] = 0
    return SequenceVoice(
        encoder_onnx=np.frombuffer(graph, dtype=np.uint8),
        item_vectors=vectors,
        gap_edges=EDGES,
        read_types=np.ones(len(EVENT_TYPES), dtype=np.bool_),
        max_length=MAX_LENGTH,
    )


def random_histories(lengths: list[int]) -> Histories:
    rng = np.random.default_rng(2)
    count = sum(lengths)
    return Histories(
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        item=rng.integers(1, ITEM_COUNT + 1, count).astype(np.int32),
        event_type=rng.integers(0, len(EVENT_TYPES), count).astype(np.int8),
        time=np.concatenate([np.sort(rng.integers(0, 100_000, length)) for length in lengths]),
        now=np.full(len(lengths), 100_500, dtype=np.int64),
    )


def in_torch(encoder: SequenceEncoder, voice: SequenceVoice, histories: Histories) -> list[list[float]]:
    """Each visitor alone through the network, without padding or batches."""
    gaps = gap_codes(histories.time, histories.offsets, histories.now, EDGES)
    visitors = []
    for start, stop in zip(histories.offsets[:-1].tolist(), histories.offsets[1:].tolist(), strict=True):
        rows = slice(max(start, stop - MAX_LENGTH), stop)
        inputs = (voice.item_vectors[histories.item[rows]], histories.event_type[rows].astype(np.int64), gaps[rows])
        with torch.no_grad():
            visitors.append(encoder(*(torch.from_numpy(value)[None] for value in inputs))[0, -1].tolist())
    return visitors


def test_serving_gives_what_torch_gives(encoder: SequenceEncoder, voice: SequenceVoice) -> None:
    histories = random_histories([1, 2, 3, 17, MAX_LENGTH, MAX_LENGTH + 25])

    np.testing.assert_allclose(voice.encode(histories), in_torch(encoder, voice, histories), atol=1e-4)


def test_a_visitor_alone_is_encoded_as_in_a_batch(voice: SequenceVoice) -> None:
    lengths = [1, 5, 0, 23, MAX_LENGTH, 70]
    histories = random_histories(lengths)
    alone = [
        voice.encode(
            Histories(
                offsets=np.array([0, stop - start]),
                item=histories.item[start:stop],
                event_type=histories.event_type[start:stop],
                time=histories.time[start:stop],
                now=histories.now[:1],
            )
        )[0]
        for start, stop in zip(histories.offsets[:-1], histories.offsets[1:], strict=True)
    ]

    np.testing.assert_allclose(voice.encode(histories), alone, atol=1e-5)


def test_the_graph_is_self_contained_and_tells_nothing_of_the_machine(graph: bytes) -> None:
    model = onnx.load_from_string(graph)

    onnx.checker.check_model(model)
    assert not [tensor.name for tensor in model.graph.initializer if tensor.external_data]
    assert b".py" not in graph
    assert b"/site-packages" not in graph


def test_a_graph_that_differs_from_torch_is_not_handed_out(encoder: SequenceEncoder, graph: bytes) -> None:
    changed = copy.deepcopy(encoder)
    with torch.no_grad():
        changed.out_projection.bias[0] += 0.01

    check_export(encoder, graph)
    with pytest.raises(ExportDiffers, match="differs from torch by 0.0"):
        check_export(changed, graph)


def test_with_circumstances_serving_gives_what_torch_gives_alone_and_in_a_batch() -> None:
    torch.manual_seed(3)
    scale = ContextScale(values={"device": ("mobile", "desktop"), "country": ("DE",)})
    encoder = SequenceEncoder(
        width=WIDTH,
        block_count=1,
        head_count=2,
        dropout=0.3,
        type_count=len(EVENT_TYPES),
        gap_count=len(EDGES) + 1,
        context_sizes=scale.sizes,
    ).eval()
    assert encoder.context is not None
    torch.nn.init.normal_(encoder.context.table.weight)
    rng = np.random.default_rng(4)
    lengths = [1, 5, 0, 23, MAX_LENGTH + 25]
    histories = replace(
        random_histories(lengths),
        context=Circumstances.of({"device": rng.choice(["mobile", "desktop", "", "watch"], sum(lengths)).tolist()}),
        asked=Circumstances.of({"country": ["DE", "", "DE", "FR", "DE"]}),
    )
    vectors = rng.normal(size=(ITEM_COUNT + 1, WIDTH)).astype(np.float32)
    voice = SequenceVoice(
        encoder_onnx=np.frombuffer(export_encoder(encoder), dtype=np.uint8),
        item_vectors=vectors,
        gap_edges=EDGES,
        read_types=np.ones(len(EVENT_TYPES), dtype=np.bool_),
        max_length=MAX_LENGTH,
        context=scale,
    )
    numbers = {"": 0, "watch": 0, "mobile": 1, "desktop": 2}
    told = [numbers[histories.context.texts["device"][code]] for code in histories.context.codes["device"]]
    expected = np.zeros((len(lengths), WIDTH))
    gaps = gap_codes(histories.time, histories.offsets, histories.now, EDGES)
    for visitor, country in enumerate([1, 0, 1, 0, 1]):
        rows = slice(
            max(histories.offsets[visitor], histories.offsets[visitor + 1] - MAX_LENGTH), histories.offsets[visitor + 1]
        )
        devices = told[rows]
        if not devices:
            continue
        context = [[device, 0, following, 0] for device, following in zip(devices, [*devices[1:], 0], strict=True)]
        context[-1][3] = country  # of the moment of asking only the country is known
        inputs = (
            vectors[histories.item[rows]],
            histories.event_type[rows].astype(np.int64),
            gaps[rows],
            np.array(context),
        )
        with torch.no_grad():
            expected[visitor] = encoder(*(torch.from_numpy(value)[None] for value in inputs))[0, -1].numpy()

    np.testing.assert_allclose(voice.encode(histories), expected, atol=1e-4)
    for visitor in range(len(lengths)):
        np.testing.assert_allclose(voice.encode(histories.rows(visitor, visitor + 1))[0], expected[visitor], atol=1e-4)
    restored = SequenceVoice.from_arrays(voice.arrays())
    assert restored.encode(histories).tolist() == voice.encode(histories).tolist()
