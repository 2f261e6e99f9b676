"""ONNX graphs of an artifact in ONNX Runtime: self-contained, one thread, silent."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

_EXTERNAL_DATA_MARK = b"\x0a\x08location"
"""How protobuf writes the key ``location`` of a tensor that lives in another file."""


def refuse_external_data(name: str, graph: npt.NDArray[np.uint8]) -> None:
    """Raises `ValueError` when the graph called ``name`` refers to data in other files."""
    if _EXTERNAL_DATA_MARK in graph.tobytes():
        raise ValueError(f"{name} refers to data in other files; only self-contained graphs are accepted.")


def open_graph(graph: npt.NDArray[np.uint8]) -> Any:
    """A session for the bytes of ``graph``; threads are the web server's business, so it starts none."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(graph.tobytes(), options, providers=["CPUExecutionProvider"])
