"""The screen: keep the molecules that touch a target gene, count all the others.

Blocks of FASTQ are read ahead, one file beside the other, and scanned by several threads
(`scan.py` says what keeps a read). They are joined to molecules in the order of the files, so
neither the result nor an error depends on the number of threads.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fusioncall.bam import gather_molecules, molecule_name, name_in_lane, open_bam
from fusioncall.bam_blocks import Source
from fusioncall.errors import InputError
from fusioncall.fastq import Block
from fusioncall.files import sha256, whole_file
from fusioncall.kept import Kept
from fusioncall.kernels import MAX_LENGTH_BP, PLACES, SLACK, Bytes, Counts, Places
from fusioncall.kmers import KmerTable
from fusioncall.lanes import Lane, Piece
from fusioncall.model import (
    AlignmentCounts,
    Census,
    InputFile,
    Molecule,
    StrandCounts,
)
from fusioncall.picked import Look, pick_records
from fusioncall.progress import Progress
from fusioncall.scan import Scan, Scanner
from fusioncall.settings import ScreenSettings
from fusioncall.trusted import with_distant

_MAX_NAME_BYTES = 254  # SAM specification, QNAME
_START_BP = 32  # of each read, by which copies are told


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """The FASTQ files of a sample, one per lane; `second` is empty for single-end reads."""

    first: tuple[Path, ...]
    second: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if self.second and len(self.first) != len(self.second):
            raise InputError(
                f"{len(self.first)} files of first reads but {len(self.second)} of second reads",
                cure="Give the lanes of both mates in the same order, separated by commas",
            )
        for path in (*self.first, *self.second):
            if not path.is_file():
                raise InputError("does not exist or is no file", where=path, cure="Check the path")
        given = [*self.first, *self.second]
        for number, path in enumerate(given):
            if any(path.samefile(other) for other in given[:number]):
                raise InputError("is given twice", where=path, cure="Give each FASTQ file once")

    @property
    def is_paired(self) -> bool:
        """Whether the molecules have two reads."""
        return bool(self.second)

    @property
    def lanes(self) -> Iterator[tuple[Path, ...]]:
        """The files of each lane: one, or those of the two mates."""
        if self.second:
            yield from zip(self.first, self.second, strict=True)
        else:
            yield from ((path,) for path in self.first)


@dataclass(slots=True)
class _Tally:
    """Running counts of a screen; those by gene and exon have the order of the k-mer table."""

    scan: Scan
    fragments: int = 0
    copies: int = 0
    starts: set[int] = field(default_factory=set)

    def add(self, scan: Scan, *, is_turned: bool) -> None:
        """Add what was scanned; turned reads are those on the other strand than first mates."""
        total = self.scan
        total.genes += scan.genes
        total.exons += scan.exons
        total.lengths[: scan.lengths.size] += scan.lengths
        total.totals += scan.totals
        total.strands += scan.strands[::-1] if is_turned else scan.strands
        for name, count in scan.groups.items():
            total.groups[name] = total.groups.get(name, 0) + count

    def keep(self, kept: Kept) -> None:
        """Count kept molecules; one that begins as an earlier one is a copy."""
        known = len(self.starts)
        self.starts.update(kept.start_keys(_START_BP).tolist())
        self.copies += known + len(kept.names) - len(self.starts)


class Screen:
    """Looks at all reads of a sample, with several threads, and keeps count.

    Args:
        table: k-mers of the targets, then of the control genes.
        targets: how many of the table's genes are targets.
        settings: what is enough.
        threads: that read and look at reads at the same time; no effect on the result.
    """

    def __init__(
        self, table: KmerTable, targets: int, settings: ScreenSettings, threads: int
    ) -> None:
        self._table = table
        self._targets = targets
        self._threads = threads
        self._settings = settings
        self._scanner = Scanner(table, targets, settings)
        self._tally = _Tally(self._scanner.nothing(0, MAX_LENGTH_BP))
        self.inputs: tuple[InputFile, ...] = ()

    def fastq(self, files: ReadFiles, *, is_digested: bool = True) -> Iterator[Molecule]:
        """The molecules of FASTQ files that touch a target, as objects; see `kept`."""
        for kept in self.kept(files, is_digested=is_digested):
            yield from kept.molecules()

    def kept(self, files: ReadFiles, *, is_digested: bool = True) -> Iterator[Kept]:
        """The molecules of FASTQ files that touch a target, in the order of the files.

        Args:
            files: to read.
            is_digested: whether `inputs` are wanted, which takes the SHA-256 of the files.

        Raises:
            InputError: a file cannot be read, is not FASTQ, is empty or cut off, or the mates are
                out of step.
        """
        names: set[str] = set()
        paths = (*files.first, *files.second)
        inputs: dict[Path, InputFile] = {}
        done = 0
        with Progress("screen", sum(path.stat().st_size for path in paths)) as progress:
            for number, lane in enumerate(files.lanes, start=1):
                opened = Lane(lane, self._scanner, self._threads, is_digested=is_digested)
                for piece in opened.pieces(self._tally.add):
                    progress.update(done + opened.position, self._tally.fragments)
                    yield self._keep(piece, number, names)
                done += opened.position
                inputs |= dict(zip(lane, opened.inputs, strict=True))
        self.inputs = tuple(inputs[path] for path in paths)

    def _keep(self, piece: Piece, lane: int, taken: set[str]) -> Kept:
        self._tally.fragments += piece.kept.size
        rows = [start + np.flatnonzero(piece.kept) for start in piece.rows]
        kept = Kept(
            names=_own_names(piece.blocks[0], rows[0], lane, taken),
            texts=tuple(block.buffer for block in piece.blocks),
            places=tuple(
                block.places[each] for block, each in zip(piece.blocks, rows, strict=True)
            ),
        )
        self._tally.keep(kept)
        return kept

    def bam(
        self, source: Source, contigs: Mapping[str, int], folder: Path
    ) -> tuple[tuple[Molecule, ...], AlignmentCounts]:
        """The molecules of a BAM or CRAM that touch a target, with all their alignments.

        Args:
            source: the file, in any order; of regions the molecules are completed by what lies
                elsewhere.
            contigs: of the reference.
            folder: where temporary files with their records can lie.

        Returns:
            The molecules in the order of their names, and what was seen of them.

        Raises:
            InputError: the file cannot be read or is cut off, or a molecule has two different
                primary reads of one number.
        """
        with tempfile.TemporaryDirectory(prefix=".screen-", dir=folder) as work:
            picked = Path(work) / "picked.bam"
            with whole_file(picked) as part:
                names = pick_records(source, part, self._scanner, self._threads, self._count)
            if source.regions:
                picked = with_distant(source, picked, names, self._threads)
            with open_bam(picked) as records:
                return gather_molecules(records.fetch(until_eof=True), contigs, names, source.path)

    def _count(self, look: Look) -> int:
        """Add what was seen of some reads of a BAM; gives the fragments so far."""
        self._tally.add(look.scan, is_turned=look.is_turned)
        self._tally.fragments += look.fragments
        return self._tally.fragments

    def molecules(self, molecules: Sequence[Molecule]) -> list[Molecule]:
        """Those of some molecules in memory that touch a target; they are not counted."""
        reads = [read for molecule in molecules for read in molecule.reads]
        block = _as_block([""] * len(reads), [read.sequence for read in reads])
        marks = iter(self._scanner.scan(*block).kept.tolist())
        return [each for each in molecules if sum(next(marks) for _ in each.reads)]

    def census(self, source: str, kept: int, inputs: tuple[InputFile, ...] | None = None) -> Census:
        """What was counted, once all reads have been looked at; `inputs` those of `fastq`."""
        tally, scan, names = self._tally, self._tally.scan, self._table.names
        counts = dict(zip(names, scan.genes.tolist(), strict=True))
        bases, short, low_quality = scan.totals.tolist()
        lengths = np.flatnonzero(scan.lengths)
        return Census(
            source=source,
            fragments=tally.fragments,
            reads=int(scan.lengths.sum()),
            bases=bases,
            min_read_bp=int(lengths.min(initial=MAX_LENGTH_BP)) if lengths.size else 0,
            max_read_bp=int(lengths.max(initial=0)),
            median_read_bp=_median(scan.lengths),
            short_reads=short,
            low_quality_reads=low_quality,
            kept_molecules=kept,
            kept_copies=tally.copies,
            target_reads={name: counts[name] for name in names[: self._targets]},
            control_reads={name: counts[name] for name in names[self._targets :]},
            exon_depth=self._exon_depth(),
            lanes=dict(sorted((name or "other", count) for name, count in scan.groups.items())),
            strand=self._strand(),
            inputs=self.inputs if inputs is None else inputs,
        )

    def _exon_depth(self) -> dict[str, dict[str, float]]:
        """For each gene and exon the mean number of reads that hold one of its k-mers."""
        kmers = self._table.exon_kmers.tolist()
        made: dict[str, dict[str, float]] = {name: {} for name in self._table.names}
        hits = self._tally.scan.exons.tolist()[1:]
        for name, size, count in zip(self._table.exon_names, kmers, hits, strict=True):
            gene, _, exon = name.rpartition(":")
            made[gene][exon] = round(count / size, 2) if size else 0.0
        return made

    def _strand(self) -> StrandCounts:
        sense, antisense = self._tally.scan.strands.tolist()
        limits = self._settings
        share = max(sense, antisense) / max(1, sense + antisense)
        if sense + antisense < limits.min_strand_reads:
            library = "unknown"
        elif share < limits.min_strand_share:
            library = "unstranded"
        else:
            library = "first-sense" if sense > antisense else "first-antisense"
        return StrandCounts(sense=sense, antisense=antisense, library=library)


def _median(lengths: Counts) -> int:
    """The lower median of a histogram."""
    below = np.cumsum(lengths)
    return int(np.searchsorted(below, (below[-1] + 1) // 2)) if below[-1] else 0


def describe_inputs(paths: Iterable[Path]) -> tuple[InputFile, ...]:
    """Name, size and SHA-256 of the files that were read."""
    return tuple(
        InputFile(name=path.name, bytes=path.stat().st_size, sha256=sha256(path)) for path in paths
    )


def _as_block(names: list[str], sequences: list[str]) -> tuple[Bytes, Places]:
    """Names and sequences as the records of a block without qualities."""
    texts = [text for each in zip(names, sequences, strict=True) for text in each]
    buffer = np.frombuffer(bytearray("".join(texts).encode() + bytes(SLACK)), dtype=np.uint8)
    ends = np.cumsum([len(text) for text in texts], dtype=np.int32).reshape(-1, 2)
    starts = np.zeros_like(ends)
    starts.flat[1:] = ends.flat[:-1]
    places = np.full((len(sequences), PLACES), -1, dtype=np.int32)
    places[:, 0], places[:, 1] = starts[:, 0], ends[:, 0]
    places[:, 2], places[:, 3] = starts[:, 1], ends[:, 1]
    return buffer, places


def _own_names(block: Block, rows: npt.NDArray[np.intp], lane: int, taken: set[str]) -> list[str]:
    """The names of molecules, which become taken; one of an earlier lane gets its lane's number.

    Raises:
        InputError: two molecules of a lane have one name, or a name is too long for BAM.
    """
    names = []
    for given in map(molecule_name, block.names(rows)):
        name = name_in_lane(given, lane) if lane > 1 and given in taken else given
        if name in taken:
            what = f"two molecules are called {name}"
            cure = "Give each molecule a name of its own; split interleaved mates into two files"
            raise InputError(what, where=block.path, cure=cure)
        if len(name) > _MAX_NAME_BYTES:
            what = f"the read name {name[:30]}... has more than {_MAX_NAME_BYTES} characters"
            raise InputError(what, where=block.path, cure="Shorten the names; BAM cannot hold them")
        taken.add(name)
        names.append(name)
    return names
