"""From .proto files to everything that stores and serves what they describe.

protoc -> descriptors -> schema model -> emitters, one row each in a table -> files
"""

from toolcrib.codegen.cache import cached
from toolcrib.codegen.emitters import Target
from toolcrib.codegen.generate import check, generate
from toolcrib.codegen.manifest import ClassName, Manifest, ManifestComponent, read_manifest
from toolcrib.codegen.problems import GenerateError, Problem

__all__ = [
    "ClassName",
    "GenerateError",
    "Manifest",
    "ManifestComponent",
    "Problem",
    "Target",
    "cached",
    "check",
    "generate",
    "read_manifest",
]
