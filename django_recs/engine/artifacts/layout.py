"""Names and limits that writing and reading share."""

import hashlib
import re
from pathlib import Path

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
ITEM_IDS = "item_ids.npy"
MANIFEST_LIMIT_BYTES = 16_000_000
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.(npy|onnx)")
PLAIN_KINDS = "biufU"
"""numpy kinds that hold plain values: booleans, integers, floats, text."""


class ArtifactRefused(Exception):
    """The folder is not an artifact that may be used; the message names the file and says why."""


def file_name(voice: str, key: str) -> str:
    """The file of one array of a part, such as ``ease.items.npy``; an array named ``..._onnx`` is a graph."""
    return f"{voice}.{key.removesuffix('_onnx')}.onnx" if key.endswith("_onnx") else f"{voice}.{key}.npy"


def sha256_of(path: Path) -> str:
    """In hexadecimal digits, of the whole file."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
