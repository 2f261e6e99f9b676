"""Any vision encoder that was exported to ONNX."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from django_recs.engine.content.encoders.opening import EncoderUnusable, fingerprint_of, graph_in, json_in, open_graph
from django_recs.engine.interactions import FloatArray

SETTINGS = "preprocessor_config.json"
DEFAULT_SIZE = 224
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""Of the three colours over ImageNet, which most encoders expect; a ``preprocessor_config.json`` may say otherwise."""


class OnnxImageEncoder:
    """Pictures (B, S, S, 3) -> vectors (B, D): the graph's first output, averaged over places where it has places.

    Raises `EncoderUnusable` when there is no graph with one input of shape (B, 3, S, S).
    """

    def __init__(self, path: Path, *, thread_count: int = 1) -> None:
        self.graph = graph_in(path)
        self._settings_file = (self.graph.parent if path.is_file() else path) / SETTINGS
        facts = json_in(self._settings_file)
        self._session = open_graph(self.graph, thread_count=thread_count)
        pictures = self._session.get_inputs()
        if len(pictures) != 1 or len(pictures[0].shape) != 4:
            raise EncoderUnusable(f"{self.graph} must read one input of shape (pictures, 3, height, width).")
        self._input = pictures[0].name
        self.size = _size(pictures[0].shape[2], facts)
        self._mean = np.array(facts.get("image_mean") or MEAN, dtype=np.float32)
        self._deviation = np.array(facts.get("image_std") or DEVIATION, dtype=np.float32)

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of([self.graph, self._settings_file])

    def encode(self, pixels: npt.NDArray[np.uint8]) -> FloatArray:
        """``pixels`` (B, S, S, 3) with S = ``size``."""
        scaled = (pixels.astype(np.float32) / 255 - self._mean) / self._deviation
        output = self._session.run(None, {self._input: np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))})[0]
        if output.ndim == 4:  # (B, D, h, w)
            output = output.mean(axis=(2, 3))
        elif output.ndim == 3:  # (B, places, D)
            output = output.mean(axis=1)
        return np.asarray(output, dtype=np.float32)


def _size(fixed: Any, facts: dict[str, Any]) -> int:
    """The graph's own size where it is fixed, else that of the settings."""
    if isinstance(fixed, int):
        return fixed
    named = facts.get("crop_size") or facts.get("size") or DEFAULT_SIZE
    if isinstance(named, dict):
        named = named.get("height") or named.get("shortest_edge") or DEFAULT_SIZE
    return int(named)
