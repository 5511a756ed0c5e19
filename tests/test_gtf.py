"""Gene models from GTF: three dialects, two namings of contigs, and files that are no GTF."""

from __future__ import annotations

import gzip
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusioncall.coords import Strand
from fusioncall.errors import BundleError
from fusioncall.gtf import contig_key, read_annotation
from fusioncall.world_files import ContigNames, Dialect, write_annotation

EXON = 'chr1\tx\texon\t{}\t{}\t.\t{}\t.\tgene_id "G"; transcript_id "{}";'
CDS = 'chr1\tx\tCDS\t{}\t{}\t.\t{}\t0\tgene_id "G"; transcript_id "{}";'
CONTIGS = {"chr1": 1000, "chr2": 500}


def written(tmp_path, *lines, name="genes.gtf"):
    path = tmp_path / name
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def message_of(path, contigs=CONTIGS):
    with pytest.raises(BundleError) as caught:
        read_annotation(path, contigs)
    text = str(caught.value)
    assert "\n" not in text
    return text


def lengths(world, names):
    return {names.of(contig): len(bases) for contig, bases in world.genome.items()}


# the same genes, whoever wrote them


@pytest.mark.parametrize(
    ("dialect", "names"), [*itertools.product(Dialect, ContigNames)], ids=lambda each: each.value
)
def test_each_dialect_fits_each_naming_of_contigs(world, tmp_path, dialect, names):
    path = tmp_path / "genes.gtf.gz"
    write_annotation(world, path, dialect)
    annotation = read_annotation(path, lengths(world, names))
    found = {
        transcript.id: (
            transcript.gene_name,
            transcript.contig,
            transcript.strand,
            transcript.exons,
            transcript.cds,
            transcript.is_primary,
            transcript.is_mane,
            transcript.cds_phase,
            transcript.is_start_known,
        )
        for gene in annotation.genes
        for transcript in gene.transcripts
    }
    expected = {
        (each.refseq_id if dialect is Dialect.REFSEQ else each.ensembl_id): (
            each.gene,
            names.of(each.contig),
            each.strand,
            tuple(sorted((exon.start, exon.end) for exon in each.exons)),
            (each.coding.start, each.coding.end),
            each.is_mane,
            each.is_mane,
            0,
            True,
        )
        for each in world.transcripts
    }
    assert found == expected
    ids = {
        gene.name: (gene.id, gene.biotype, gene.contig, gene.start, gene.end)
        for gene in annotation.genes
    }
    assert ids == {
        each.gene: (
            each.gene if dialect is Dialect.REFSEQ else each.gene_id,
            "protein_coding",
            names.of(each.contig),
            min(t.place.start for t in world.transcripts if t.gene == each.gene),
            max(t.place.end for t in world.transcripts if t.gene == each.gene),
        )
        for each in world.transcripts
    }
    assert annotation.transcripts_read == len(world.transcripts)
    assert annotation.transcripts_malformed == annotation.transcripts_on_other_contigs == 0


@pytest.mark.parametrize("tag", ["MANE_Select", "MANE Select"])
def test_mane_mark_makes_a_transcript_primary(tmp_path, tag):
    path = written(
        tmp_path,
        EXON.format(10, 20, "+", "T1"),
        EXON.format(10, 20, "+", "T2") + f' tag "basic"; tag "{tag}";',
        EXON.format(10, 20, "+", "T3") + ' tag "MANE_Plus_Clinical";',
    )
    (gene,) = read_annotation(path, CONTIGS).genes
    assert [(each.id, each.is_primary) for each in gene.transcripts] == [
        ("T1", False),
        ("T2", True),
        ("T3", False),
    ]


def test_ensembl_canonical_is_primary_and_not_mane_select(tmp_path):
    path = written(tmp_path, EXON.format(10, 20, "+", "T1") + ' tag "Ensembl_canonical";')
    (gene,) = read_annotation(path, CONTIGS).genes
    assert (gene.transcripts[0].is_primary, gene.transcripts[0].is_mane) == (True, False)


@pytest.mark.parametrize(
    ("strand", "frames", "tag", "expected"),
    [
        ("+", "20", "", (2, False, True)),
        ("-", "20", "", (0, True, True)),
        ("-", "01", "", (1, False, True)),
        ("+", "00", ' tag "cds_start_NF";', (0, False, True)),
        ("+", "00", ' tag "cds_end_NF";', (0, True, False)),
        ("+", "..", "", (0, True, True)),
    ],
)
def test_ends_of_the_coding_sequence(tmp_path, strand, frames, tag, expected):
    parts = ((11, 20), (31, 40))
    path = written(
        tmp_path,
        *(EXON.format(*part, strand, "T") + tag for part in parts),
        *(
            CDS.format(*part, strand, "T").replace("\t0\t", f"\t{frame}\t")
            for part, frame in zip(parts, frames, strict=True)
        ),
    )
    (gene,) = read_annotation(path, CONTIGS).genes
    (transcript,) = gene.transcripts
    known = (transcript.is_start_known, transcript.is_end_known)
    assert (transcript.cds_phase, *known) == expected
    assert transcript.cds == (10, 40)


def test_selenocysteines_are_kept(tmp_path):
    path = written(
        tmp_path,
        EXON.format(11, 40, "+", "T"),
        CDS.format(11, 40, "+", "T"),
        CDS.format(17, 19, "+", "T").replace("CDS", "Selenocysteine"),
    )
    (gene,) = read_annotation(path, CONTIGS).genes
    assert gene.transcripts[0].selenocysteines == ((16, 19),)
    assert gene.transcripts[0].cds == (10, 40)


def test_stop_codon_beside_the_cds_is_coding(tmp_path):
    path = written(
        tmp_path,
        EXON.format(101, 200, "-", "T"),
        CDS.format(131, 160, "-", "T"),
        CDS.format(128, 130, "-", "T").replace("CDS", "stop_codon"),
    )
    (gene,) = read_annotation(path, CONTIGS).genes
    assert gene.transcripts[0].cds == (127, 160)
    assert gene.transcripts[0].strand is Strand.REVERSE


def test_two_places_of_one_gene_id_are_two_genes(tmp_path):
    path = written(
        tmp_path,
        EXON.format(10, 20, "+", "T1"),
        EXON.format(300, 320, "+", "T2"),
        EXON.format(310, 330, "+", "T3"),
        EXON.format(330, 340, "+", "T4"),
        EXON.format(341, 350, "+", "T5"),
    )
    genes = read_annotation(path, CONTIGS).genes
    assert [(g.start, g.end, [t.id for t in g.transcripts]) for g in genes] == [
        (9, 20, ["T1"]),
        (299, 340, ["T2", "T3", "T4"]),
        (340, 350, ["T5"]),
    ]


# what is left out is counted


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param([(100, 200), (150, 300)], id="exons overlap"),
        pytest.param([(900, 1001)], id="beyond the end of the contig"),
        pytest.param([(0, 20)], id="before the first base of the contig"),
        pytest.param([(50, 40)], id="exon ends before it starts"),
    ],
)
def test_malformed_transcript_is_counted_and_left_out(tmp_path, bad):
    exons = [EXON.format(start, end, "+", "BAD") for start, end in bad]
    path = written(tmp_path, EXON.format(1, 1000, "+", "GOOD"), *exons)
    annotation = read_annotation(path, CONTIGS)
    assert [t.id for gene in annotation.genes for t in gene.transcripts] == ["GOOD"]
    assert annotation.transcripts_malformed == 1
    assert annotation.transcripts_read == 2


def test_transcripts_on_unknown_contigs_are_counted_and_left_out(tmp_path):
    elsewhere = [EXON.format(1, 9, "+", f"T{i}").replace("chr1", f"chrUn_{i}") for i in range(3)]
    path = written(tmp_path, *elsewhere, EXON.format(1, 9, "+", "T"))
    annotation = read_annotation(path, CONTIGS)
    assert [gene.contig for gene in annotation.genes] == ["chr1"]
    assert annotation.transcripts_on_other_contigs == 3
    assert annotation.transcripts_read == 4
    assert annotation.transcripts_malformed == 0


def test_a_contig_of_the_very_name_is_taken_before_another_spelling(tmp_path):
    path = written(tmp_path, EXON.format(1, 9, "+", "T"))
    for contigs in ({"chr1": 1000, "1": 2000}, {"1": 2000, "chr1": 1000}):
        (gene,) = read_annotation(path, contigs).genes
        assert gene.contig == "chr1"


# files that are no GTF


def test_gff3_is_refused(tmp_path):
    path = written(
        tmp_path, "##gff-version 3", "chr1\tx\texon\t1\t9\t.\t+\t.\tID=exon1;Parent=transcript:T"
    )
    assert message_of(path) == (
        f"{path}, line 2: has no gene_id attribute. "
        "Give a GTF file; GFF3 writes its attributes in another way."
    )


def test_bed_is_refused(tmp_path):
    path = written(tmp_path, "chr1\t0\t9\tT\t0\t+")
    assert message_of(path) == (
        f"{path}, line 1: expected 9 tab-separated GTF columns with numbers in 4 and 5, found 6. "
        "Give a GTF file (not GFF3 or BED)."
    )


def test_genome_of_another_species_is_refused(tmp_path):
    path = written(tmp_path, EXON.format(1, 9, "+", "T").replace("chr1", "2L"))
    assert message_of(path) == (
        f"{path}: no transcript lies on a contig of the genome (GTF contigs: 2L; genome contigs: "
        "chr1, chr2). Give the GTF and the FASTA of one genome build."
    )


def test_file_without_rows_is_refused(tmp_path):
    path = written(tmp_path, "# only a comment")
    assert message_of(path) == (
        f"{path}: no transcript lies on a contig of the genome (GTF contigs: none; genome contigs: "
        "chr1, chr2). Give the GTF and the FASTA of one genome build."
    )


def test_truncated_gzip_is_refused(tmp_path):
    lines = "".join(EXON.format(i, i + 5, "+", f"T{i}") + "\n" for i in range(1, 900))
    path = tmp_path / "genes.gtf.gz"
    path.write_bytes(gzip.compress(lines.encode())[:-200])
    assert message_of(path) == (
        f"{path}: cannot be read as GTF: Compressed file ended before the end-of-stream marker was "
        "reached. Check the path and get the file anew."
    )


def test_damaged_gzip_is_refused(tmp_path):
    """Every damaged byte of the compressed stream ends in one line that names the file."""
    lines = "".join(EXON.format(i, i + 5, "+", f"T{i}") + "\n" for i in range(1, 200))
    packed = gzip.compress(lines.encode(), mtime=0)
    for place in range(0, len(packed) - 8, 7):
        damaged = bytearray(packed)
        damaged[place] ^= 0xFF
        path = tmp_path / f"genes{place}.gtf.gz"
        path.write_bytes(damaged)
        if 4 <= place < 10:  # time stamp and system: no part of the content
            continue
        assert message_of(path).startswith(str(path))


def test_missing_file_is_refused(tmp_path):
    path = tmp_path / "genes.gtf"
    assert message_of(path) == (
        f"{path}: cannot be read as GTF: [Errno 2] No such file or directory: '{path}'. "
        "Check the path and get the file anew."
    )


# names of contigs

CHROMOSOMES = st.sampled_from([*map(str, range(1, 23)), "X", "Y", "M", "MT"])
OTHER_NAMES = st.from_regex(
    re.compile(r"(KI|GL|NT_|NW_|HLA-|Un_|scaffold_)[A-Z0-9_.]{1,12}"), fullmatch=True
)
CONTIG_NAMES = st.one_of(
    st.builds(str.__add__, st.sampled_from(["", "chr", "Chr", "CHR"]), CHROMOSOMES | OTHER_NAMES),
    st.builds("NC_{:06d}.{}".format, st.integers(1, 24), st.integers(1, 14)),
    st.just("NC_012920.1"),
)


@given(CONTIG_NAMES)
def test_contig_key_of_a_key_is_the_key(name):
    key = contig_key(name)
    assert contig_key(key) == key


@given(CHROMOSOMES | OTHER_NAMES)
def test_contig_key_does_not_see_the_prefix(name):
    assert len({contig_key(f"{prefix}{name}") for prefix in ("", "chr", "CHR")}) == 1


def test_contig_key_keeps_the_24_chromosomes_and_the_mitochondrion_apart():
    names = [*map(str, range(1, 23)), "X", "Y", "M"]
    accessions = [f"NC_{i:06d}.9" for i in range(1, 25)] + ["NC_012920.1"]
    assert len({contig_key(name) for name in names}) == 25
    assert [contig_key(f"chr{name}") for name in names] == [contig_key(each) for each in accessions]
