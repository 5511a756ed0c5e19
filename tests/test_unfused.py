"""Molecules of the partner that are not fused: as many as were planted, by every way to them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import (
    Piece,
    aligned,
    bases_of,
    candidate,
    changed,
    donor_edge,
    fused_text,
    text_pair,
    write_fastq,
)
from fusioncall.bam import sort_and_index, write_molecules
from fusioncall.cli import main
from fusioncall.unfused import count_unfused, over_acceptors, over_donors
from sequencing import rows, run_files

READ = 75
FUSED = 5


def at_donor(world, gene, number):
    """The transcript of a gene and the offset behind one of its exons."""
    transcript = world.transcript(gene)
    return world.sequence(transcript), sum(len(exon) for exon in transcript.exons[:number])


def wild_type(world, gene, number):
    """Molecules that run over a donor, and how many of them; others beside them do not.

    A read must hold eight bases on both sides: in the first or the second read, spliced or not.
    """
    text, cut = at_donor(world, gene, number)
    transcript = world.transcript(gene)
    over = {f"first{before}": text[cut - before : cut - before + 200] for before in (8, 20, 40, 67)}
    over |= {f"second{after}": text[cut + after - 210 : cut + after] for after in (8, 30, 67)}
    over["error"] = changed(text[cut - 38 : cut + 160], [37])  # the donor's last base
    edge = donor_edge(transcript, number)
    kept = Piece(transcript.contig, edge - 120, edge + 121, transcript.strand)
    over["intron"] = bases_of(world, kept)[80:]
    beside = {
        "seven before": text[cut - 7 : cut + 190],
        "seven behind": text[cut - 180 : cut + 7],
        "between its mates": text[cut - 100 : cut + 100],
        "in another exon": text[cut - 300 : cut - 90],
    }
    copies = {f"copy{i}": over["first40"] for i in range(3)}
    molecules = [
        text_pair(name.replace(" ", "_"), bases, READ)
        for name, bases in (over | beside | copies).items()
    ]
    return molecules, len(over)


def fused(world, text):
    """Molecules of a fusion: split and spanning ones, some with few bases of the target."""
    bases, cut = fused_text(world, text)
    split = [
        text_pair(f"split{i}", bases[cut - 40 - i : cut + 100 + i], READ) for i in range(FUSED)
    ]
    short = [text_pair(f"short{i}", bases[cut - 190 : cut + 3 + i], READ) for i in range(6, 12)]
    spanning = [text_pair(f"spanning{i}", bases[cut - 100 - i : cut + 99], READ) for i in range(2)]
    return [*split, *short, *spanning]


def fastq_of(molecules, folder):
    return [
        write_fastq(
            folder / f"{number}.fq.gz",
            [(each.name, each.reads[number - 1].sequence) for each in molecules],
        )
        for number in (1, 2)
    ]


def run_bam(molecules, reference, settings, out):
    """`fusioncall run` on the alignments of all molecules."""
    bam = out.with_suffix(".bam")
    write_molecules(bam, aligned(molecules, reference, settings), reference.contigs)
    sort_and_index(bam)
    words = ["--quiet", "run", "--sample", "S", "--bam", str(bam), "--out", str(out)]
    assert main([*words, "--reference", str(reference.path)]) == 0
    return out


FUSIONS = {"ETV6:5-NTRK3:15": ("ETV6", 5), "TPM3:8-NTRK1:10": ("TPM3", 8)}


def swapped(molecules):
    """The same molecules in another order, each with its mates swapped."""
    made = []
    for each in reversed(molecules):
        first, second = each.reads
        reads = (replace(second, number=first.number), replace(first, number=second.number))
        made.append(replace(each, reads=reads))
    return made


@pytest.mark.parametrize("text", FUSIONS)
@pytest.mark.parametrize("is_swapped", [False, True])
def test_planted_molecules_of_the_partner_are_counted(world, reference, tmp_path, text, is_swapped):
    wild, expected = wild_type(world, *FUSIONS[text])
    molecules = [*wild, *fused(world, text)]
    molecules = swapped(molecules) if is_swapped else molecules
    out = run_files(fastq_of(molecules, tmp_path), reference.path, tmp_path / "fastq")
    (row,) = rows(out / "fusions.tsv")
    assert (row["unfused5_molecules"], expected) == ("9", 9)
    split = int(row["split_molecules"])
    assert split == FUSED + 5  # of those with few bases of the target, five have eight or more
    assert row["fused5_fraction"] == f"{split / (split + expected):.3f}"


@pytest.mark.parametrize("text", FUSIONS)
def test_bam_counts_the_same_molecules(world, reference, settings, tmp_path, text):
    """Also those with eight bases of the donor's exon, which an aligner clips."""
    wild, expected = wild_type(world, *FUSIONS[text])
    molecules = [*wild, *fused(world, text)]
    from_fastq = run_files(fastq_of(molecules, tmp_path), reference.path, tmp_path / "fastq")
    from_bam = run_bam(molecules, reference, settings, tmp_path / "bam")
    (one,), (other,) = (rows(out / "fusions.tsv") for out in (from_fastq, from_bam))
    assert other["unfused5_molecules"] == str(expected)
    assert one == other


@pytest.mark.parametrize(
    ("before", "after"), [(8, 67), (20, 55), (37, 38), (55, 20), (63, 12), (67, 8)]
)
def test_aligned_molecules_over_an_acceptor_are_counted(world, reference, settings, before, after):
    """Wild-type NTRK3, with so many bases before and behind the beginning of exon 15."""
    text, cut = at_donor(world, "NTRK3", 14)
    end = candidate(world, "ETV6:5-NTRK3:15").junction.acceptor
    molecules = [
        text_pair("first", text[cut - before : cut - before + 200], READ),
        text_pair("second", text[cut + after - 200 : cut + after], READ),
    ]
    over = over_acceptors([end], reference, settings.recount)
    for given in (molecules, aligned(molecules, reference, settings)):
        assert count_unfused(given, over, (), settings.recount) == {end: 2}


def test_fused_molecules_are_left_out_by_name(world, reference, settings):
    wild, expected = wild_type(world, "ETV6", 5)
    end = candidate(world, "ETV6:5-NTRK3:15").junction.donor
    over = over_donors([end], reference, settings.recount)
    for names in (set(), {"first8"}, {"first8", "intron"}):
        counted = count_unfused(wild, over, names, settings.recount)
        assert counted == {end: expected - len(names)}


def test_every_partner_has_its_own_count(world, reference, tmp_path):
    molecules = []
    for text, place in FUSIONS.items():
        wild, expected = wild_type(world, *place)
        own = [*(wild if text.startswith("ETV6") else wild[:2]), *fused(world, text)]
        molecules += [replace(each, name=f"{place[0]}{each.name}") for each in own]
    out = run_files(fastq_of(molecules, tmp_path), reference.path, tmp_path / "S")
    counts = {row["gene5"]: row["unfused5_molecules"] for row in rows(out / "fusions.tsv")}
    assert counts == {"ETV6": str(expected), "TPM3": "2"}


def test_partner_without_unfused_molecules_has_none(world, reference, tmp_path):
    """No fused molecule is taken for one, whatever few bases of the target it holds."""
    files = fastq_of(fused(world, "ETV6:5-NTRK3:15"), tmp_path)
    (row,) = rows(run_files(files, reference.path, tmp_path / "S") / "fusions.tsv")
    assert (row["unfused5_molecules"], row["fused5_fraction"]) == ("0", "1.000")


def test_candidates_that_do_not_pass_are_not_counted(world, reference, tmp_path):
    """One molecule of another partner is no call; beside a call, and alone."""
    wild, _ = wild_type(world, "TPM3", 8)
    lone = replace(fused(world, "TPM3:8-NTRK1:10")[0], name="lone")
    good = fused(world, "ETV6:5-NTRK3:15")
    for number, extra in enumerate(([], good)):
        folder = tmp_path / str(number)
        folder.mkdir()
        files = fastq_of([*wild, lone, *extra], folder)
        out = run_files(files, reference.path, folder / "S")
        table = {row["gene5"]: row for row in rows(out / "candidates.tsv")}
        assert table["TPM3"]["passed"] == "no"
        assert table["TPM3"]["unfused5_molecules"] == table["TPM3"]["fused5_fraction"] == "."
        assert ("ETV6" in table) == bool(extra)
        assert not extra or table["ETV6"]["unfused5_molecules"] == "0"


def steps(words):
    for each in words:
        assert main(["--quiet", *map(str, each)]) == 0


def test_call_counts_them_only_with_the_reads(world, reference, tmp_path):
    wild, expected = wild_type(world, "ETV6", 5)
    files = fastq_of([*wild, *fused(world, "ETV6:5-NTRK3:15")], tmp_path)
    reads = [f"--fastq{i}={path}" for i, path in enumerate(files, start=1)]
    setup = ["--reference", reference.path]
    kept, bam, census = (tmp_path / name for name in ("kept.bam", "aligned.bam", "census.json"))
    steps(
        [
            ["screen", "--sample", "S", *reads, "--out", kept, "--census", census, *setup],
            ["align", "--reads", kept, "--out", bam, *setup],
        ]
    )
    found = {}
    for name, given in (("without", []), ("with", reads)):
        calls, out = tmp_path / f"{name}.json", tmp_path / name
        evidence = tmp_path / f"{name}.bam"
        words = ["call", "--sample", "S", "--bam", bam, "--census", census, *given]
        steps(
            [
                [*words, "--calls", calls, "--evidence", evidence, *setup],
                ["annotate", "--calls", calls, "--out", out, *setup],
            ]
        )
        (row,) = rows(out / "fusions.tsv")
        found[name] = (row["unfused5_molecules"], row["fused5_fraction"] == ".")
    assert found == {"without": (".", True), "with": (str(expected), False)}
