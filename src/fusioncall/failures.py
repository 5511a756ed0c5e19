"""A sample that cannot be read, recorded as one, so that the others of a batch go on.

What takes the place of its files is valid and empty, but for the reason. It goes through all later
steps, and the sample's tables and report tell it.
"""

from __future__ import annotations

import logging
from pathlib import Path

from fusioncall.errors import InputError
from fusioncall.model import Census
from fusioncall.reference import Reference

log = logging.getLogger(__name__)


def failed_census(source: str, error: InputError, reference: Reference) -> Census:
    """The census of a sample of which nothing is known but why.

    Args:
        source: `fastq` or `bam`.
        error: what is wrong with the sample's files.
        reference: whose target and control genes have no reads.
    """
    names = reference.kmers.names
    targets = len(reference.targets)
    log.error("failed: %s", error)
    return Census(
        source=source,
        fragments=0,
        reads=0,
        bases=0,
        min_read_bp=0,
        max_read_bp=0,
        kept_molecules=0,
        target_reads=dict.fromkeys(names[:targets], 0),
        control_reads=dict.fromkeys(names[targets:], 0),
        exon_depth={name: {} for name in names},
        inputs=(),
        failure=one_line(error),
    )


def one_line(error: InputError) -> str:
    """What is wrong and in which file, without its folder, for results hold no path.

    >>> one_line(InputError("holds no reads", where="a/b.fq and a/c.fq", cure="Give others"))
    'b.fq and c.fq: holds no reads'
    """
    files = " and ".join(Path(each).name for each in (error.where or "").split(" and "))
    return " ".join(f"{files}: {error.what}".removeprefix(": ").split())
