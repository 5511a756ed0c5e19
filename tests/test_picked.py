"""A BAM in any order gives the molecules and counts that looking at each record gives."""

from __future__ import annotations

import gzip
import random
import struct
from itertools import pairwise

import pysam
import pytest

from builders import segment
from fusioncall import bam_blocks, picked
from fusioncall.bam import molecule_name, read_molecules, sort_and_index, write_molecules
from fusioncall.bam_blocks import BamReader, Source
from fusioncall.errors import InputError
from fusioncall.model import Molecule, Read, ReadNumber
from test_bam import rewritten
from test_screen import looker, stirred

CONTIGS = {"chr1": 100_000, "chr2": 50_000}
ORDERS = ("grouped", "sorted", "shuffled", "backwards")


def aligned(stir, number, bases):
    """A read in no, one or two pieces."""
    cuts = [0, stir.randrange(1, len(bases)), len(bases)] if len(bases) > 1 else []
    if cuts and stir.random() < 0.7:
        cuts = [0, len(bases)]
    pieces = []
    for start, end in pairwise(cuts):
        left, right = start, len(bases) - end
        is_reverse = stir.random() < 0.5
        if is_reverse:
            left, right = right, left
        cigar = f"{left}S" * (left > 0) + f"{end - start}M" + f"{right}S" * (right > 0)
        contig = stir.choice(sorted(CONTIGS))
        place = stir.randrange(40_000)
        pieces.append(segment(contig, place, cigar, reverse=is_reverse, mapq=stir.randrange(60)))
    pieces.sort(key=lambda each: each.query_start)
    shown = tuple(pieces) if stir.random() < 0.9 else ()
    return Read(number, bases, "I" * len(bases), shown)


def some_molecules(amount, *, is_paired):
    """Aligned molecules of all kinds of reads."""
    stir = random.Random(amount)
    numbers = (ReadNumber.FIRST, ReadNumber.SECOND) if is_paired else (ReadNumber.SINGLE,)
    texts = [[bases.upper() for _, bases in stirred(amount, number.value)] for number in numbers]
    return [
        Molecule(f"r{i}", tuple(map(aligned, [stir] * len(numbers), numbers, mates)))
        for i, mates in enumerate(zip(*texts, strict=True))
    ]


def flagged(records):
    """Some records marked as secondary, failing, or copies; names with their mate's number."""
    stir = random.Random(1)
    for record in records:
        draw = stir.random()
        if record.is_supplementary and draw < 0.3:
            record.flag += pysam.FSECONDARY - pysam.FSUPPLEMENTARY
        elif draw < 0.1:
            record.flag |= pysam.FQCFAIL
        elif draw < 0.2:
            record.flag |= pysam.FDUP
        if stir.random() < 0.3 and record.is_paired:
            record.query_name += "/1" if record.is_read1 else "/2"
        if stir.random() < 0.3:
            record.set_tag("RX", "ACGT")
    return records


def in_order(folder, molecules, order):
    """A BAM of molecules in that order, its blocks small."""
    write_molecules(folder / "m.bam", molecules, CONTIGS)

    def turned(records):
        records = flagged(records)
        if order == "shuffled":
            random.Random(2).shuffle(records)
        return records[::-1] if order == "backwards" else records

    path = rewritten(folder / "m.bam", folder / f"{order}.bam", turned)
    if order == "sorted":
        sort_and_index(path)
    return reblocked(path, gzip.decompress(path.read_bytes()))


def reblocked(path, text, size=700):
    """Text as bgzip with blocks of so many bytes."""
    with pysam.BGZFile(str(path), "wb", None) as out:
        for start in range(0, len(text), size):
            out.write(text[start : start + size])
            out.flush()
    return path


def expected(settings, path):
    """Molecules and counts by way of an object for each record."""
    every, _ = read_molecules(path, CONTIGS, None, 1)
    names = frozenset(each.name for each in looker(settings).molecules(every))
    assert 0 < len(names) < len(every)
    return read_molecules(path, CONTIGS, names, 1)


@pytest.mark.parametrize("is_paired", [True, False])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("order", ORDERS)
def test_any_order_gives_the_molecules_of_a_record_by_record_look(
    settings, tmp_path, monkeypatch, order, threads, is_paired
):
    monkeypatch.setattr(bam_blocks, "_READ_BYTES", 900)
    path = in_order(tmp_path, some_molecules(300, is_paired=is_paired), order)
    one = looker(settings, threads)
    assert one.bam(Source(path), CONTIGS, tmp_path) == expected(settings, path)
    grouped = looker(settings)
    path = in_order(tmp_path, some_molecules(300, is_paired=is_paired), "grouped")
    grouped.bam(Source(path), {}, tmp_path)
    assert one.census("bam", 0, ()) == grouped.census("bam", 0, ())


def test_molecules_that_stand_together_are_read_once(settings, tmp_path, monkeypatch):
    path = in_order(tmp_path, some_molecules(200, is_paired=True), "grouped")
    monkeypatch.delattr(picked, "_copy")
    assert looker(settings).bam(Source(path), CONTIGS, tmp_path) == expected(settings, path)


@pytest.mark.parametrize("lost", ["primary", "supplementary"])
def test_header_that_tells_another_order_is_not_believed(settings, tmp_path, lost):
    """A record lies at the end of the file, though the header says that names go together."""
    path = in_order(tmp_path, some_molecules(200, is_paired=True), "grouped")
    wanted, _ = expected(settings, path)
    names = {each.name for each in wanted}

    def moved(records):
        is_lost = [
            molecule_name(each.query_name) in names
            and each.is_supplementary == (lost == "supplementary")
            for each in records
        ]
        chosen = records.pop(is_lost.index(True))
        return [*records, chosen]

    path = rewritten(path, tmp_path / "moved.bam", moved)
    with pysam.AlignmentFile(str(path)) as bam:
        assert bam.header.to_dict()["HD"]["GO"] == "query"
    assert looker(settings).bam(Source(path), CONTIGS, tmp_path)[0] == wanted


def test_header_may_be_longer_than_what_is_read_at_once(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(bam_blocks, "_READ_BYTES", 300)
    contigs = CONTIGS | {f"other{number}": 10 for number in range(3000)}
    molecules = some_molecules(60, is_paired=True)
    write_molecules(tmp_path / "m.bam", molecules, contigs)
    found, _ = looker(settings).bam(Source(tmp_path / "m.bam"), contigs, tmp_path)
    assert list(found) == sorted(looker(settings).molecules(molecules), key=lambda m: m.name)


def test_reads_of_any_length_are_read(settings, tmp_path, monkeypatch):
    """Longer than a bgzip block, what is read at once and the headroom together."""
    monkeypatch.setattr(bam_blocks, "_READ_BYTES", 5000)
    _, target = max(stirred(400), key=lambda each: looker(settings).molecules([single(each)]) != [])
    long = "AG" * 150_000
    reads = {"a": long, "b": long + target, "c": target, "d": target + long, "e": ""}
    molecules = [single(each) for each in reads.items()]
    write_molecules(tmp_path / "m.bam", molecules, CONTIGS)
    found, _ = looker(settings).bam(Source(tmp_path / "m.bam"), CONTIGS, tmp_path)
    assert [each.name for each in found] == ["b", "c", "d"]
    assert [each.reads[0].sequence for each in found] == [reads[each.name] for each in found]


def single(named):
    name, bases = named
    return Molecule(name, (Read(ReadNumber.SINGLE, bases.upper(), "", ()),))


def test_blocks_hold_each_record_once(tmp_path, monkeypatch):
    monkeypatch.setattr(bam_blocks, "_READ_BYTES", 900)
    path = in_order(tmp_path, some_molecules(100, is_paired=True), "shuffled")
    reader = BamReader(Source(path), 2)
    read = b"".join(block.records(range(size)) for block, size in reader.blocks(count))
    assert reader.header + read == gzip.decompress(path.read_bytes())


def count(block):
    return block.starts.size


def first_record(text):
    """Where the first record of a BAM begins."""
    at = 8 + struct.unpack_from("<i", text, 4)[0] + 4
    for _ in CONTIGS:
        at += 8 + struct.unpack_from("<i", text, at)[0]
    return at


DAMAGED = "is damaged, or is no BAM"


@pytest.mark.parametrize(
    ("place", "value", "what"),
    [
        pytest.param(0, 20, DAMAGED, id="record too short"),
        pytest.param(0, 1 << 30, DAMAGED, id="record too long"),
        pytest.param(0, -5, DAMAGED, id="size below zero"),
        pytest.param(20, 1 << 20, DAMAGED, id="more bases than bytes"),
        pytest.param(20, -1, DAMAGED, id="bases below zero"),
        pytest.param(36, -1, DAMAGED, id="name that is no text"),
        pytest.param(None, 0, "is cut off", id="ends within a record"),
    ],
)
def test_damaged_record_is_refused(settings, tmp_path, place, value, what):
    write_molecules(tmp_path / "m.bam", some_molecules(20, is_paired=True), CONTIGS)
    text = bytearray(gzip.decompress((tmp_path / "m.bam").read_bytes()))
    if place is None:
        del text[-3:]
    else:
        struct.pack_into("<i", text, first_record(text) + place, value)
    path = reblocked(tmp_path / "m.bam", bytes(text))
    with pytest.raises(InputError) as caught:
        looker(settings).bam(Source(path), CONTIGS, tmp_path)
    cure = "Get or make the file anew; samtools quickcheck tells whether it is whole."
    assert str(caught.value) == f"{path}: {what}. {cure}"
    assert [each.name for each in tmp_path.iterdir()] == ["m.bam"]
