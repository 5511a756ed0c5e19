"""Kept reads as the records of a BAM: htslib reads what was meant, and writes the same bytes."""

from __future__ import annotations

import gzip
import random
import string

import numpy as np
import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import write_fastq
from fusioncall.bam import read_molecules, write_molecules, write_packed
from fusioncall.fastq import BlockReader
from fusioncall.kept import Kept

PRINTED = "".join(chr(code) for code in range(33, 127))


def kept_of(folder, *mates):
    """Reads (name, bases) of one or two mates, all kept."""
    blocks = []
    for number, reads in enumerate(mates):
        block = BlockReader(write_fastq(folder / f"{number}.fq", reads)).read()
        rows = np.arange(len(block.places))
        for row in rows.tolist():  # qualities of all kinds
            start, end = block.places[row, 2:4].tolist()
            quality = block.places[row, 4]
            drawn = random.Random(row).choices(range(33, 127), k=end - start)
            block.buffer[quality : quality + end - start] = drawn
        blocks.append((block, rows))
    return Kept(
        names=blocks[0][0].names(blocks[0][1]),
        texts=tuple(block.buffer for block, _ in blocks),
        places=tuple(block.places[rows] for block, rows in blocks),
    )


reads = st.text("ACGTNacgtnRYKMSWBDHVU.=0123-", max_size=80)  # a lone * is no base in SAM


@given(st.lists(st.tuples(reads, reads), min_size=1, max_size=8), st.integers(1, 2))
def test_packed_records_are_those_that_htslib_writes(tmp_path_factory, pairs, mates):
    folder = tmp_path_factory.mktemp("kept")
    each = [[(f"r{i}:7", pair[mate]) for i, pair in enumerate(pairs)] for mate in range(mates)]
    kept = kept_of(folder, *each)
    write_packed(folder / "own.bam", [kept.packed()])
    write_molecules(folder / "htslib.bam", kept.molecules(), {})
    own, other = (
        gzip.decompress((folder / f"{name}.bam").read_bytes()) for name in ("own", "htslib")
    )
    assert own == other


def test_every_printed_letter_is_the_base_of_htslib(tmp_path):
    kept = kept_of(tmp_path, [("r", PRINTED)])
    write_packed(tmp_path / "own.bam", [kept.packed()])
    with pysam.AlignmentFile(tmp_path / "own.bam", check_sq=False) as bam:
        (record,) = bam
    header = pysam.AlignmentHeader.from_dict({})
    line = "\t".join(["r", "4", "*", "0", "0", "*", "*", "0", "0", PRINTED, "I" * len(PRINTED)])
    assert record.query_sequence == pysam.AlignedSegment.fromstring(line, header).query_sequence


@pytest.mark.parametrize("mates", [1, 2])
def test_molecules_are_those_of_the_file(tmp_path, mates):
    drawn = random.Random(4)
    texts = ["".join(drawn.choices("ACGTN", k=drawn.randint(1, 90))) for _ in range(200)]
    each = [
        [(f"r{i:03}:ACGTAC", texts[i + 100 * mate]) for i in range(100)] for mate in range(mates)
    ]
    kept = kept_of(tmp_path, *each)
    made = list(kept.molecules())
    write_packed(tmp_path / "own.bam", [kept.packed(), b""])
    read, _ = read_molecules(tmp_path / "own.bam", {}, None, 1)
    assert list(read) == made
    assert {molecule.umi for molecule in made} == {"ACGTAC"}


def test_start_keys_are_the_same_for_the_same_beginnings(tmp_path):
    """Of 32 bases, in either case; another identifier, mate or length makes another key."""
    base = "".join(random.Random(5).choices("ACGT", k=50))
    other = base[:31] + ("A" if base[31] != "A" else "C")
    reads = {
        "a": (base, base),
        "b": (base[:32] + "TTTT", base.lower()),
        "c": (other, base),
        "d": (base, other),
        "e:ACGT": (base, base),
        "f:ACGG": (base, base),
        "g": (base[:31], base),
        "h": (base[:31] + "@", base),
    }
    kept = kept_of(
        tmp_path, *([(name, pair[mate]) for name, pair in reads.items()] for mate in (0, 1))
    )
    keys = dict(zip(reads, kept.start_keys(32).tolist(), strict=True))
    assert keys["a"] == keys["b"]
    assert len(set(keys.values())) == len(reads) - 1


def test_a_read_without_a_name_is_a_star(tmp_path):
    kept = kept_of(tmp_path, [("", string.ascii_uppercase)])
    write_packed(tmp_path / "own.bam", [kept.packed()])
    with pysam.AlignmentFile(tmp_path / "own.bam", check_sq=False) as bam:
        assert [record.query_name for record in bam] == ["*"]
