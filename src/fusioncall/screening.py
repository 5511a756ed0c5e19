"""The step from FASTQ to kept molecules; apart from the others, as it needs few libraries."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fusioncall.bam import write_packed
from fusioncall.errors import InputError
from fusioncall.failures import failed_census
from fusioncall.files import json_bytes, whole_file
from fusioncall.reference import Reference
from fusioncall.screen import ReadFiles, Screen
from fusioncall.settings import Settings

log = logging.getLogger(__name__)

_SAMPLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class Setup:
    """What every step needs: the open reference, all thresholds, and how many threads."""

    reference: Reference
    settings: Settings
    threads: int


def check_sample_name(name: str) -> str:
    """The name, if files and tables can carry it.

    Raises:
        InputError: it holds anything but letters, digits, dot, underscore and hyphen.
    """
    if not _SAMPLE_NAME.fullmatch(name):
        what = f"the sample name {name!r} holds other characters than letters, digits, . _ -"
        raise InputError(what, cure="Rename the sample; begin with a letter or digit")
    return name


def screen(files: ReadFiles, setup: Setup, reads: Path, census: Path) -> None:
    """FASTQ -> unaligned BAM of the kept molecules, and the census of all.

    Raises:
        InputError: a file cannot be used.
    """
    looker = screen_of(setup)
    amount = 0

    def packed() -> Iterator[bytes]:
        nonlocal amount
        for kept in looker.kept(files):
            amount += len(kept.names)
            yield kept.packed()

    with whole_file(census) as census_part, whole_file(reads) as reads_part:
        write_packed(reads_part, packed())
        seen = looker.census("fastq", amount)
        census_part.write_bytes(json_bytes(seen))
    log.info("%d of %d molecules touch a target", amount, seen.fragments)


def record_failed_screen(error: InputError, setup: Setup, reads: Path, census: Path) -> None:
    """What the later steps need of a sample whose FASTQ cannot be used: no molecule, and why."""
    seen = failed_census("fastq", error, setup.reference)
    with whole_file(census) as census_part, whole_file(reads) as reads_part:
        write_packed(reads_part, ())
        census_part.write_bytes(json_bytes(seen))


def screen_of(setup: Setup) -> Screen:
    """A screen for the targets of the reference."""
    targets = len(setup.reference.targets)
    return Screen(setup.reference.kmers, targets, setup.settings.screen, setup.threads)
