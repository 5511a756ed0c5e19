"""Adapter behind short fragments is cut off, from reads and from their aligned pieces."""

from __future__ import annotations

import random
from dataclasses import replace

import msgspec
import pytest

from fusioncall.adapters import without_adapters
from fusioncall.model import Molecule, Read, ReadNumber, Segment
from fusioncall.plants import Molecules
from fusioncall.sequence import reverse_complement
from fusioncall.simulate import ReadSettings
from sequencing import found, run_fastq, sequenced

TRUSEQ = ("AGATCGGAAGAGCACACGTCTGAACTCCAGTCA", "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT")
UNKNOWN = ("TTACCGGTTAACCGATGACCTTGACAATTGCCA", "GGTTCAACCTTGGACCAGGATTCCAGCATTGCA")


def bases(size, seed=1):
    return "".join(random.Random(seed).choices("ACGT", k=size))


def changed(text, *places):
    letters = list(text)
    for place in places:
        letters[place] = "C" if letters[place] != "C" else "G"
    return "".join(letters)


def read(number, text, *segments):
    return Read(number, text, "I" * len(text), segments)


def pair(insert, length, adapters=UNKNOWN):
    """A pair of reads of a fragment, run on into adapter and G."""
    texts = [
        (strand + adapter + "G" * length)[:length]
        for strand, adapter in zip((insert, reverse_complement(insert)), adapters, strict=True)
    ]
    numbers = (ReadNumber.FIRST, ReadNumber.SECOND)
    return Molecule("m", tuple(map(read, numbers, texts)))


def trimmed(molecule, limits):
    (one,) = without_adapters([molecule], limits)
    return one


def cut(molecule, pinned):
    return [each.sequence for each in trimmed(molecule, pinned.trim).reads]


@pytest.mark.parametrize("size", [24, 60, 99, 100])
def test_mates_tell_the_end_of_the_fragment(pinned, size):
    insert = bases(size)
    assert cut(pair(insert, 101), pinned) == [insert, reverse_complement(insert)]


@pytest.mark.parametrize("size", [101, 102, 150, 201, 300])
def test_nothing_is_cut_from_longer_fragments(pinned, size):
    one = pair(bases(size), 101)
    assert trimmed(one, pinned.trim) == one


@pytest.mark.parametrize("places", [(3,), (20,), (59,), (2, 30, 50)])
def test_errors_do_not_hide_the_end(pinned, places):
    insert = bases(60)
    whole = pair(insert, 101)
    first = read(ReadNumber.FIRST, changed(whole.reads[0].sequence, *places))
    wrong = Molecule("m", (first, whole.reads[1]))
    assert cut(wrong, pinned) == [changed(insert, *places), reverse_complement(insert)]


def test_mates_that_differ_too_much_tell_nothing(pinned):
    whole = pair(bases(60), 101)
    first = read(ReadNumber.FIRST, changed(whole.reads[0].sequence, *range(25, 32)))
    one = Molecule("m", (first, whole.reads[1]))
    assert trimmed(one, pinned.trim) == one


def test_quality_is_cut_with_the_bases(pinned):
    one = trimmed(pair(bases(60), 101), pinned.trim)
    assert [len(each.quality) for each in one.reads] == [60, 60]


@pytest.mark.parametrize(("behind", "is_cut"), [(40, True), (12, True), (6, True), (5, False)])
def test_known_adapter_behind_a_single_read(pinned, behind, is_cut):
    insert = bases(60)
    text = insert + TRUSEQ[0][:behind]
    one = Molecule("m", (read(ReadNumber.SINGLE, text),))
    assert cut(one, pinned) == [insert if is_cut else text]


def test_every_adapter_of_the_settings_is_looked_for(pinned):
    insert = bases(50)
    for adapter in pinned.trim.adapters:
        one = Molecule("m", (read(ReadNumber.SINGLE, insert + adapter),))
        assert cut(one, pinned) == [insert]
    none = msgspec.structs.replace(pinned.trim, adapters=())
    assert trimmed(one, none) == one


def piece(query, cigar, *, is_reverse, start=1000):
    on_genome = sum(length for operation, length in cigar if operation in "MDN=X")
    return Segment("chr1", start, start + on_genome, is_reverse, *query, cigar, 60, 0)


@pytest.mark.parametrize(
    ("is_reverse", "cigar", "expected", "place"),
    [
        (False, (("M", 70),), (("M", 60),), (1000, 1060)),
        (True, (("M", 70),), (("M", 60),), (1010, 1070)),
        (False, (("M", 50), ("N", 300), ("M", 20)), (("M", 50), ("N", 300), ("M", 10)), None),
        (True, (("M", 20), ("N", 300), ("M", 50)), (("M", 10), ("N", 300), ("M", 50)), None),
        (False, (("M", 60), ("N", 300), ("M", 10)), (("M", 60),), (1000, 1060)),
        (True, (("M", 10), ("N", 300), ("M", 60)), (("M", 60),), (1310, 1370)),
        (False, (("M", 58), ("I", 4), ("M", 8)), (("M", 58),), (1000, 1058)),
        (True, (("M", 10), ("D", 2), ("M", 60)), (("M", 60),), (1012, 1072)),
        (False, (("M", 40),), (("M", 40),), (1000, 1040)),
    ],
)
def test_aligned_pieces_end_with_the_fragment(pinned, is_reverse, cigar, expected, place):
    size = sum(length for operation, length in cigar if operation in "MI")
    whole = pair(bases(60), 101)
    aligned = read(
        ReadNumber.FIRST,
        whole.reads[0].sequence,
        piece((0, size), cigar, is_reverse=is_reverse),
    )
    (one, _) = trimmed(Molecule("m", (aligned, whole.reads[1])), pinned.trim).reads
    (left,) = one.segments
    assert left.cigar == expected
    held = sum(length for operation, length in expected if operation in "MI")
    assert (left.query_start, left.query_end) == (0, held)
    on_genome = sum(length for operation, length in expected if operation in "MDN")
    assert left.end - left.start == on_genome
    if place:
        assert (left.start, left.end) == place


def test_piece_within_the_adapter_is_dropped(pinned):
    whole = pair(bases(60), 101)
    inside = piece((0, 60), (("M", 60),), is_reverse=False)
    behind = piece((64, 90), (("M", 26),), is_reverse=True, start=9000)
    aligned = read(ReadNumber.FIRST, whole.reads[0].sequence, inside, behind)
    (one, _) = trimmed(Molecule("m", (aligned, whole.reads[1])), pinned.trim).reads
    assert one.segments == (inside,)


def with_adapter(sample, length=101):
    """A sample of short fragments as a sequencer writes it that trims nothing."""

    def longer(read, adapter):
        bases = (read.bases + adapter + "G" * length)[:length]
        return replace(read, bases=bases, quality="I" * length)

    molecules = [
        replace(each, first=longer(each.first, TRUSEQ[0]), second=longer(each.second, TRUSEQ[1]))
        for each in sample.molecules
    ]
    return replace(sample, molecules=tuple(molecules))


def test_untrimmed_molecules_are_called_and_drawn(world, reference_folder, tmp_path):
    """The report lays the reads of evidence.bam, which come with their adapter, as the call did."""
    short = ReadSettings(
        read_length_bp=101, fragment_mean_bp=70, fragment_sd_bp=5, fragment_min_bp=50
    )
    planted = Molecules(split=6, spanning=0)
    sample = with_adapter(sequenced(world, ("ETV6:5-NTRK3:15",), planted, short))
    out = run_fastq(sample, reference_folder, tmp_path / "S")
    assert list(found(out).values()) == [(6, 0)]
    assert "6 of 6 supporting molecules are drawn" in (out / "report.html").read_text()
