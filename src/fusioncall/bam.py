"""BAM <-> molecules."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pysam

from fusioncall.errors import InputError
from fusioncall.files import begins_as_bgzf, begins_as_cram, lacks_cram_end
from fusioncall.model import (
    CIGAR_CONSUMES_QUERY,
    CIGAR_CONSUMES_REFERENCE,
    CIGAR_OPERATIONS,
    AlignmentCounts,
    Molecule,
    Read,
    ReadNumber,
    Segment,
)
from fusioncall.sequence import reverse_complement

_FIRST_LINE = "@HD\tVN:1.6\tSO:unsorted\tGO:query\n"
_CLIPS = frozenset("SH")
_NOWHERE = ("*", "0")
_UNALIGNED = ("*", "0", "0", "*", "*", "0", "0")  # contig to template length
_NO_QUALITY = "\x7f"  # the character behind ~, the last one that SAM has
_QUALITY_OF_PHRED = bytes(min(33 + phred, ord(_NO_QUALITY)) for phred in range(256))
_MAX_FOREIGN_SHARE = 0.05
_NUMBER_OF = {
    (False, False): ReadNumber.SINGLE,
    (True, False): ReadNumber.FIRST,
    (False, True): ReadNumber.SECOND,
}


@contextmanager
def open_bam(
    path: Path, threads: int = 1, genome: Path | None = None
) -> Iterator[pysam.AlignmentFile]:
    """Open a BAM or CRAM to read it from one end to the other; no index is needed.

    Args:
        path: the file.
        threads: that decompress.
        genome: bgzip FASTA with its indices, for CRAM; nothing is fetched from elsewhere.

    Raises:
        InputError: the file is missing, is no BAM or CRAM, or is cut off.
    """
    if not path.is_file():
        raise InputError("does not exist or is no file", where=path, cure="Check the path")
    is_cram = begins_as_cram(path)
    if not is_cram and not begins_as_bgzf(path):
        raise InputError("is not BAM", where=path, cure="Give a BAM or CRAM file")
    if is_cram and lacks_cram_end(path):
        cure = "Get or make the file anew; samtools quickcheck tells whether it is whole"
        raise InputError("is cut off", where=path, cure=cure)
    bam = None
    try:
        bam = pysam.AlignmentFile(
            str(path),
            "rc" if is_cram else "rb",
            check_sq=False,
            threads=threads,
            reference_filename=str(genome) if is_cram and genome else None,
        )
        if not (bam.is_bam or bam.is_cram):
            raise InputError("is not BAM", where=path, cure="Give a BAM or CRAM file")
        yield bam
    except (OSError, ValueError, EOFError) as error:
        raise unreadable(path, str(error), is_cram=is_cram) from error
    finally:
        if bam is not None:
            with suppress(OSError):  # htslib tells of damage once more on closing
                bam.close()


def unreadable(path: Path, message: str, *, is_cram: bool) -> InputError:
    """The error for a BAM or CRAM of which a reader says that it cannot be read."""
    is_short = not is_cram and ("EOF" in message or "truncated" in message)
    what = "is cut off" if is_short else "is damaged, or is no BAM"
    cure = "Get or make the file anew; samtools quickcheck tells whether it is whole"
    if is_cram:
        what = "is damaged, or is of another genome than the reference bundle"
        cure = "Build the bundle from the genome that the CRAM was made with, or give a BAM"
    return InputError(what, where=path, cure=cure)


def check_contigs(path: Path, lengths: Mapping[str, int], contigs: Mapping[str, int]) -> None:
    """Whether a BAM was aligned to the genome of the reference bundle.

    Args:
        path: the BAM, for the error.
        lengths: its contigs with their lengths in bp.
        contigs: those of the bundle.

    Raises:
        InputError: a contig has another length, or more than 5 % of the BAM's genome is unknown to
            the bundle (decoys and alternative loci of GRCh38 are less).
    """
    cure = "Build a reference from the genome that the BAM was aligned to, or give the FASTQ files"
    if not lengths:
        what = "holds no alignments: its header names no contig"
        raise InputError(what, where=path, cure="Give the reads as FASTQ, or an aligned BAM")
    for name, length in lengths.items():
        if contigs.get(name, length) != length:
            what = f"contig {name} has {length} bp, in the reference {contigs[name]} bp"
            raise InputError(what, where=path, cure=cure)
    foreign = [name for name in lengths if name not in contigs]
    if sum(lengths[name] for name in foreign) <= _MAX_FOREIGN_SHARE * sum(lengths.values()):
        return
    shown = ", ".join(foreign[:3])
    other = {_other_naming(name) for name in foreign}
    hint = "; the difference is the prefix chr" if other & set(contigs) else ""
    what = f"contigs unknown to the reference: {shown} ({len(foreign)} in all){hint}"
    raise InputError(what, where=path, cure=cure)


def _other_naming(name: str) -> str:
    return name[3:] if name.startswith("chr") else f"chr{name}"


@dataclass(slots=True)
class _Draft:
    """Reads of one molecule as far as they have been seen."""

    umi: str = ""
    bases: dict[ReadNumber, tuple[str, str]] = field(default_factory=dict)
    segments: dict[ReadNumber, list[Segment]] = field(default_factory=dict)


def read_molecules(
    path: Path,
    contigs: Mapping[str, int],
    names: frozenset[str] | None,
    threads: int,
    genome: Path | None = None,
) -> tuple[tuple[Molecule, ...], AlignmentCounts]:
    """Read molecules with all their alignments.

    Args:
        path: BAM or CRAM in any order.
        contigs: of the reference; alignments elsewhere are counted and left out.
        names: the molecules wanted, all when None.
        threads: for decompression.
        genome: bgzip FASTA of the reference, for CRAM.

    Returns:
        The molecules in the order of their names, and what was seen.

    Raises:
        InputError: the BAM cannot be read, or a molecule has two different primary reads of one
            number.
    """
    with open_bam(path, threads, genome) as bam:
        return gather_molecules(bam.fetch(until_eof=True), contigs, names, path)


def gather_molecules(
    records: Iterable[pysam.AlignedSegment],
    contigs: Mapping[str, int],
    names: frozenset[str] | None,
    where: Path,
) -> tuple[tuple[Molecule, ...], AlignmentCounts]:
    """Put records together to molecules, as `read_molecules` does; `where` is for errors."""
    drafts: dict[str, _Draft] = {}
    counts: Counter[str] = Counter()
    for record in records:
        name = molecule_name(record.query_name or "")
        if names is not None and name not in names:
            continue
        counts["records"] += 1
        reason = _left_out(record, contigs)
        if reason:
            counts[reason] += 1
        if reason in {"secondary", "quality_failed"}:
            continue
        _add(drafts.setdefault(name, _Draft()), record, mapped=not reason, where=where)
        if not reason:
            counts["supplementary" if record.is_supplementary else "primary"] += 1
    molecules = tuple(_molecule(name, drafts[name]) for name in sorted(drafts))
    return molecules, AlignmentCounts(**counts)


def alignment_counts(molecules: Iterable[Molecule]) -> AlignmentCounts:
    """What `read_molecules` sees of molecules once `write_molecules` has written them."""
    pieces = Counter(len(read.segments) for molecule in molecules for read in molecule.reads)
    aligned = pieces.total() - pieces[0]
    segments = sum(size * count for size, count in pieces.items())
    return AlignmentCounts(
        records=pieces[0] + segments,
        primary=aligned,
        supplementary=segments - aligned,
        unmapped=pieces[0],
    )


def molecule_name(name: str) -> str:
    """The name that the mates of a molecule share.

    >>> molecule_name("read7/2"), molecule_name("read7")
    ('read7', 'read7')
    """
    return name[:-2] if name.endswith(("/1", "/2")) else name


_LANE = ":lane"
_UMI = re.compile(rf"[:_]([ACGTN]{{4,}}(?:[+_-][ACGTN]{{4,}})?)(?:{_LANE}\d+)?$")
_UMI_LETTERS = tuple("ACGTN")


def umi_of(name: str) -> str:
    """The unique molecular identifier at the end of a read's name, empty without one.

    >>> umi_of("A01:1:HX:1:1101:5:7:ACGTTG+TTGACA"), umi_of("read_ACGTACGT"), umi_of("A01:1101:77")
    ('ACGTTG+TTGACA', 'ACGTACGT', '')
    >>> umi_of(name_in_lane("read_ACGTACGT", 2))
    'ACGTACGT'
    """
    may_have = name.endswith(_UMI_LETTERS) or _LANE in name
    found = _UMI.search(name) if may_have else None
    return found[1] if found else ""


def name_in_lane(name: str, lane: int) -> str:
    """The name of a molecule if one of an earlier lane has its name."""
    return f"{name}{_LANE}{lane}"


def _left_out(record: pysam.AlignedSegment, contigs: Mapping[str, int]) -> str:
    if record.is_secondary:
        return "secondary"
    if record.is_qcfail:
        return "quality_failed"
    if record.is_unmapped:
        return "unmapped"
    return "" if record.reference_name in contigs else "unknown_contig"


def _add(draft: _Draft, record: pysam.AlignedSegment, *, mapped: bool, where: Path) -> None:
    number = _NUMBER_OF[record.is_read1, record.is_read2] if record.is_paired else ReadNumber.SINGLE
    if not record.is_supplementary:
        if record.query_sequence is None and not record.is_unmapped:
            what = f"read {record.query_name} has a primary alignment without its sequence"
            raise InputError(what, where=where, cure="Give a BAM that holds the bases of its reads")
        bases = (record.get_forward_sequence() or "", _forward_quality(record, where))
        if draft.bases.setdefault(number, bases) != bases:
            what = f"two different reads are called {record.query_name}"
            cure = "Give each molecule a name of its own, or give the lanes as separate FASTQ files"
            raise InputError(what, where=where, cure=cure)
    if record.has_tag("RX"):
        draft.umi = str(record.get_tag("RX"))
    if mapped:
        draft.segments.setdefault(number, []).append(segment_of(record))


def _forward_quality(record: pysam.AlignedSegment, where: Path) -> str:
    qualities = record.query_qualities
    if qualities is None:
        return ""
    # not query_qualities_str: pysam 0.24 writes a single quality into bytes that all Python shares
    text = qualities.tobytes().translate(_QUALITY_OF_PHRED).decode("ascii")
    if _NO_QUALITY in text:
        what = f"read {record.query_name} has a Phred value of {max(qualities)}"
        cure = "Write the file anew with qualities from 0 to 93, as SAM has them"
        raise InputError(what, where=where, cure=cure)
    return text[::-1] if record.is_reverse else text


def segment_of(record: pysam.AlignedSegment) -> Segment:
    """The aligned piece of a BAM record."""
    start, is_reverse = record.reference_start, record.is_reverse
    inner: list[tuple[str, int]] = []
    clips = [0, 0]  # bases clipped, soft or hard, at either end
    aligned = covered = 0
    for code, length in record.cigartuples or ():
        operation = CIGAR_OPERATIONS[code]
        if operation in _CLIPS:
            clips[bool(inner)] += length
            continue
        inner.append((operation, length))
        aligned += length if operation in CIGAR_CONSUMES_QUERY else 0
        covered += length if operation in CIGAR_CONSUMES_REFERENCE else 0
    query_start = clips[is_reverse]
    return Segment(
        contig=str(record.reference_name),
        start=start,
        end=start + covered,
        is_reverse=is_reverse,
        query_start=query_start,
        query_end=query_start + aligned,
        cigar=tuple(inner),
        mapq=record.mapping_quality,
        edits=int(record.get_tag("NM")) if record.has_tag("NM") else _edits_by_nm(record),
    )


def _edits_by_nm(record: pysam.AlignedSegment) -> int:
    """STAR writes `nM` (mismatches of the whole pair) unless told to write NM: an upper bound."""
    return int(record.get_tag("nM")) if record.has_tag("nM") else 0


def _molecule(name: str, draft: _Draft) -> Molecule:
    reads = []
    for number in ReadNumber:
        if number not in draft.bases:
            continue
        sequence, quality = draft.bases[number]
        segments = in_order(draft.segments.get(number, []))
        reads.append(Read(number, sequence.upper(), quality, segments))
    return Molecule(name, tuple(reads), draft.umi or umi_of(name))


def in_order(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The pieces of a read, each once, in the order of the read."""
    return tuple(sorted(set(segments), key=_segment_key) if len(segments) > 1 else segments)


def _segment_key(segment: Segment) -> tuple[int, int, str, int, bool]:
    return (
        segment.query_start,
        segment.query_end,
        segment.contig,
        segment.start,
        segment.is_reverse,
    )


def write_molecules(
    path: Path,
    molecules: Iterable[Molecule],
    contigs: Mapping[str, int],
    tags: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write molecules as BAM, in the order given, the records of a molecule together.

    The longest piece of a read is its primary record, the others are supplementary, and each names
    the others in its SA tag.

    Args:
        path: where to.
        molecules: with or without alignments.
        contigs: name and length in bp for the header.
        tags: for a molecule's name, two-letter tags with text for all its records.
    """
    lines = (f"@SQ\tSN:{name}\tLN:{length}\n" for name, length in contigs.items())
    header = pysam.AlignmentHeader.from_text(_FIRST_LINE + "".join(lines))
    options = ["level=1"]  # for a file that is read again at once, or sorted
    with pysam.AlignmentFile(str(path), "wb", header=header, format_options=options) as bam:
        for molecule in molecules:
            told = (tags or {}).get(molecule.name, {}).items()
            marks = [f"{tag}:Z:{text}" for tag, text in told]
            for fields, quality in _records(molecule):
                line = "\t".join([*fields, *marks])
                record = pysam.AlignedSegment.fromstring(line, header)
                if quality == "*":  # one Phred value of 9; in the line it stands for none at all
                    record.query_qualities = pysam.qualitystring_to_array(quality)
                bam.write(record)


def write_packed(path: Path, records: Iterable[bytes]) -> None:
    """Write a BAM without contigs from the bytes of its records, as they come in the file."""
    with open_packed(path) as bam:
        text = _FIRST_LINE.encode()
        bam.write(struct.pack(f"<4si{len(text)}si", b"BAM\1", len(text), text, 0))
        for each in records:
            bam.write(each)


def open_packed(path: Path) -> pysam.BGZFile:
    """A bgzip file to write that is compressed lightly, since it is read again at once."""
    return pysam.BGZFile(str(path), "wb1", None)  # type: ignore[arg-type]  # a level may follow


def sort_and_index(path: Path, index: Path | None = None) -> None:
    """Sort a BAM by coordinate in place, and write its BAI (`path` + `.bai` when left out)."""
    unsorted = path.with_name(f"{path.name}.unsorted")
    path.rename(unsorted)
    try:
        pysam.sort("--no-PG", "-o", str(path), str(unsorted))
        pysam.index("-o", str(index or path.with_name(f"{path.name}.bai")), str(path))
    finally:
        unsorted.unlink()


def _records(molecule: Molecule) -> Iterator[tuple[list[str], str]]:
    """The fields of the SAM line of each record of a molecule, and its qualities."""
    if not any(read.segments for read in molecule.reads):
        for read in molecule.reads:
            head = [molecule.name or "*", str(_flag(read, None, None, None)), *_UNALIGNED]
            yield [*head, read.sequence or "*", read.quality or "*"], read.quality
        return
    primaries = [_primary(read) for read in molecule.reads]
    for index, read in enumerate(molecule.reads):
        primary = primaries[index]
        is_paired = len(molecule.reads) == 2
        mate = primaries[1 - index] if is_paired else None
        for segment in read.segments or (None,):
            flag = _flag(read, segment, primary, mate)
            mapq = str(segment.mapq) if segment else "0"
            cigar = _cigar(segment, read, "S" if segment is primary else "H") if segment else "*"
            next_place = _place(mate or segment) if is_paired else _NOWHERE
            bases, quality = _bases(read, segment, is_primary=segment is primary)
            tags = _tags(read, segment) if segment else ()
            head = [molecule.name or "*", str(flag), *_place(segment or mate), mapq, cigar]
            yield [*head, *next_place, "0", bases or "*", quality or "*", *tags], quality


def _place(segment: Segment | None) -> tuple[str, str]:
    """Contig and 1-based position."""
    return (segment.contig, str(segment.start + 1)) if segment else _NOWHERE


def _primary(read: Read) -> Segment | None:
    """The piece with most bases, the first of several."""
    return max(read.segments, key=lambda each: each.query_end - each.query_start, default=None)


def _flag(
    read: Read, segment: Segment | None, primary: Segment | None, mate: Segment | None
) -> int:
    flag = pysam.FUNMAP if segment is None else 0
    if segment is not None:
        flag |= pysam.FREVERSE * segment.is_reverse
        flag |= pysam.FSUPPLEMENTARY * (segment is not primary)
    if read.number is not ReadNumber.SINGLE:
        flag |= pysam.FPAIRED
        flag |= pysam.FREAD1 if read.number is ReadNumber.FIRST else pysam.FREAD2
        flag |= pysam.FMUNMAP if mate is None else pysam.FMREVERSE * mate.is_reverse
    return int(flag)


def _bases(read: Read, segment: Segment | None, *, is_primary: bool) -> tuple[str, str]:
    """Bases and qualities along the genome; those of a supplementary record are clipped hard."""
    start, end = 0, len(read.sequence)
    if segment is not None and not is_primary:
        start, end = segment.query_start, segment.query_end
    sequence, quality = read.sequence[start:end], read.quality[start:end]
    if segment is not None and segment.is_reverse:
        sequence, quality = reverse_complement(sequence), quality[::-1]
    return sequence, quality


def _tags(read: Read, segment: Segment) -> Iterator[str]:
    yield f"NM:i:{segment.edits}"
    others = [_sa(each, read) for each in read.segments if each is not segment]
    if others:
        yield f"SA:Z:{''.join(others)}"


def _cigar(segment: Segment, read: Read, clip: str) -> str:
    before, after = segment.query_start, len(read.sequence) - segment.query_end
    if segment.is_reverse:
        before, after = after, before
    inner = "".join(f"{length}{operation}" for operation, length in segment.cigar)
    return f"{before}{clip}" * (before > 0) + inner + f"{after}{clip}" * (after > 0)


def _sa(segment: Segment, read: Read) -> str:
    strand = "-" if segment.is_reverse else "+"
    cigar = _cigar(segment, read, "S")
    place = f"{segment.contig},{segment.start + 1},{strand}"
    return f"{place},{cigar},{segment.mapq},{segment.edits};"
