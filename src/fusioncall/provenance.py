"""What a sample's results were made of and with: the content of `provenance.json`."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from pysam.version import __htslib_version__ as htslib_version

from fusioncall import __version__
from fusioncall.context import FACT_TABLES, Context
from fusioncall.files import sha256
from fusioncall.model import SampleCalls
from fusioncall.reference import Reference
from fusioncall.rejudge import judged_anew
from fusioncall.resources import resource_path
from fusioncall.settings import Settings

_LIBRARIES = ("biopython", "edlib", "isal", "mappy", "msgspec", "numpy", "pysam")


def provenance_of(
    made: SampleCalls, reference: Reference, settings: Settings, context: Context
) -> dict[str, Any]:
    """Versions, settings and checksums; no time, host or path, so that it is repeatable.

    Args:
        made: the calls with the files that they were made of.
        reference: the bundle.
        settings: of the step that writes the tables.
        context: known partners, and the tumour type.
    """
    manifest = reference.manifest
    return {
        "schema": 1,
        "sample": made.sample,
        "fusioncall": __version__,
        "called_with": {
            "fusioncall": made.fusioncall,
            "settings_sha256": settings_digest(made.first_settings or made.settings),
        },
        "judged_anew": judged_anew(made) or None,
        "libraries": {name: version(name) for name in _LIBRARIES},
        "htslib": htslib_version,
        "reference": {
            "name": manifest.name,
            "manifest_sha256": made.reference_sha256,
            "sources": manifest.sources,
        },
        "catalogue": _source(context.catalogue),
        "own_catalogue": _source(context.own_catalogue) if context.own_catalogue else None,
        "tumour_type": context.tumour_type or None,
        "assay": context.taken_assay,
        "panel_of_normals": _source(context.normals) if context.normals else None,
        "facts": [_source(resource_path(name)) for name in FACT_TABLES],
        "settings": msgspec.structs.replace(settings, reference=manifest.settings),
        "settings_sha256": settings_digest(settings),
        "inputs": made.census.inputs,
    }


def _source(path: Path) -> dict[str, str]:
    return {"name": path.name, "sha256": sha256(path)}


def settings_digest(settings: Settings) -> str:
    """SHA-256 of the settings' values in one fixed form."""
    return hashlib.sha256(msgspec.json.encode(settings)).hexdigest()
