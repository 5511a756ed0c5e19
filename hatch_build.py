"""Compile `kernels.c` when the package is built; `python hatch_build.py` does only that.

The C compiler is `cc`, or that of the environment's CC.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path(__file__).parent / "src" / "fusioncall"
OPTIONS = ("-O3", "-std=gnu11", "-Wno-psabi", "-shared", "-fPIC")


def compile_kernels() -> None:
    """Write `libkernels.so` beside `kernels.c`."""
    library = FOLDER / "libkernels.so"
    part = library.with_suffix(".part")
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run([*compiler, *OPTIONS, str(FOLDER / "kernels.c"), "-o", str(part)], check=True)
    part.replace(library)


class KernelBuild(BuildHookInterface[Any]):
    """Adds the library to the wheel, which is then one for this platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile before the files are gathered."""
        compile_kernels()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"].append("src/fusioncall/libkernels.so")


if __name__ == "__main__":
    compile_kernels()
