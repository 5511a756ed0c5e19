"""The parts of a BAM that its index leads to, for those who trust its alignments.

Read are the alignments at the target genes and the reads without a place, and then those near the
mates and further pieces of these: at a partner lie molecules of which an aligner has clipped the
few bases of a target. The other records of a molecule are fetched from where those read say that
they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pysam
from pysam.utils import SamtoolsError

from fusioncall.bam import molecule_name, open_bam, unreadable
from fusioncall.bam_blocks import Source, view_options
from fusioncall.errors import InputError
from fusioncall.files import begins_as_cram
from fusioncall.model import Census, InputFile, Molecule, TrustedLook
from fusioncall.targets import Target

COULD_MISS = (
    (
        "molecules without a read that was aligned to a target gene, or near a place where another"
        " molecule of a target has a read, or to no place"
    ),
    "reads that were left unaligned but stored beside a mate that lies elsewhere",
    "alignments that neither the place of the mate nor an SA tag of the molecule leads to",
)
"""What the index does not lead to."""

_INDICES = (".bai", ".csi", ".crai")
_UNPLACED = "*"  # what samtools calls the reads without a place
_JOIN_BP = 1000  # places so near are fetched together
_CURE = "Make it anew with samtools index, or leave --trust-alignment out"


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    contig: str
    start: int
    end: int

    def wider(self, margin_bp: int) -> _Place:
        """The place with a margin on either side."""
        return _Place(self.contig, max(0, self.start - margin_bp), self.end + margin_bp)

    @property
    def region(self) -> str:
        """As samtools takes it; with a range the name may hold a colon."""
        return f"{self.contig}:{self.start + 1}-{self.end}"


def look_of(bam: Path, targets: Iterable[Target], margin_bp: int, genome: Path) -> TrustedLook:
    """What is to be read of a BAM, and what its index says of the whole.

    Args:
        bam: BAM or CRAM.
        targets: the target genes.
        margin_bp: read on either side of each.
        genome: bgzip FASTA of the reference, for CRAM.

    Raises:
        InputError: there is no index, or it is older than the file.
    """
    _check_index(bam)
    with open_bam(bam, 1, genome) as opened:
        contigs = frozenset(opened.references)
        counts = opened.get_index_statistics()
        mapped = sum(each.mapped for each in counts)
        beside = sum(each.unmapped for each in counts)
        alone = int(opened.nocoordinate)
    genes = (target.gene for target in targets)
    places = [
        _Place(gene.contig, gene.start, gene.end).wider(margin_bp)
        for gene in genes
        if gene.contig in contigs
    ]
    is_counted = bool(mapped + beside + alone)
    return TrustedLook(
        margin_bp=margin_bp,
        regions=(*(each.region for each in places), _UNPLACED),
        mapped_alignments=mapped if is_counted else None,
        unmapped_beside_mate=beside if is_counted else None,
        unmapped_without_place=alone if is_counted else None,
        could_miss=COULD_MISS,
    )


def places_led_to(look: TrustedLook, molecules: Iterable[Molecule]) -> tuple[str, ...]:
    """The regions where molecules have their aligned pieces, with the margin of the look."""
    places = {
        _Place(piece.contig, piece.start, piece.end).wider(look.margin_bp)
        for molecule in molecules
        for read in molecule.reads
        for piece in read.segments
    }
    return tuple(each.region for each in _joined(places))


def trusting(census: Census, look: TrustedLook, bam: Path) -> Census:
    """The counts of what was read, without those that only a look at the whole file gives."""
    targets = census.target_reads
    return replace(
        census,
        fragments=None,
        control_reads={},
        exon_depth={gene: depths for gene, depths in census.exon_depth.items() if gene in targets},
        lanes={},
        trusted=look,
        inputs=(InputFile(name=bam.name, bytes=bam.stat().st_size, sha256=None),),
    )


def _check_index(bam: Path) -> None:
    names = (bam.with_name(f"{stem}{end}") for stem in (bam.name, bam.stem) for end in _INDICES)
    indices = [each for each in names if each.is_file()]
    if not indices:
        raise InputError("has no index", where=bam, cure=_CURE)
    for index in indices:  # htslib takes any of them
        if index.stat().st_mtime_ns < bam.stat().st_mtime_ns:
            raise InputError(f"is older than {bam.name}", where=index, cure=_CURE)


def with_distant(source: Source, picked: Path, names: frozenset[str], threads: int) -> Path:
    """A BAM of all records of some molecules, from wherever those already read say they lie.

    Args:
        source: the BAM, and the regions that were read of it.
        picked: their records in these regions; the new BAM is written beside it.
        names: theirs.
        threads: that decompress.

    Raises:
        InputError: the file is damaged.
    """
    folder = picked.parent
    wanted = folder / "names.txt"
    lines = (f"{name}{end}\n" for name in names for end in ("", "/1", "/2"))
    wanted.write_text("".join(lines), encoding="ascii")
    known: set[_Place] = set()
    while places := set(_places(picked, names)) - known:
        known |= places
        picked = folder / f"picked{len(known)}.bam"
        words = ["-b", "-M", "-N", str(wanted), "-o", str(picked)]
        words += [*view_options(source, threads), str(source.path), *source.regions]
        try:
            pysam.view(*words, *(each.region for each in _joined(known)), catch_stdout=False)
        except SamtoolsError as error:
            is_cram = begins_as_cram(source.path)
            raise unreadable(source.path, str(error), is_cram=is_cram) from error
    return picked


def _places(picked: Path, names: frozenset[str]) -> Iterator[_Place]:
    """Where other records of some molecules lie."""
    with open_bam(picked) as records:
        for record in records.fetch(until_eof=True):
            if molecule_name(record.query_name or "") not in names:
                continue
            if record.is_paired and record.next_reference_name is not None:
                yield _place(record.next_reference_name, record.next_reference_start)
            told = str(record.get_tag("SA")) if record.has_tag("SA") else ""
            for piece in filter(None, told.split(";")):
                contig, start, *_ = piece.split(",")
                yield _place(contig, int(start) - 1)


def _place(contig: str, start: int) -> _Place:
    return _Place(contig, max(0, start), max(0, start) + 1)


def _joined(places: Iterable[_Place]) -> list[_Place]:
    """Places in order, those near each other as one."""
    joined: list[_Place] = []
    for place in sorted(places):
        last = joined[-1] if joined else None
        if last and last.contig == place.contig and place.start <= last.end + _JOIN_BP:
            joined[-1] = _Place(last.contig, last.start, max(last.end, place.end))
        else:
            joined.append(place)
    return joined
