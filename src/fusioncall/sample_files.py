"""Write simulated reads and their truth to files.

FASTQ is compressed without a time stamp, so the same sample gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from fusioncall.coords import breakpoint_text, parse_breakpoint
from fusioncall.files import whole_file, write_gzip
from fusioncall.simulate import SimulatedMolecule, SimulatedRead, SimulatedSample
from fusioncall.world_files import ContigNames

TRUTH_COLUMNS = (
    "sample",
    "fusion",
    "gene5",
    "gene3",
    "breakpoint5",
    "breakpoint3",
    "class",
    "inserted",
    "split_molecules",
    "spanning_molecules",
    "read_length_bp",
    "error_rate",
)
"""Columns of `truth.tsv`."""

MOLECULE_COLUMNS = (
    "sample",
    "read_name",
    "fusion",
    "breakpoint5",
    "breakpoint3",
    "molecule",
    "kind",
    "bases5",
    "bases3",
)
"""Columns of `molecules.tsv.gz`."""


def write_reads(sample: SimulatedSample, folder: Path) -> tuple[Path, ...]:
    """Write `<sample>_1.fq.gz` and, for paired reads, `<sample>_2.fq.gz`.

    Returns:
        The files written.
    """
    mates: list[Callable[[SimulatedMolecule], SimulatedRead | None]] = [lambda m: m.first]
    if sample.plan.settings.is_paired:
        mates.append(lambda m: m.second)
    paths = []
    for number, mate in enumerate(mates, start=1):
        path = folder / f"{sample.plan.name}_{number}.fq.gz"
        write_gzip(path, _fastq((m.name, mate(m)) for m in sample.molecules))
        paths.append(path)
    return tuple(paths)


def _fastq(reads: Iterable[tuple[str, SimulatedRead | None]]) -> Iterator[str]:
    for name, read in reads:
        if read is not None:
            yield f"@{name}\n{read.bases}\n+\n{read.quality}\n"


def write_truth(samples: Sequence[SimulatedSample], path: Path, names: ContigNames) -> None:
    """Write what was planted: one row per fusion and sample, sorted.

    Args:
        samples: simulated samples.
        path: `truth.tsv`.
        names: how the FASTA names contigs, for the breakpoints.
    """
    rows = [
        (
            row.sample,
            row.fusion,
            row.gene5,
            row.gene3,
            _renamed(row.breakpoint5, names),
            _renamed(row.breakpoint3, names),
            row.fusion_class,
            row.inserted or ".",
            row.split_molecules,
            row.spanning_molecules,
            row.read_length_bp,
            row.error_rate,
        )
        for sample in samples
        for row in sample.truth
    ]
    with whole_file(path) as temporary:
        temporary.write_text("".join(_table(TRUTH_COLUMNS, sorted(rows))), encoding="utf-8")


def write_molecules(samples: Sequence[SimulatedSample], path: Path, names: ContigNames) -> None:
    """Write which read shows what of which planted fusion, in the order of the reads.

    Args:
        samples: simulated samples.
        path: `molecules.tsv.gz`.
        names: how the FASTA names contigs, for the breakpoints.
    """
    rows = [
        (
            sample.plan.name,
            row.read_name,
            row.fusion,
            _renamed(row.breakpoint5, names),
            _renamed(row.breakpoint3, names),
            row.molecule,
            row.kind.value,
            row.bases5,
            row.bases3,
        )
        for sample in samples
        for row in sample.evidence
    ]
    write_gzip(path, _table(MOLECULE_COLUMNS, rows))


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield "\t".join(columns) + "\n"
    for row in rows:
        yield "\t".join(map(str, row)) + "\n"


def _renamed(breakpoint: str, names: ContigNames) -> str:
    contig, position, strand = parse_breakpoint(breakpoint)
    return breakpoint_text(names.of(contig), position, strand)
