"""BAM: what is written is read back, in any order; contigs that do not fit are named."""

from __future__ import annotations

import random
import subprocess
from array import array
from dataclasses import replace
from pathlib import Path

import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import Piece, make_read, pair, segment, single, text_pair
from fusioncall.bam import (
    check_contigs,
    open_bam,
    read_molecules,
    segment_of,
    sort_and_index,
    umi_of,
    write_molecules,
)
from fusioncall.coords import Strand
from fusioncall.errors import InputError
from fusioncall.model import AlignmentCounts, Molecule, Read, ReadNumber, Segment

CONTIGS = {"chr1": 5000, "chr2": 900, "HLA-A*01:01": 3000}
HEADER = pysam.AlignmentHeader.from_references(list(CONTIGS), list(CONTIGS.values()))
PATH = Path("sample.bam")


def roundtrip(path, molecules):
    write_molecules(path, molecules, CONTIGS)
    return read_molecules(path, CONTIGS, None, 1)


def records_of(path):
    with pysam.AlignmentFile(str(path), "rb", check_sq=False) as bam:
        return list(bam.fetch(until_eof=True))


def rewritten(source, target, change):
    """A BAM with its records put into another order, or changed."""
    with pysam.AlignmentFile(str(source), "rb") as bam:
        records = change(list(bam.fetch(until_eof=True)))
        with pysam.AlignmentFile(str(target), "wb", header=bam.header) as out:
            for record in records:
                out.write(record)
    return target


# random molecules


@st.composite
def cigars(draw, query_bp):
    """CIGAR without clips that reads so many bases and begins and ends with aligned ones."""
    parts = [("M", query_bp)]
    if query_bp >= 3 and draw(st.booleans()):
        inner = draw(st.sampled_from(["I", "D", "N"]))
        used = 1 if inner == "I" else 0
        left = draw(st.integers(1, query_bp - used - 1))
        aligned = draw(st.sampled_from(["M", "="]))
        size = 1 if inner == "I" else draw(st.integers(1, 200))
        parts = [(aligned, left), (inner, size), (aligned, query_bp - used - left)]
    return tuple(parts)


@st.composite
def segments(draw, read_bp):
    start = draw(st.integers(0, read_bp - 1))
    end = draw(st.integers(start + 1, read_bp))
    cigar = draw(cigars(end - start))
    span = sum(size for operation, size in cigar if operation in "MDN=")
    place = draw(st.integers(0, 600))
    return Segment(
        draw(st.sampled_from(sorted(CONTIGS))),
        place,
        place + span,
        draw(st.booleans()),
        start,
        end,
        cigar,
        draw(st.integers(0, 60)),
        draw(st.integers(0, 9)),
    )


@st.composite
def reads(draw, number):
    sequence = draw(st.text("ACGTN", min_size=1, max_size=60))
    size = len(sequence)
    quality = draw(
        st.just("")
        | st.text([chr(33 + phred) for phred in range(94)], min_size=size, max_size=size)
    )
    pieces = draw(
        st.lists(
            segments(size),
            max_size=3,
            unique_by=lambda s: (s.query_start, s.query_end, s.contig, s.start, s.is_reverse),
        )
    )
    pieces.sort(key=lambda s: (s.query_start, s.query_end, s.contig, s.start, s.is_reverse))
    return Read(number, sequence, quality, tuple(pieces))


@st.composite
def molecule_lists(draw):
    names = draw(
        st.lists(st.from_regex(r"[!-?A-~]{1,30}", fullmatch=True), unique=True, max_size=5)
    )
    made = []
    for name in sorted(names):
        if name.endswith(("/1", "/2")) or name == "*":
            continue
        numbers = draw(
            st.sampled_from([(ReadNumber.SINGLE,), (ReadNumber.FIRST, ReadNumber.SECOND)])
        )
        found = tuple(draw(reads(number)) for number in numbers)
        made.append(Molecule(name, found, umi_of(name)))
    return tuple(made)


@settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(molecules=molecule_lists())
def test_molecules_come_back_as_they_were(tmp_path, molecules):
    found, counts = roundtrip(tmp_path / "m.bam", molecules)
    assert found == molecules
    every = [read for molecule in molecules for read in molecule.reads]
    mapped = [read for read in every if read.segments]
    assert counts == AlignmentCounts(
        records=sum(max(1, len(read.segments)) for read in every),
        unmapped=len(every) - len(mapped),
        primary=len(mapped),
        supplementary=sum(len(read.segments) - 1 for read in mapped),
    )


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(molecules=molecule_lists(), seed=st.integers(0, 999))
def test_order_of_the_records_does_not_matter(tmp_path, molecules, seed):
    write_molecules(tmp_path / "m.bam", molecules, CONTIGS)

    def shuffled(records):
        random.Random(seed).shuffle(records)
        return records

    path = rewritten(tmp_path / "m.bam", tmp_path / "shuffled.bam", shuffled)
    assert read_molecules(path, CONTIGS, None, 1)[0] == molecules
    sort_and_index(tmp_path / "m.bam")
    assert read_molecules(tmp_path / "m.bam", CONTIGS, None, 2)[0] == molecules


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(molecules=molecule_lists())
def test_sa_tags_name_the_other_pieces_of_the_read(tmp_path, molecules):
    write_molecules(tmp_path / "m.bam", molecules, CONTIGS)
    numbers = {(False, False): 0, (True, False): 1, (False, True): 2}
    wanted = {(m.name, r.number.value): set(r.segments) for m in molecules for r in m.reads}
    for record in records_of(tmp_path / "m.bam"):
        others = set(wanted[record.query_name, numbers[record.is_read1, record.is_read2]])
        if not record.is_unmapped:
            others -= {segment_of(record)}
        told = set()
        for text in str(record.get_tag("SA") if record.has_tag("SA") else "").split(";")[:-1]:
            contig, start, strand, cigar, mapq, edits = text.split(",")
            told.add(
                segment(
                    contig,
                    int(start) - 1,
                    cigar,
                    reverse=strand == "-",
                    mapq=int(mapq),
                    edits=int(edits),
                )
            )
        assert told == others


# records as other programs take them


def test_samtools_finds_the_files_whole(world, tmp_path, tool):
    samtools = tool("samtools")
    split = make_read(
        world, [Piece("chr1", 5000, 5060), "ACG", Piece("chr2", 700, 740, Strand.REVERSE)]
    )
    mate = make_read(world, [Piece("chr2", 600, 660)])
    other = make_read(world, [Piece("chr2", 600, 660, Strand.REVERSE)])
    molecules = [pair("pair", split, mate), single("single", other), text_pair("bare", "ACGT", 4)]
    contigs = {contig: len(bases) for contig, bases in world.genome.items()}
    unsorted, sorted_ = tmp_path / "unsorted.bam", tmp_path / "sorted.bam"
    for path in (unsorted, sorted_):
        write_molecules(path, molecules, contigs, {"pair": {"XF": "A::B"}})
    sort_and_index(sorted_)
    done = subprocess.run(
        [samtools, "quickcheck", "-v", unsorted, sorted_], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    tagged = subprocess.run(
        [samtools, "view", "-c", "-d", "XF:A::B", sorted_], capture_output=True, check=True
    )
    assert tagged.stdout == b"3\n"
    flags = subprocess.run([samtools, "view", unsorted], capture_output=True, check=True)
    assert [line.split(b"\t")[:2] for line in flags.stdout.splitlines()] == [
        [b"pair", b"97"],
        [b"pair", b"2161"],
        [b"pair", b"145"],
        [b"single", b"16"],
        [b"bare", b"77"],
        [b"bare", b"141"],
    ]
    assert (tmp_path / "sorted.bam.bai").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "sorted.bam",
        "sorted.bam.bai",
        "unsorted.bam",
    ]


@pytest.mark.parametrize(
    ("cigar", "flag", "expected"),
    [
        pytest.param("20M", 0, (99, 119, 0, 20, "20M"), id="plain"),
        pytest.param("20M", 16, (99, 119, 0, 20, "20M"), id="reverse"),
        pytest.param("5S20M7S", 0, (99, 119, 5, 25, "20M"), id="soft"),
        pytest.param("5S20M7S", 16, (99, 119, 7, 27, "20M"), id="soft, reverse"),
        pytest.param("5H20M7H", 2048, (99, 119, 5, 25, "20M"), id="hard"),
        pytest.param("5H20M7H", 2064, (99, 119, 7, 27, "20M"), id="hard, reverse"),
        pytest.param("3H2S20M7S4H", 0, (99, 119, 5, 25, "20M"), id="both"),
        pytest.param("3H2S20M7S4H", 16, (99, 119, 11, 31, "20M"), id="both, reverse"),
        pytest.param("10M100N10M", 0, (99, 219, 0, 20, "10M100N10M"), id="N gap"),
        pytest.param("10=1X9=", 0, (99, 119, 0, 20, "10=1X9="), id="=/X"),
        pytest.param("8M2D5M3I4M2S", 16, (99, 118, 2, 22, "8M2D5M3I4M"), id="indels, reverse"),
    ],
)
def test_segment_of_a_record(cigar, flag, expected):
    record = pysam.AlignedSegment(HEADER)
    record.query_name, record.flag = "r", flag
    record.reference_id, record.reference_start, record.mapping_quality = 0, 99, 33
    record.cigarstring = cigar
    record.query_sequence = "A" * record.infer_query_length()
    record.set_tag("NM", 4)
    start, end, query_start, query_end, inner = expected
    found = segment_of(record)
    assert (found.contig, found.start, found.end) == ("chr1", start, end)
    assert (found.query_start, found.query_end) == (query_start, query_end)
    assert "".join(f"{size}{operation}" for operation, size in found.cigar) == inner
    assert (found.is_reverse, found.mapq, found.edits) == (bool(flag & 16), 33, 4)
    assert found == segment("chr1", 99, cigar, reverse=bool(flag & 16), mapq=33, edits=4)


@pytest.mark.parametrize("strand", Strand)
def test_reads_without_qualities_are_taken(world, tmp_path, strand):
    read = replace(make_read(world, [Piece("chr2", 60, 90, strand)]), quality="")
    assert roundtrip(tmp_path / "m.bam", [single("r", read)])[0] == (single("r", read),)


def test_blocks_and_gaps_of_a_segment():
    one = segment("chr1", 100, "5S10M50N2M1D3M2I7M1000N4=1X")
    assert one.blocks == ((100, 110), (160, 173), (1173, 1178))
    assert one.gaps == ((110, 160), (173, 1173))
    assert one.end == 1178


def test_star_counts_mismatches_in_another_tag():
    record = pysam.AlignedSegment(HEADER)
    record.reference_id, record.reference_start = 0, 9
    record.cigarstring, record.query_sequence = "4M", "ACGT"
    assert segment_of(record).edits == 0
    record.set_tag("nM", 2)
    assert segment_of(record).edits == 2


# what is left out is counted


def test_records_left_out_are_counted_with_their_reason(world, tmp_path):
    read = make_read(world, [Piece("chr2", 600, 660)])
    write_molecules(tmp_path / "m.bam", [single(f"r{i}", read) for i in range(5)], CONTIGS)

    def change(records):
        records[1].flag |= 256
        records[2].flag |= 512
        records[3].flag |= 4
        return records

    path = rewritten(tmp_path / "m.bam", tmp_path / "changed.bam", change)
    molecules, counts = read_molecules(path, CONTIGS, None, 1)
    assert [(m.name, len(m.reads[0].segments)) for m in molecules] == [
        ("r0", 1),
        ("r3", 0),
        ("r4", 1),
    ]
    assert counts == AlignmentCounts(
        records=5, secondary=1, quality_failed=1, unmapped=1, primary=2
    )
    less = {contig: size for contig, size in CONTIGS.items() if contig != "chr2"}
    molecules, counts = read_molecules(path, less, frozenset({"r0", "r1"}), 1)
    assert [(m.name, m.reads[0].sequence, m.reads[0].segments) for m in molecules] == [
        ("r0", read.sequence, ())
    ]
    assert counts == AlignmentCounts(records=2, secondary=1, unknown_contig=1)


@pytest.mark.parametrize(
    ("name", "tag", "expected"),
    [
        ("SIM:1:1101:7", None, ""),
        ("SIM:1:1101:7:ACGTTG", None, "ACGTTG"),
        ("SIM:1:1101:7:ACGTTG+TTGACA", None, "ACGTTG+TTGACA"),
        ("read_ACGTN", None, "ACGTN"),
        ("read_ACG", None, ""),
        ("read_acgtn", None, ""),
        ("SIM:1:1101:7", "GGGGCC", "GGGGCC"),
        ("SIM:1:1101:7:ACGTTG", "GGGGCC", "GGGGCC"),
    ],
)
def test_molecular_identifier_is_that_of_the_tag_or_of_the_name(
    world, tmp_path, name, tag, expected
):
    read = make_read(world, [Piece("chr2", 60, 90)])
    tags = {name: {"RX": tag}} if tag else {}
    write_molecules(tmp_path / "m.bam", [single(name, read)], CONTIGS, tags)
    (molecule,), _ = read_molecules(tmp_path / "m.bam", CONTIGS, None, 1)
    assert (molecule.name, molecule.umi) == (name, expected)


def test_copies_of_a_record_are_one_but_two_reads_of_a_name_are_an_error(world, tmp_path):
    one, other = (make_read(world, [Piece("chr2", start, start + 60)]) for start in (600, 601))
    same = [single("r", one), single("r", one)]
    assert roundtrip(tmp_path / "m.bam", same)[0] == (single("r", one),)
    with pytest.raises(InputError) as caught:
        roundtrip(tmp_path / "m.bam", [single("r", one), single("r", other)])
    assert str(caught.value) == (
        f"{tmp_path / 'm.bam'}: two different reads are called r. Give each molecule a name of its "
        "own, or give the lanes as separate FASTQ files."
    )


def test_primary_record_without_its_bases_is_an_error(world, tmp_path):
    write_molecules(
        tmp_path / "m.bam", [single("r", make_read(world, [Piece("chr2", 60, 90)]))], CONTIGS
    )

    def change(records):
        records[0].query_sequence = None
        return records

    path = rewritten(tmp_path / "m.bam", tmp_path / "bare.bam", change)
    with pytest.raises(InputError) as caught:
        read_molecules(path, CONTIGS, None, 1)
    assert str(caught.value) == (
        f"{path}: read r has a primary alignment without its sequence. "
        "Give a BAM that holds the bases of its reads."
    )


@pytest.mark.parametrize("number", [ReadNumber.FIRST, ReadNumber.SECOND])
def test_mate_without_its_partner_stays_a_mate(world, tmp_path, number):
    lone = Molecule("r", (replace(make_read(world, [Piece("chr2", 60, 90)]), number=number),))
    assert roundtrip(tmp_path / "m.bam", [lone])[0] == (lone,)


# contigs


def message_of(lengths, contigs=CONTIGS):
    with pytest.raises(InputError) as caught:
        check_contigs(PATH, lengths, contigs)
    return str(caught.value)


CURE = "Build a reference from the genome that the BAM was aligned to, or give the FASTQ files."


def test_contigs_of_the_reference_or_fewer_are_taken():
    check_contigs(PATH, CONTIGS, CONTIGS)
    check_contigs(PATH, {"chr1": 5000}, CONTIGS)


def test_decoys_are_tolerated_up_to_a_twentieth():
    check_contigs(PATH, {"chr1": 1900, "decoy": 100}, {"chr1": 1900})
    assert message_of({"chr1": 1900, "decoy": 101}, {"chr1": 1900}) == (
        f"sample.bam: contigs unknown to the reference: decoy (1 in all). {CURE}"
    )


@pytest.mark.parametrize("prefix", ["", "chr"])
def test_prefix_chr_is_named_as_the_difference(prefix):
    other = "" if prefix else "chr"
    lengths = {f"{prefix}{number}": 1000 for number in (1, 2, 3, 4)}
    contigs = {f"{other}{number}": 1000 for number in (1, 2, 3, 4)}
    assert message_of(lengths, contigs) == (
        f"sample.bam: contigs unknown to the reference: {prefix}1, {prefix}2, {prefix}3 (4 in all);"
        f" the difference is the prefix chr. {CURE}"
    )


def test_other_genome_is_not_blamed_on_the_prefix():
    told = message_of({"2L": 9000, "2R": 9000})
    assert told == f"sample.bam: contigs unknown to the reference: 2L, 2R (2 in all). {CURE}"


def test_other_length_is_told_with_both():
    assert message_of({"chr1": 5000, "chr2": 901}) == (
        f"sample.bam: contig chr2 has 901 bp, in the reference 900 bp. {CURE}"
    )


def test_header_without_contigs_is_unaligned():
    assert message_of({}) == (
        "sample.bam: holds no alignments: its header names no contig. "
        "Give the reads as FASTQ, or an aligned BAM."
    )


def test_missing_bam_is_named(tmp_path):
    with pytest.raises(InputError) as caught, open_bam(tmp_path / "none.bam"):
        pass
    told = str(caught.value)
    assert told == f"{tmp_path / 'none.bam'}: does not exist or is no file. Check the path."


def test_one_base_of_phred_9_keeps_its_quality(tmp_path):
    """In SAM, * is such a quality and none at all."""
    molecules = (Molecule("m", (Read(ReadNumber.SINGLE, "A", "*", ()),)),)
    found, _ = roundtrip(tmp_path / "m.bam", molecules)
    assert found == molecules


@pytest.mark.parametrize("phred", [94, 95, 222, 223, 254])
def test_quality_that_sam_cannot_write_is_an_error_with_the_read(tmp_path, phred):
    path = tmp_path / "m.bam"
    record = pysam.AlignedSegment(HEADER)
    record.query_name, record.flag, record.query_sequence = "r", 4, "ACG"
    record.query_qualities = array("B", [93, phred, 40])
    with pysam.AlignmentFile(str(path), "wb", header=HEADER) as bam:
        bam.write(record)
    with pytest.raises(InputError) as caught:
        read_molecules(path, CONTIGS, None, 1)
    assert str(caught.value) == (
        f"{path}: read r has a Phred value of {phred}. "
        "Write the file anew with qualities from 0 to 93, as SAM has them."
    )
