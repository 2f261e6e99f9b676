"""Pretrained encoders from a folder of this machine, run by ONNX Runtime. Nothing is downloaded; for workers only."""

from django_recs.engine.content.encoders.image import OnnxImageEncoder
from django_recs.engine.content.encoders.opening import EncoderUnusable
from django_recs.engine.content.encoders.text import OnnxTextEncoder

__all__ = ["EncoderUnusable", "OnnxImageEncoder", "OnnxTextEncoder"]
