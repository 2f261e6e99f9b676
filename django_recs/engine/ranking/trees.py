"""Boosted trees as an ONNX graph of one node: the web process needs no LightGBM. For workers only: imports onnx.

onnxmltools converts them as well, but brings scikit-learn along, for what is one walk through each tree.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lightgbm import Booster

Node = Mapping[str, Any]
OPSET, TREE_OPSET, IR_VERSION = 17, 3, 9


def trees_as_onnx(booster: "Booster") -> bytes:
    """A graph ``features`` (N, F) float32 -> ``gains`` (N, 1): the sum over the trees, without the init scores."""
    from onnx import TensorProto, helper

    dump = booster.dump_model()
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["gains"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        **_attributes([tree["tree_structure"] for tree in dump["tree_info"]]),
    )
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, dump["max_feature_idx"] + 1])],
        [helper.make_tensor_value_info("gains", TensorProto.FLOAT, [None, 1])],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", TREE_OPSET)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()
    return model


def _attributes(trees: list[Node]) -> dict[str, Any]:
    """The columns of the operator: one row per node, and one per leaf with what it adds."""
    nodes, leaves = [], []
    for tree_id, root in enumerate(trees):
        numbered = dict(enumerate(_preorder(root)))
        number_of = {id(node): number for number, node in numbered.items()}
        for number, node in numbered.items():
            if "leaf_value" in node:
                nodes.append((tree_id, number, "LEAF", 0, 0.0, 0, 0))
                leaves.append((tree_id, number, 0, node["leaf_value"]))
            else:
                children = (number_of[id(node["left_child"])], number_of[id(node["right_child"])])
                threshold = _not_above(node["threshold"])
                nodes.append((tree_id, number, "BRANCH_LEQ", node["split_feature"], threshold, *children))
    node_names = ("treeids", "nodeids", "modes", "featureids", "values", "truenodeids", "falsenodeids")
    leaf_names = ("treeids", "nodeids", "ids", "weights")
    return {
        **{f"nodes_{name}": list(column) for name, column in zip(node_names, zip(*nodes, strict=True), strict=True)},
        **{f"target_{name}": list(column) for name, column in zip(leaf_names, zip(*leaves, strict=True), strict=True)},
    }


def _preorder(node: Node) -> Iterator[Node]:
    yield node
    if "leaf_value" not in node:
        yield from _preorder(node["left_child"])
        yield from _preorder(node["right_child"])


def _not_above(threshold: float) -> float:
    """The largest float32 that is not above: a float32 value is then on the same side of both."""
    near = np.float32(threshold)
    return float(near if near <= threshold else np.nextafter(near, np.float32(-np.inf)))
