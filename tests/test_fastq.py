"""Raw blocks of FASTQ: the same records for every size of a block, and each flaw at its record."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import random

import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import fastq_text
from fusioncall.errors import InputError
from fusioncall.fastq import BlockReader
from fusioncall.kernels import first_stranger

RANDOM = random.Random(8)


def stirred(amount):
    """Records of all sizes, some empty, some longer than a block of the tests."""
    for number in range(amount):
        size = RANDOM.choice([0, 1, 7, 8, 9, 50, 100, 100, 100, 3000])
        title = RANDOM.choice([f"r{number}", f"r{number} 1:N:0:ACGT", f"r{number}/1\tcomment"])
        yield title, "".join(RANDOM.choices("ACGTNacgt", k=size))


RECORDS = list(stirred(200))


def blocks_of(path, block_bytes):
    reader = BlockReader(path, block_bytes)
    while block := reader.read():
        yield block
        if block.problem:
            return
    reader.close()


def records_of(block):
    """The names, the bases and the qualities of a block."""
    text = block.buffer.tobytes().decode("latin-1")
    return [
        (text[name:name_end], text[start:end], text[quality : quality + end - start])
        for name, name_end, start, end, quality, *_ in block.places.tolist()
    ]


def read(path, block_bytes=1 << 12):
    """All records, and the problem behind them."""
    records, problem = [], ""
    for block in blocks_of(path, block_bytes):
        assert block.first == len(records)
        records += records_of(block)
        problem = block.problem
    return records, problem


def expected(records):
    return [(title.split()[0], bases, "I" * len(bases)) for title, bases in records]


@pytest.mark.parametrize("block_bytes", [1, 6, 7, 63, 64, 65, 500, 4096, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("has_last_end", [True, False])
def test_block_size_changes_nothing(tmp_path, block_bytes, end, has_last_end):
    text = fastq_text(RECORDS, end)
    path = tmp_path / "r.fq"
    path.write_bytes((text if has_last_end else text.removesuffix(end)).encode())
    assert read(path, block_bytes) == (expected(RECORDS), "")


@pytest.mark.parametrize("form", ["gzip", "members", "bgzip", "padded"])
@pytest.mark.parametrize("block_bytes", [100, 1 << 16])
def test_forms_of_compression(tmp_path, form, block_bytes):
    text = fastq_text(RECORDS).encode()
    path = tmp_path / "r.fq.gz"
    if form == "bgzip":
        with pysam.BGZFile(str(path), "wb", None) as stream:
            stream.write(text)
    else:
        cuts = [0, 10, 777, 5000, len(text)] if form == "members" else [0, len(text)]
        members = [gzip.compress(text[a:b]) for a, b in itertools.pairwise(cuts)]
        path.write_bytes(b"".join(members) + (bytes(64) if form == "padded" else b""))
    assert read(path, block_bytes) == (expected(RECORDS), "")


def test_bgzip_without_its_end_mark_is_cut_off(tmp_path):
    path = tmp_path / "r.fq.gz"
    with pysam.BGZFile(str(path), "wb", None) as stream:
        stream.write(fastq_text(RECORDS).encode())
    path.write_bytes(path.read_bytes()[:-28])
    with pytest.raises(InputError, match="is cut off"):
        BlockReader(path)


def test_file_is_digested_while_it_is_read(tmp_path):
    path = tmp_path / "r.fq"
    path.write_bytes(b"@a\nA\n+\nI\n")
    reader = BlockReader(path)
    while reader.read():
        pass
    assert reader.position == 9
    assert reader.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


FLAWS = {
    "does not begin with @": "r\nACGT\n+\nIIII\n",
    "has a third line that does not begin with +": "@r\nACGT\nIIII\n+\n",
    "has another name behind its +": "@r\nACGT\n+s\nIIII\n",
    "has not as many qualities as bases": "@r\nACGT\n+\nIII\n",
    "has not as many qualities as bases ": "@r\nACGT\n+\nIIIII\n",
    "holds a character that FASTQ does not have": "@r\nAC GT\n+\nIIIII\n",
    "holds a character that FASTQ does not have ": "@r\nACGT\n+\nI\tII\n",
    "is cut off": "@r\nACGT\n",
    "is cut off ": "@r\nACGT\n+\n",
    "is cut off  ": "@r",
}


@pytest.mark.parametrize("flaw", FLAWS)
@pytest.mark.parametrize("before", [0, 1, 50])
@pytest.mark.parametrize("block_bytes", [64, 1 << 16])
def test_broken_record_is_told_by_its_number(tmp_path, flaw, before, block_bytes):
    path = tmp_path / "r.fq"
    good = fastq_text(RECORDS[:before])
    after = "" if flaw.startswith("is cut off") else fastq_text([("last", "ACGTACGTACGT")])
    path.write_text(good + FLAWS[flaw] + after)
    records, problem = read(path, block_bytes)
    assert records == expected(RECORDS[:before])
    assert problem == f"is not whole FASTQ: record {before + 1} {flaw.strip()}"


def test_truncated_gzip_keeps_what_came_before(tmp_path):
    path = tmp_path / "r.fq.gz"
    path.write_bytes(gzip.compress(fastq_text(RECORDS).encode())[:-9])
    records, problem = read(path, 300)
    assert records == expected(RECORDS)[: len(records)]
    assert problem.startswith("cannot be read as FASTQ: ")
    assert problem.endswith(f"(read as far as record {len(records)})")


@given(
    st.lists(
        st.tuples(
            st.text("ab/123", min_size=1, max_size=12), st.text("ab/123", min_size=1, max_size=12)
        ),
        max_size=6,
    )
)
def test_first_stranger_by_the_rule(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("names")
    blocks = []
    for mate in (0, 1):
        path = folder / f"{mate}.fq"
        path.write_text(fastq_text([(pair[mate], "ACGT") for pair in names]))
        blocks.append(BlockReader(path).read())

    def fits(one, other):
        if one == other:
            return True
        return one[:-1] == other[:-1] and one[-1] in "123" and other[-1] in "123"

    if names:
        rows = [row for row, pair in enumerate(names) if not fits(*pair)]
        first, second = blocks
        found = first_stranger(first.places, second.places, len(names))
        assert found == (rows[0] if rows else len(names))
