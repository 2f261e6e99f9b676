"""A sentence encoder in the layout of sentence-transformers, from the ONNX export inside its folder."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from django_recs.engine.content.encoders.opening import EncoderUnusable, fingerprint_of, graph_in, json_in, open_graph
from django_recs.engine.content.encoders.wordpiece import FILE, WordPiece
from django_recs.engine.interactions import FloatArray

DEFAULT_LENGTH = 256
BATCH_SIZE = 32
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}


class OnnxTextEncoder:
    """Texts -> unit vectors, pooled as the folder's ``1_Pooling/config.json`` says: mean (the default) or first piece.

    Raises `EncoderUnusable` when the folder lacks a part.
    """

    def __init__(self, folder: Path, *, thread_count: int = 1) -> None:
        self.graph = graph_in(folder)
        self.tokenizer = WordPiece.from_folder(folder)
        self.length = int(json_in(folder / "sentence_bert_config.json").get("max_seq_length") or DEFAULT_LENGTH)
        self.pools_first = bool(json_in(folder / "1_Pooling/config.json").get("pooling_mode_cls_token"))
        self._files = [self.graph, folder / FILE, folder / "1_Pooling/config.json"]
        self._session = open_graph(self.graph, thread_count=thread_count)
        if unknown := {each.name for each in self._session.get_inputs()} - _INPUTS:
            raise EncoderUnusable(f"{self.graph} asks for {', '.join(sorted(unknown))}, which no text encoder gets.")

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(self._files)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """(N, D)"""
        numbers = [self.tokenizer.numbers(text, self.length) for text in texts]
        order = np.argsort([len(row) for row in numbers], kind="stable")
        parts = [self._encode(numbers, order[at : at + BATCH_SIZE]) for at in range(0, len(order), BATCH_SIZE)]
        vectors = np.concatenate(parts)
        return vectors[np.argsort(order)]

    def _encode(self, numbers: Sequence[Sequence[int]], rows: npt.NDArray[np.integer]) -> FloatArray:
        ids = np.zeros((len(rows), max(len(numbers[row]) for row in rows)), dtype=np.int64)
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(numbers[row])] = numbers[row]
            mask[place, : len(numbers[row])] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        asked = [each.name for each in self._session.get_inputs()]
        output = self._session.run(None, {name: given[name] for name in asked})[0]
        if output.ndim == 3 and self.pools_first:
            output = output[:, 0]
        elif output.ndim == 3:
            output = (output * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        lengths = np.linalg.norm(output, axis=1, keepdims=True)
        return np.asarray(output / np.maximum(lengths, 1e-12), dtype=np.float32)
