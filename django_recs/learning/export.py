"""The fitted encoder as a self-contained ONNX graph, checked against torch before anybody relies on it."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import Tensor

from django_recs.learning.networks.sequence_encoder import SequenceEncoder, VisitorEncoder

TOLERANCE = 1e-4
"""Largest difference between torch and ONNX Runtime that is accepted, relative to the largest value."""

INPUTS = ("item_vectors", "event_types", "gaps", "last", "context")
"""The last one only of a network that reads circumstances."""
OUTPUT = "visitors"

_EXPORTER_LOGS = ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")


class ExportDiffers(RuntimeError):
    """ONNX Runtime gives another result than torch; the graph must not be served."""


def export_encoder(encoder: SequenceEncoder) -> bytes:
    """ONNX bytes of `VisitorEncoder` with free B and T; the weights are inside.

    Raises:
        ExportDiffers: when the exported graph does not reproduce torch.
    """
    content = _without_traces(_traced(VisitorEncoder(encoder).cpu().eval()))
    check_export(encoder, content)
    return content


def check_export(encoder: SequenceEncoder, content: bytes) -> None:
    """Run the graph beside ``encoder`` on batches of several shapes.

    Raises:
        ExportDiffers: when a result lies further apart than `TOLERANCE`.
    """
    network = VisitorEncoder(encoder).cpu().eval()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    for visitor_count, length in ((1, 1), (3, 7), (2, 64)):
        inputs = _random_inputs(encoder, visitor_count, length)
        (served,) = session.run([OUTPUT], {name: value.numpy() for name, value in zip(INPUTS, inputs, strict=False)})
        with torch.no_grad():
            expected = network(*inputs).numpy()
        difference = float(np.abs(served - expected).max() / max(1.0, float(np.abs(expected).max())))
        if not difference <= TOLERANCE:
            raise ExportDiffers(f"ONNX Runtime differs from torch by {difference:.2g}; the limit is {TOLERANCE}.")


def _traced(network: VisitorEncoder) -> onnx.ModelProto:
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length")
    events = {0: batch, 1: length}
    inputs = _random_inputs(network.encoder, 2, 3)
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            network,
            inputs,
            dynamo=True,
            dynamic_shapes=(events, events, events, {0: batch}, events)[: len(inputs)],
            input_names=list(INPUTS[: len(inputs)]),
            output_names=[OUTPUT],
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program.")
    return program.model_proto


def _without_traces(model: onnx.ModelProto) -> bytes:
    """Serialised model without the exporter's notes, which hold paths and source lines of this machine."""
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.functions):
        part.doc_string = ""
        del part.metadata_props[:]
    content: bytes = model.SerializeToString()
    return content


def _random_inputs(encoder: SequenceEncoder, visitor_count: int, length: int) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    shape = (visitor_count, length)
    inputs = (
        torch.randn(*shape, encoder.width, generator=generator),
        torch.randint(encoder.type_embedding.num_embeddings, shape, generator=generator),
        torch.randint(encoder.gap_embedding.num_embeddings, shape, generator=generator),
        torch.randint(length, (visitor_count,), generator=generator),
    )
    if encoder.context is None:
        return inputs
    context = [torch.randint(size, shape, generator=generator) for size in encoder.context.sizes]
    return (*inputs, torch.stack(context, dim=2))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what the exporter prints, warns of and logs, none of which a reader of a training log can act on."""
    loggers = [logging.getLogger(name) for name in _EXPORTER_LOGS]
    levels = [logger.level for logger in loggers]
    silence = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
