"""The serving half of the sequence network, run on a graph small enough to be computed by hand."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from django_recs.engine.encoder import TOKENS_PER_CALL, SequenceVoice, gap_codes
from django_recs.engine.events import EVENT_CODES, EVENT_TYPES, PURCHASE_CODE, VIEW_CODE
from django_recs.engine.interactions import Histories

SEARCH_CODE = EVENT_CODES["search"]
VECTORS = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [-2, 3]], dtype=np.float32)


def last_event_graph() -> bytes:
    """visitor = vector of the last item + its event type in the first place + its gap code in the second."""
    constants = {
        "hot": np.array([0, 1], dtype=np.float32),
        "one": np.array([1], dtype=np.int64),
        "two": np.array([2], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Shape", ["gaps"], ["length"], start=1, end=2),
        helper.make_node("OneHot", ["last", "length", "hot"], ["chosen"], axis=-1),  # (B, T)
        helper.make_node("Unsqueeze", ["chosen", "two"], ["chosen_wide"]),  # (B, T, 1)
        helper.make_node("Unsqueeze", ["event_types", "two"], ["types_wide"]),
        helper.make_node("Unsqueeze", ["gaps", "two"], ["gaps_wide"]),
        helper.make_node("Concat", ["types_wide", "gaps_wide"], ["codes"], axis=2),
        helper.make_node("Cast", ["codes"], ["codes_real"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["item_vectors", "codes_real"], ["events"]),
        helper.make_node("Mul", ["events", "chosen_wide"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "one"], ["visitors"], keepdims=0),
    ]
    integers = [
        helper.make_tensor_value_info(name, TensorProto.INT64, shape)
        for name, shape in (("event_types", ["B", "T"]), ("gaps", ["B", "T"]), ("last", ["B"]))
    ]
    graph = helper.make_graph(
        nodes,
        "last event",
        [helper.make_tensor_value_info("item_vectors", TensorProto.FLOAT, ["B", "T", 2]), *integers],
        [helper.make_tensor_value_info("visitors", TensorProto.FLOAT, ["B", 2])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()


def build_voice(*, max_length: int = 3, graph: bytes | None = None) -> SequenceVoice:
    read_types = np.zeros(len(EVENT_TYPES), dtype=np.bool_)
    read_types[[PURCHASE_CODE, VIEW_CODE]] = True
    return SequenceVoice(
        encoder_onnx=np.frombuffer(graph or last_event_graph(), dtype=np.uint8),
        item_vectors=VECTORS,
        gap_edges=np.array([1, 60, 3600], dtype=np.int64),
        read_types=read_types,
        max_length=max_length,
    )


def histories_of(*visitors: list[tuple[int, int, int]], now: int = 10_000) -> Histories:
    """Visitors as lists of (item, event code, time)."""
    rows = np.array([row for visitor in visitors for row in visitor], dtype=np.int64).reshape(-1, 3)
    return Histories(
        offsets=np.concatenate([[0], np.cumsum([len(visitor) for visitor in visitors])]).astype(np.int64),
        item=rows[:, 0].astype(np.int32),
        event_type=rows[:, 1].astype(np.int8),
        time=rows[:, 2],
        now=np.full(len(visitors), now, dtype=np.int64),
    )


def test_a_gap_reaches_to_the_next_event_and_the_last_one_to_now() -> None:
    codes = gap_codes(
        np.array([100, 100, 159, 500, 900]),
        np.array([0, 3, 3, 5]),
        np.array([160, 7, 10_000]),
        np.array([1, 60, 3600]),
    )

    # visitor 0: 0 s, 59 s, then 1 s to now; visitor 1 did nothing; visitor 2: 400 s, then 9,100 s to now
    assert codes.tolist() == [0, 1, 1, 2, 3]


def test_an_event_after_now_lies_no_time_before_it() -> None:
    assert gap_codes(np.array([100]), np.array([0, 1]), np.array([40]), np.array([1, 60])).tolist() == [0]


def test_each_visitor_is_encoded_from_the_last_event_whatever_the_lengths() -> None:
    histories = histories_of(
        [(1, PURCHASE_CODE, 0), (4, VIEW_CODE, 9_970)],
        [],
        [(2, PURCHASE_CODE, 9_000)] * 5 + [(3, PURCHASE_CODE, 10_000)],
    )

    vectors = build_voice().encode(histories)

    assert vectors.tolist() == [[-2 + VIEW_CODE, 3 + 1], [0, 0], [1 + PURCHASE_CODE, 1 + 0]]
    assert vectors.dtype == np.float32


def test_events_of_a_type_that_was_not_learned_are_skipped() -> None:
    histories = histories_of(
        [(1, PURCHASE_CODE, 5_000), (2, SEARCH_CODE, 9_999)],
        [(3, SEARCH_CODE, 1)],
    )

    # the purchase at 5,000 is the last that is read: 5,000 s to now are gap code 3
    assert build_voice().encode(histories).tolist() == [[1 + PURCHASE_CODE, 0 + 3], [0, 0]]


def test_scores_are_products_with_item_vectors_and_padding_never_leads() -> None:
    scores = build_voice().score(histories_of([(1, PURCHASE_CODE, 10_000)], []))

    visitor = [1 + PURCHASE_CODE, 0]
    items = [visitor[0] * x + visitor[1] * y for x, y in VECTORS.tolist()[1:]]
    assert scores.tolist() == [[min(items), *items], [0, 0, 0, 0, 0]]
    assert scores.dtype == np.float32


def test_a_batch_larger_than_one_call_equals_one_by_one() -> None:
    rng = np.random.default_rng(0)
    length = TOKENS_PER_CALL // 40
    visitors = []
    for _ in range(100):
        times = np.sort(rng.integers(0, 10_000, rng.integers(0, length)))
        visitors.append([(int(rng.integers(1, 5)), PURCHASE_CODE, int(time)) for time in times])
    voice = build_voice(max_length=length)

    together = voice.encode(histories_of(*visitors))

    assert together.tolist() == [voice.encode(histories_of(visitor))[0].tolist() for visitor in visitors]


def test_similar_items_are_the_nearest_in_direction_without_the_item_itself() -> None:
    items, cosines = build_voice().similar(2, limit=10)

    # vectors (0, 1) against (1, 0), (1, 1), (-2, 3)
    assert items.tolist() == [4, 3, 1]
    np.testing.assert_allclose(cosines, [3 / 13**0.5, 1 / 2**0.5, 0], atol=1e-6)


def test_the_voice_survives_its_arrays_to_the_last_bit() -> None:
    voice = build_voice()
    histories = histories_of([(1, PURCHASE_CODE, 0), (4, VIEW_CODE, 9_970)])

    restored = SequenceVoice.from_arrays(voice.arrays())

    assert restored.score(histories).tolist() == voice.score(histories).tolist()
    assert restored.max_length == 3


def test_a_graph_that_refers_to_other_files_is_refused() -> None:
    model = onnx.load_from_string(last_event_graph())
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    tensor.external_data.add(key="location", value="../../etc/passwd")

    with pytest.raises(ValueError, match="other files"):
        build_voice(graph=model.SerializeToString())


def test_item_vectors_of_another_type_are_refused() -> None:
    arrays = dict(build_voice().arrays())

    with pytest.raises(ValueError, match="float32"):
        SequenceVoice(
            encoder_onnx=arrays["encoder_onnx"],
            item_vectors=VECTORS.astype(np.float64),
            gap_edges=arrays["gap_edges"],
            read_types=arrays["read_types"],
            max_length=3,
        )


def test_serving_imports_neither_torch_nor_django() -> None:
    program = "import sys\nsys.modules.update(torch=None, django=None, scipy=None)\nimport django_recs.engine.encoder\n"
    subprocess.run([sys.executable, "-c", program], check=True)
