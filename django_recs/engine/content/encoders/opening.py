"""What both encoders share: finding the graph and the settings in a folder, and telling two encoders apart."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import onnxruntime as ort

GRAPH_PLACES = ("model.onnx", "onnx/model.onnx")
"""Where the export of a Hugging Face model keeps its graph."""


class EncoderUnusable(Exception):
    """The files do not hold an encoder that can be run here; the message says what is missing."""


def graph_in(path: Path) -> Path:
    """The graph at ``path``, a file or a folder. Raises `EncoderUnusable` when there is none."""
    if path.is_file():
        return path
    for place in GRAPH_PLACES:
        if (path / place).is_file():
            return path / place
    raise EncoderUnusable(f"{path} holds no {' and no '.join(GRAPH_PLACES)}.")


def open_graph(path: Path, *, thread_count: int) -> Any:
    """A session; weights in a file beside the graph are found. Raises `EncoderUnusable` when it cannot be run."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = thread_count
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise EncoderUnusable(f"{path} cannot be run by ONNX Runtime: {error}") from error


def json_in(path: Path) -> dict[str, Any]:
    """The object in a JSON file, {} where there is no such file. Raises `EncoderUnusable` when it is no object."""
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise EncoderUnusable(f"{path} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise EncoderUnusable(f"{path} holds no JSON object.")
    return value


def fingerprint_of(files: Iterable[Path]) -> str:
    """Changes whenever one of the files does."""
    digest = hashlib.sha256()
    for path in files:
        if path.is_file():
            with path.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()
