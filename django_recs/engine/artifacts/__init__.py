"""A fitted blend as a folder of data: ``manifest.json``, ``.npy`` and ``.onnx`` files. No code, no pickle.

Every file is listed in the manifest with its size and SHA-256 and verified before use; arrays are memory-mapped, so the
processes of a machine share them. An array named ``..._onnx`` holds the bytes of a graph and is stored as they are.
"""

from django_recs.engine.artifacts.artifact import Artifact, EncodedVectors, encoded_vectors
from django_recs.engine.artifacts.layout import FORMAT_VERSION, ITEM_IDS, MANIFEST, ArtifactRefused
from django_recs.engine.artifacts.reading import open_artifact
from django_recs.engine.artifacts.writing import write_artifact

__all__ = [
    "FORMAT_VERSION",
    "ITEM_IDS",
    "MANIFEST",
    "Artifact",
    "ArtifactRefused",
    "EncodedVectors",
    "encoded_vectors",
    "open_artifact",
    "write_artifact",
]
