"""A user's own catalogue. The rows are made up; their columns are those of the exports."""

from __future__ import annotations

import gzip

import pytest

from fusioncall.catalogue import Catalogue, KnownPair
from fusioncall.errors import SettingsError
from fusioncall.exports import read_own_catalogue

TARGETS = ("NTRK1", "NTRK2", "NTRK3")
# README_Cosmic_Fusion of release 101 lists these columns in this order.
COSMIC = (
    "COSMIC_SAMPLE_ID SAMPLE_NAME COSMIC_PHENOTYPE_ID COSMIC_FUSION_ID FUSION_SYNTAX "
    "FIVE_PRIME_CHROMOSOME FIVE_PRIME_STRAND FIVE_PRIME_TRANSCRIPT_ID FIVE_PRIME_GENE_SYMBOL "
    "FIVE_PRIME_LAST_OBSERVE_EXON FIVE_PRIME_GENOME_START_FROM FIVE_PRIME_GENOME_START_TO "
    "FIVE_PRIME_GENOME_STOP_FROM FIVE_PRIME_GENOME_STOP_TO THREE_PRIME_CHROMOSOME "
    "THREE_PRIME_STRAND THREE_PRIME_TRANSCRIPT_ID THREE_PRIME_GENE_SYMBOL "
    "THREE_PRIME_FIRST_OBSERVE_EXON THREE_PRIME_GENOME_START_FROM THREE_PRIME_GENOME_START_TO "
    "THREE_PRIME_GENOME_STOP_FROM THREE_PRIME_GENOME_STOP_TO FUSION_TYPE PUBMED_PMID"
).replace(" ", "\t")
COSMIC_COLUMNS = COSMIC.split("\t")
OLD_COSMIC = (
    "SAMPLE_ID\tSAMPLE_NAME\tPRIMARY_SITE\tHISTOLOGY_SUBTYPE_1\tFUSION_ID\tTRANSLOCATION_NAME"
    "\t5'_GENE_NAME\t3'_GENE_NAME\tPUBMED_PMID"
)
# The table MBCA as the database defines it.
MITELMAN = (
    "MolClin\tRefNo\tInvNo\tMorph\tTopo\tImmunology\tGeneLength\tGeneShort\tGeneLong"
    "\tKaryLength\tKaryShort\tKaryLong"
)


def cosmic(sample, five, three, pubmed):
    """A row of COSMIC; a sample without a fusion has no genes."""
    known = {
        "COSMIC_SAMPLE_ID": sample,
        "SAMPLE_NAME": "A",
        "COSMIC_PHENOTYPE_ID": "COSO1",
        "FIVE_PRIME_GENE_SYMBOL": five,
        "THREE_PRIME_GENE_SYMBOL": three,
        "PUBMED_PMID": pubmed,
    }
    return "\t".join(known.get(name, "") for name in COSMIC_COLUMNS)


def written(tmp_path, *lines, name="export.tsv", pack=None):
    path = tmp_path / name
    text = "".join(f"{line}\n" for line in lines).encode("latin-1")
    path.write_bytes(gzip.compress(text) if pack else text)
    return path


@pytest.mark.parametrize("pack", [False, True])
def test_cosmic(tmp_path, pack):
    path = written(
        tmp_path,
        COSMIC,
        cosmic("S1", "ETV6", "NTRK3", "11"),
        cosmic("S2", "ETV6", "NTRK3", "12"),
        cosmic("S2", "ETV6", "NTRK3", "12"),
        cosmic("S3", "HLA-A", "NTRK1", ""),
        cosmic("S4", "", "", "13"),
        cosmic("S5", "NTRK3", "ETV6", "14"),
        pack=pack,
    )
    assert read_own_catalogue(path, TARGETS) == Catalogue(
        (
            KnownPair("ETV6", "NTRK3", "", "PMID:11; PMID:12", "COSMIC", "recurrent"),
            KnownPair("HLA-A", "NTRK1", "", "COSMIC", "COSMIC", "reported"),
        )
    )


def test_cosmic_before_version_98(tmp_path):
    path = written(
        tmp_path,
        OLD_COSMIC,
        "1\tA\tthyroid\tpapillary_carcinoma\t9\tx\tTPM3_ENST00000368530\tNTRK1\t21",
        "1\tA\tthyroid\tNS\t9\tx\tTPM3\tNTRK1_ENST00000524377\t21",
    )
    tumours = "thyroid papillary carcinoma; thyroid"
    assert read_own_catalogue(path, TARGETS) == Catalogue(
        (KnownPair("TPM3", "NTRK1", tumours, "PMID:21", "COSMIC", "reported"),)
    )


def test_mitelman(tmp_path):
    path = written(
        tmp_path,
        MITELMAN,
        "M\t100\t1\t3117\t0301\t\t11\tETV6::NTRK3\t\t17\tt(12;15)(p13;q25)\t",
        "M\t101\t1\t3117\t0301\t\t30\tETV6::NTRK3,BCR::ABL1,LMNA::NTRK1\t\t\t\t",
        "M\t102\t1\t3117\t0301\t\t5\tNTRK3\t\t\tna\xefve\x85row\t",
        "M\t103\t1\t3117\t0301",
        "M\t104\t1\t3117\t0301\t\t260\tBCR::ABL1,TPM3::NTR\tBCR::ABL1,TPM3::NTRK1\t\t\t",
    )
    assert read_own_catalogue(path, TARGETS) == Catalogue(
        (
            KnownPair(
                "ETV6",
                "NTRK3",
                "",
                "Mitelman RefNo 100; Mitelman RefNo 101",
                "Mitelman",
                "recurrent",
            ),
            KnownPair("LMNA", "NTRK1", "", "Mitelman RefNo 101", "Mitelman", "reported"),
            KnownPair("TPM3", "NTRK1", "", "Mitelman RefNo 104", "Mitelman", "reported"),
        )
    )


def test_a_table_like_ours(tmp_path):
    path = written(
        tmp_path,
        "partner\ttarget\ttumour_types\treferences\tsource\tjunctions",
        "XYZ\tNTRK2\tglioma\town case\tours\tchr6:9:+>9:8:-; 6:7:+>chr9:8:-",
    )
    junctions = (("6:9:+", "9:8:-"), ("6:7:+", "9:8:-"))
    pair = KnownPair("XYZ", "NTRK2", "glioma", "own case", "ours", "", junctions)
    assert read_own_catalogue(path, TARGETS) == Catalogue((pair,))


@pytest.mark.parametrize("lines", [(), ("a\tb", "1\t2")])
def test_other_tables_are_refused(tmp_path, lines):
    path = written(tmp_path, *lines)
    with pytest.raises(SettingsError) as caught:
        read_own_catalogue(path, TARGETS)
    assert str(caught.value) == (
        f"{path}: is no catalogue of known partners, and no export of COSMIC or Mitelman. Give a "
        "table with the columns partner, target, tumour_types, references, source, or one of the "
        "exports as it is."
    )


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "export.tsv.gz"
    path.write_bytes(gzip.compress(COSMIC.encode())[:-6])
    with pytest.raises(SettingsError, match="cannot be unpacked"):
        read_own_catalogue(path, TARGETS)


def test_rows_of_one_pair_are_joined():
    ours = Catalogue((KnownPair("A", "NTRK1", "glioma; sarcoma", "PMID:1", "article", "reported"),))
    own = Catalogue(
        (
            KnownPair(
                "A", "NTRK1", "sarcoma; lung", "PMID:2", "COSMIC", "recurrent", (("x", "y"),)
            ),
            KnownPair("B", "NTRK1", "", "PMID:3", "COSMIC"),
        )
    )
    joined = KnownPair(
        "A",
        "NTRK1",
        "glioma; sarcoma; lung",
        "PMID:1; PMID:2",
        "article; COSMIC",
        "reported",
        (("x", "y"),),
    )
    assert ours.joined(own) == Catalogue((joined, own.pairs[1]))


def test_own_catalogue_reaches_the_tables(world, reference_folder, run_cli, tmp_path):
    from sequencing import rows

    out = tmp_path / "S"
    reads = tmp_path / "reads"
    words = f"simulate --out {reads} --sample S --background 100 --fusion BTBD1:4-NTRK3:14"
    assert run_cli(*words.split(" ")).code == 0
    own = written(tmp_path, COSMIC, cosmic("S1", "BTBD1", "NTRK3", "99"), name="own.tsv")
    words = (
        f"run --sample S --fastq1 {reads}/S_1.fq.gz --fastq2 {reads}/S_2.fq.gz"
        f" --reference {reference_folder} --out {out} --own-catalogue {own}"
    )
    assert run_cli(*words.split(" ")).code == 0
    (row,) = rows(out / "fusions.tsv")
    assert row["references"].endswith("; PMID:99")
    assert row["catalogue_match"] == "SHARED_GENES"
    assert '"own_catalogue": {' in (out / "provenance.json").read_text()
