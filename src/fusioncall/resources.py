"""Where the files that come with fusioncall lie.

An installed wheel carries them inside the package; a checkout keeps them at its top level, where
a reader looks for them.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).parent / "resources"
_CHECKOUT = Path(__file__).parents[2]


def resource_path(name: str) -> Path:
    """The path of a file of `resources/`, or of `settings.yaml`.

    Args:
        name: the file's name, for example `targets.yaml`.
    """
    if _PACKAGED.is_dir():
        return _PACKAGED / name
    return _CHECKOUT / ("config" if name == "settings.yaml" else "resources") / name
