"""A sample that cannot be read, or whose step died, recorded as failed, so that others go on.

What takes the place of its files is valid and empty, but for the reason. It goes through all later
steps, and the sample's tables and report tell it.
"""

from __future__ import annotations

import logging
import signal
from dataclasses import dataclass
from pathlib import Path

import pysam

from fusioncall.errors import InputError
from fusioncall.files import whole_file
from fusioncall.model import Census
from fusioncall.reference import Reference

log = logging.getLogger(__name__)

_TOLD = "fusioncall failed: "
"""How the comment in the header of a BAM begins that takes the place of a sample's alignments."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the last try of a step ended.

    Args:
        step: its name, and that of its log.
        exit_code: as the shell gives it, 128 and more for a signal; None if its job was ended.
        tries: how often it was tried.
        memory_mb: that it had asked for.
        minutes: that it had asked for.
    """

    step: str
    exit_code: int | None
    tries: int
    memory_mb: int
    minutes: int

    def __str__(self) -> str:
        """The reason, in one line.

        >>> str(Ended("call", 137, 1, 400, 10))
        'call was ended by signal 9 (SIGKILL), with 400 MB and 10 minutes asked for: see call.log'
        >>> str(Ended("call", 1, 3, 4000, 10)).partition(", ")[0]
        'call ended with exit code 1 in the last of 3 tries'
        >>> str(Ended("call", None, 3, 4000, 10))
        'call was ended with its whole job (time limit, lost node) in try 2 of 3: see call.log'
        """
        log = f"see {self.step}.log"
        if self.exit_code is None:
            how = "was ended with its whole job (time limit, lost node)"
            return f"{self.step} {how} in try {self.tries - 1} of {self.tries}: {log}"
        try:
            number = signal.Signals(self.exit_code - 128)
            how = f"was ended by signal {number.value} ({number.name})"
        except ValueError:
            how = f"ended with exit code {self.exit_code}"
        tried = f" in the last of {self.tries} tries" if self.tries > 1 else ""
        asked = f"with {self.memory_mb} MB and {self.minutes} minutes asked for"
        return f"{self.step} {how}{tried}, {asked}: {log}"

    def error(self) -> InputError:
        """The same as the error of a sample."""
        return InputError(str(self), cure="Look at the log")


def write_note(path: Path, ended: Ended) -> None:
    """The reason as a text, by which the workflow knows that a sample was given up."""
    with whole_file(path) as part:
        part.write_text(f"{ended}\n", encoding="utf-8")


def write_failed_bam(path: Path, ended: Ended) -> None:
    """A BAM without records that tells why, in the place of a sample's alignments."""
    header = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6"}, "CO": [f"{_TOLD}{ended}"]})
    with whole_file(path) as part, pysam.AlignmentFile(str(part), "wb", header=header):
        pass


def check_not_failed(bam: pysam.AlignmentFile) -> None:
    """Whether a BAM is one of `write_failed_bam`.

    Raises:
        InputError: it is; the error tells what it tells.
    """
    for comment in bam.header.to_dict().get("CO", ()):
        if comment.startswith(_TOLD):
            raise InputError(comment.removeprefix(_TOLD), cure="Align the sample again")


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
