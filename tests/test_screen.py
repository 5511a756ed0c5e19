"""The screen: which molecules it keeps, and what it counts of all the others."""

from __future__ import annotations

import gzip
import random
from dataclasses import replace

import pytest

from builders import expected_hits, fastq_text, own_words, segment, touches, write_fastq
from fusioncall.bam import read_molecules, write_molecules
from fusioncall.bam_blocks import Source
from fusioncall.errors import InputError
from fusioncall.fastq import BlockReader
from fusioncall.kmers import build_table
from fusioncall.model import InputFile, Molecule, Read, ReadNumber
from fusioncall.screen import ReadFiles, Screen, describe_inputs
from fusioncall.world import reverse_complement

RANDOM = random.Random(3)
GENES = {name: ["".join(RANDOM.choices("ACGT", k=400))] for name in ("T1", "T2", "C1", "C2")}
TABLE = build_table(15, GENES)
WORDS = own_words(15, GENES)
T1, T2, C1 = (GENES[name][0] for name in ("T1", "T2", "C1"))
STRANGER = "".join(RANDOM.choices("ACGT", k=60))


def looker(settings, threads=1):
    return Screen(TABLE, 2, settings.screen, threads)


def kept(settings, *lanes, threads=1):
    """The molecules that a screen keeps of some lanes (one or two paths each)."""
    first, *second = zip(*lanes, strict=True)
    return list(looker(settings, threads).fastq(ReadFiles(first, *second)))


def stirred(amount, seed=1):
    """Reads of all kinds: from targets, controls, neither, and joined ones."""
    stir = random.Random(seed)
    texts = [text for each in GENES.values() for text in each]
    for number in range(amount):
        parts = []
        for _ in range(stir.randint(1, 3)):
            text = stir.choice([*texts, STRANGER])
            start = stir.randrange(len(text))
            piece = text[start : start + stir.randint(0, 50)]
            parts.append(piece if stir.random() < 0.5 else reverse_complement(piece))
        read = stir.choice(["", "N"]).join(parts)
        yield f"r{number}", read.lower() if stir.random() < 0.1 else read


# what is kept


def test_kept_molecules_and_census_are_those_of_a_set_of_words(settings, tmp_path):
    first, second = list(stirred(900, 1)), list(stirred(900, 2))
    lane = write_fastq(tmp_path / "1.fq", first), write_fastq(tmp_path / "2.fq.gz", second)
    screen = looker(settings)
    found = list(screen.fastq(ReadFiles((lane[0],), (lane[1],))))
    sequences = [bases for mates in zip(first, second, strict=True) for _, bases in mates]
    hits = expected_hits(15, GENES, sequences)
    wanted = [
        (name, bases1.upper(), bases2.upper())
        for i, ((name, bases1), (_, bases2)) in enumerate(zip(first, second, strict=True))
        if touches(bases1, 15, WORDS) or touches(bases2, 15, WORDS)
    ]
    assert [(m.name, *(read.sequence for read in m.reads)) for m in found] == wanted
    assert 100 < len(wanted) < 800
    census = screen.census("fastq", len(found), describe_inputs(lane))
    assert (census.fragments, census.reads) == (900, 1800)
    assert census.bases == sum(map(len, sequences))
    assert census.min_read_bp == min(map(len, sequences))
    assert census.max_read_bp == max(map(len, sequences))
    assert census.kept_molecules == len(wanted)
    assert census.target_reads == {
        name: sum(row[column] >= 10 for row in hits) for column, name in enumerate(("T1", "T2"))
    }
    assert census.control_reads == {
        name: sum(row[column] >= 10 for row in hits)
        for column, name in enumerate(("C1", "C2"), start=2)
    }
    assert min(*census.target_reads.values(), *census.control_reads.values()) > 50


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_number_of_threads_changes_nothing(settings, tmp_path, threads, monkeypatch):
    """More reads than fit into one block."""
    monkeypatch.setattr(BlockReader.__init__, "__defaults__", (1 << 16,))
    first, second = list(stirred(9_000, 3)), list(stirred(9_000, 4))
    files = ReadFiles(
        (write_fastq(tmp_path / "1.fq", first),), (write_fastq(tmp_path / "2.fq", second),)
    )
    one, several = looker(settings), looker(settings, threads)
    assert list(one.fastq(files)) == list(several.fastq(files))
    assert one.census("fastq", 0, ()) == several.census("fastq", 0, ())
    assert one.census("fastq", 0, ()).fragments == 9_000


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("broken", [(0, 4000), (1, 4000), (0, 8999), (1, 0)])
def test_error_is_that_of_the_first_broken_record(settings, tmp_path, threads, broken, monkeypatch):
    """Whichever block is scanned first; a later flaw in the other file is not told."""
    monkeypatch.setattr(BlockReader.__init__, "__defaults__", (1 << 14,))
    mate, number = broken
    paths = []
    for each in (0, 1):
        text = fastq_text(stirred(9_000, 3)).replace(f"@r{number}\n", f"r{number}\n", each == mate)
        text += "@cut off"
        paths.append(tmp_path / f"{each}.fq")
        paths[-1].write_text(text)
    with pytest.raises(InputError) as caught:
        kept(settings, paths, threads=threads)
    what = f"is not whole FASTQ: record {number + 1} does not begin with @"
    assert str(caught.value).startswith(f"{paths[mate]}: {what}. ")


def test_twenty_exact_bases_of_a_target_are_enough(world, reference, settings, tmp_path):
    """Every 20 bases of every coding sequence and of the exons' first 50 intron bases."""
    texts = {}
    for transcript in world.transcripts:
        if transcript.role != "target":
            continue
        texts[transcript.refseq_id] = world.coding_sequence(transcript)
        for number, (_, part) in enumerate(transcript.coding_exons):
            wide = replace(part, start=part.start - 50, end=part.end + 50)
            texts[f"{transcript.refseq_id}:{number}"] = world.bases(wide, transcript.strand)
    pieces = sorted({text[i : i + 20] for text in texts.values() for i in range(len(text) - 19)})
    assert len(pieces) > 10_000
    path = write_fastq(
        tmp_path / "reads.fq",
        [(f"r{i}", f"{'N' * 40}{piece}{'N' * 40}") for i, piece in enumerate(pieces)],
    )
    screen = Screen(reference.kmers, 3, settings.screen, 2)
    names = {molecule.name for molecule in screen.fastq(ReadFiles((path,)))}
    assert names == {f"r{i}" for i in range(len(pieces))}


def test_reads_of_other_genes_are_left_out(world, reference, settings, tmp_path):
    """Of reads from partners and controls none is kept but those of chance hits."""
    words = {
        min(word, reverse_complement(word))
        for transcript in world.transcripts
        if transcript.role == "target"
        for word in (
            world.genome[transcript.contig][i : i + 15]
            for i in range(transcript.place.start, transcript.place.end - 14)
        )
    }
    records = []
    for transcript in world.transcripts:
        if transcript.role in {"partner", "control"}:
            text = world.sequence(transcript)
            records += [
                (f"{transcript.refseq_id}:{i}", text[i : i + 100])
                for i in range(0, len(text) - 99, 50)
            ]
    clean = {
        name
        for name, bases in records
        if not any(
            min(bases[i : i + 15], reverse_complement(bases[i : i + 15])) in words
            for i in range(86)
        )
    }
    path = write_fastq(tmp_path / "reads.fq", records)
    screen = Screen(reference.kmers, 3, settings.screen, 1)
    names = {molecule.name for molecule in screen.fastq(ReadFiles((path,)))}
    assert not names & clean
    assert len(clean) > 0.9 * len(records) > 500


@pytest.mark.parametrize("mate", [0, 1])
def test_one_mate_of_a_target_keeps_the_molecule(settings, tmp_path, mate):
    bases = [STRANGER, STRANGER]
    bases[mate] = T1[100:160]
    lane = [write_fastq(tmp_path / f"{i}.fq", [("r", each)]) for i, each in enumerate(bases)]
    (molecule,) = kept(settings, lane)
    assert [(read.number, read.sequence) for read in molecule.reads] == [
        (ReadNumber.FIRST, bases[0]),
        (ReadNumber.SECOND, bases[1]),
    ]


def test_single_end_reads_are_single(settings, tmp_path):
    path = write_fastq(tmp_path / "s.fq", [("a", STRANGER), ("b", T2[5:25]), ("c", C1)])
    assert kept(settings, [path]) == [
        Molecule("b", (Read(ReadNumber.SINGLE, T2[5:25], "I" * 20, ()),))
    ]


def test_bases_and_qualities_are_kept_as_they_were(settings, tmp_path):
    path = tmp_path / "s.fq"
    path.write_text(f"@r\n{T1[:15].lower()}n{T2[:4]}\n+r\n!~#IIIIIIIIIIIIIIIII\n")
    (molecule,) = kept(settings, [path])
    assert molecule.reads[0].sequence == f"{T1[:15]}N{T2[:4]}"
    assert molecule.reads[0].quality == "!~#IIIIIIIIIIIIIIIII"


# lanes and names


def test_lanes_are_read_in_their_order_and_same_names_are_told_apart(settings, tmp_path):
    lanes = []
    for lane in (1, 2, 3):
        records = [("same", T1[lane : lane + 50]), (f"own{lane}", T1[lane : lane + 60])]
        lanes.append(
            (
                write_fastq(tmp_path / f"L{lane}_1.fq.gz", records),
                write_fastq(tmp_path / f"L{lane}_2.fq.gz", [(name, "") for name, _ in records]),
            )
        )
    found = kept(settings, *lanes)
    assert [(m.name, m.reads[0].sequence) for m in found] == [
        ("same", T1[1:51]),
        ("own1", T1[1:61]),
        ("same:lane2", T1[2:52]),
        ("own2", T1[2:62]),
        ("same:lane3", T1[3:53]),
        ("own3", T1[3:63]),
    ]


def test_lanes_are_counted_together(settings, tmp_path):
    screen = looker(settings)
    paths = tuple(write_fastq(tmp_path / f"{i}.fq", stirred(50, i)) for i in range(3))
    found = len(list(screen.fastq(ReadFiles(paths))))
    census = screen.census("fastq", found, describe_inputs(paths))
    assert census.fragments == census.reads == 150
    assert [each.name for each in census.inputs] == ["0.fq", "1.fq", "2.fq"]


def test_two_molecules_of_one_name_in_a_lane_are_an_error(settings, tmp_path):
    path = write_fastq(tmp_path / "s.fq", [("r", T1), ("r", T2)])
    with pytest.raises(InputError) as caught:
        kept(settings, [path])
    assert "two molecules are called r" in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("r7/1", "r7/2"),
        ("r7 1:N:0:ACGT", "r7 2:N:0:ACGT"),
        ("r7\tcomment", "r7"),
        ("r7/1 length=60", "r7/2 length=60"),
    ],
)
def test_ends_of_names_and_comments_are_no_part_of_the_name(settings, tmp_path, first, second):
    lane = (
        write_fastq(tmp_path / "1.fq", [(first, T1[:60])]),
        write_fastq(tmp_path / "2.fq", [(second, STRANGER)]),
    )
    assert [molecule.name for molecule in kept(settings, lane)] == ["r7"]


# forms of files


@pytest.mark.parametrize("form", ["gzip", "members", "CRLF", "no end of line", "gzip, plain name"])
def test_every_form_of_a_file_gives_the_same_molecules(settings, tmp_path, form):
    """Windows line ends are no part of bases or qualities."""
    records = list(stirred(300, 9))
    text = fastq_text(records)
    plain = tmp_path / "plain.fq"
    plain.write_text(text)
    half = text.index("@r150\n")
    path = tmp_path / ("other.fq.gz" if form in {"gzip", "members"} else "other.fq")
    path.write_bytes(
        {
            "gzip": gzip.compress(text.encode()),
            "members": gzip.compress(text[:half].encode()) + gzip.compress(text[half:].encode()),
            "CRLF": fastq_text(records, "\r\n").encode(),
            "no end of line": text.removesuffix("\n").encode(),
            "gzip, plain name": gzip.compress(text.encode()),
        }[form]
    )
    one, other = looker(settings), looker(settings)
    assert list(one.fastq(ReadFiles((plain,)))) == list(other.fastq(ReadFiles((path,))))
    assert one.census("fastq", 0, ()) == other.census("fastq", 0, ())


def test_empty_reads_of_trimming_are_reads(settings, tmp_path):
    lane = (
        write_fastq(tmp_path / "1.fq", [("a", T1[:50]), ("b", ""), ("c", "")]),
        write_fastq(tmp_path / "2.fq", [("a", ""), ("b", T2[:50]), ("c", STRANGER)]),
    )
    assert [(m.name, [r.sequence for r in m.reads]) for m in kept(settings, lane)] == [
        ("a", [T1[:50], ""]),
        ("b", ["", T2[:50]]),
    ]


def test_empty_mate_survives_the_way_through_bam(settings, tmp_path):
    """The screen hands its molecules on as BAM, where an empty read has no bases to write."""
    lane = (
        write_fastq(tmp_path / "1.fq", [("a", T1[:50])]),
        write_fastq(tmp_path / "2.fq", [("a", "")]),
    )
    found = kept(settings, lane)
    write_molecules(tmp_path / "kept.bam", found, {})
    assert list(read_molecules(tmp_path / "kept.bam", {}, None, 1)[0]) == found


def test_shortest_read_is_that_of_all_batches(settings, tmp_path):
    records = [("empty", ""), *((f"r{i}", "ACGTACGT") for i in range(9_000))]
    screen = looker(settings)
    list(screen.fastq(ReadFiles((write_fastq(tmp_path / "s.fq", records),))))
    census = screen.census("fastq", 0, ())
    assert (census.min_read_bp, census.max_read_bp) == (0, 8)


def test_inputs_of_fastq_are_described_as_they_were_read(settings, tmp_path):
    lane = [write_fastq(tmp_path / f"{i}.fq.gz", stirred(50, i)) for i in (1, 2)]
    screen = looker(settings)
    list(screen.fastq(ReadFiles((lane[0],), (lane[1],))))
    assert screen.census("fastq", 0).inputs == describe_inputs(lane)


def test_lanes_are_those_of_the_names_of_first_reads(settings, tmp_path):
    records = [(f"I:7:F:{lane}:1101:5:{i}", STRANGER) for lane in (1, 2) for i in range(3)]
    records.append(("other", STRANGER))
    lane = [write_fastq(tmp_path / f"{i}.fq", records) for i in (1, 2)]
    screen = looker(settings)
    list(screen.fastq(ReadFiles((lane[0],), (lane[1],))))
    assert screen.census("fastq", 0).lanes == {"I:7:F:1": 3, "I:7:F:2": 3, "other": 1}


def test_kept_molecules_that_begin_alike_are_copies(settings, tmp_path):
    other = T1[20:80]
    first = [
        ("a", T1[:60]),
        ("b", T1[:60]),
        ("c", T1[:60]),
        ("d", T1[:50]),
        ("e_ACGTACGT", T1[:60]),
    ]
    second = [(name, other if name != "c" else T2[:60]) for name, _ in first]
    lane = [write_fastq(tmp_path / f"{i}.fq", each) for i, each in ((1, first), (2, second))]
    screen = looker(settings)
    list(screen.fastq(ReadFiles((lane[0],), (lane[1],))))
    assert screen.census("fastq", 5).kept_copies == 2  # b and d of a


@pytest.mark.parametrize(
    ("turned", "expected"),
    [(0, "first-sense"), (60, "first-antisense"), (30, "unstranded"), (10, "unstranded")],
)
def test_strand_of_the_library(settings, tmp_path, turned, expected):
    pairs = [(T1[:60], reverse_complement(T1[90:150]))] * 60
    pairs = [pair[::-1] if i < turned else pair for i, pair in enumerate(pairs)]
    lane = [
        write_fastq(
            tmp_path / f"{mate}.fq", [(f"r{i}", pair[mate]) for i, pair in enumerate(pairs)]
        )
        for mate in (0, 1)
    ]
    screen = looker(settings)
    list(screen.fastq(ReadFiles((lane[0],), (lane[1],))))
    strand = screen.census("fastq", 0).strand
    assert (strand.sense, strand.antisense) == (120 - 2 * turned, 2 * turned)
    assert strand.library == expected


def test_short_and_poor_reads_are_counted(settings, tmp_path):
    path = tmp_path / "s.fq"
    reads = [(STRANGER, "4" * 60), (STRANGER, "5" * 60), ("ACGT", "!!!!"), ("", "")]
    path.write_text("".join(f"@r\n{bases}\n+\n{quality}\n" for bases, quality in reads))
    screen = looker(settings)
    list(screen.fastq(ReadFiles((path,))))
    census = screen.census("fastq", 0)
    assert (census.short_reads, census.low_quality_reads, census.median_read_bp) == (2, 2, 4)


def test_inputs_are_described_by_name_size_and_checksum(tmp_path):
    path = tmp_path / "x.fq"
    path.write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert describe_inputs([path]) == (InputFile(name="x.fq", bytes=3, sha256=digest),)


# BAM


@pytest.mark.parametrize("threads", [1, 2])
def test_bam_of_the_same_reads_gives_the_same_names_and_counts(settings, tmp_path, threads):
    first, second = list(stirred(400, 5)), list(stirred(400, 6))
    paths = write_fastq(tmp_path / "1.fq", first), write_fastq(tmp_path / "2.fq", second)
    fastq, bam = looker(settings), looker(settings, threads)
    names = {molecule.name for molecule in fastq.fastq(ReadFiles((paths[0],), (paths[1],)))}
    molecules = [
        Molecule(
            name,
            tuple(
                Read(number, bases.upper(), "", ())
                for number, bases in ((ReadNumber.FIRST, bases1), (ReadNumber.SECOND, bases2))
            ),
        )
        for (name, bases1), (_, bases2) in zip(first, second, strict=True)
    ]
    write_molecules(tmp_path / "m.bam", molecules, {"chr1": 1000})
    kept, _ = bam.bam(Source(tmp_path / "m.bam"), {"chr1": 1000}, tmp_path)
    assert [molecule.name for molecule in kept] == sorted(names)
    assert fastq.census("x", 0, ()) == bam.census("x", 0, ())


@pytest.mark.parametrize("is_reverse", [False, True])
def test_strand_of_a_bam_is_that_of_the_reads_as_sequenced(settings, tmp_path, is_reverse):
    """An aligned read is stored on the strand of the genome."""
    aligned = segment("chr1", 10, "60M", reverse=is_reverse)
    first = Read(ReadNumber.FIRST, T1[:60], "I" * 60, (aligned,))
    second = Read(ReadNumber.SECOND, reverse_complement(T1[90:150]), "I" * 60, ())
    molecules = [Molecule(f"r{i}", (first, second)) for i in range(30)]
    write_molecules(tmp_path / "m.bam", molecules, {"chr1": 1000})
    screen = looker(settings)
    assert len(screen.bam(Source(tmp_path / "m.bam"), {"chr1": 1000}, tmp_path)[0]) == 30
    strand = screen.census("bam", 30, ()).strand
    assert (strand.sense, strand.antisense, strand.library) == (60, 0, "first-sense")
