"""`fusions.vcf.gz`: read by bcftools and pysam, and back to the same breakends."""

from __future__ import annotations

import re
import subprocess

import pysam
import pysam.bcftools
import pytest

from builders import (
    STRAND_PAIRS,
    bases_of,
    candidate,
    candidate_of,
    fusion_of,
    piece_before,
    piece_from,
    sample_results,
    support,
)
from fusioncall.carry_over import VERDICTS
from fusioncall.coords import Breakend, Side, parse_breakpoint
from fusioncall.filters import judge
from fusioncall.junctions import homology_bp
from fusioncall.model import Junction
from fusioncall.vcf import write_vcf
from fusioncall.world import reverse_complement
from sequencing import rows


def read_back(path) -> dict[str, tuple[Junction, pysam.VariantRecord]]:
    """The junctions of a VCF by the grammar of the VCF specification, with their 5' records."""
    ends: dict[str, dict[str, tuple[Breakend, str, str, pysam.VariantRecord]]] = {}
    with pysam.VariantFile(str(path)) as vcf:
        for record in vcf:
            found = re.fullmatch(r"(\w*)([][])([^][]+):(\d+)([][])(\w*)", record.alts[0])
            before, bracket, contig, position, _, after = found.groups()
            keeps = Side.LEFT if before else Side.RIGHT
            mate = Breakend(contig, int(position) - 1, Side.RIGHT if bracket == "[" else Side.LEFT)
            inserted = before[1:] or after[:-1]
            end = Breakend(record.chrom, record.pos - 1, keeps)
            event = ends.setdefault(record.info["EVENT"], {})
            event[record.info["SIDE"]] = (end, mate, inserted, record)
            assert (before or after).strip(inserted or "-") == record.ref or inserted
    junctions = {}
    for event, sides in ends.items():
        donor, acceptor = sides["5"], sides["3"]
        assert (donor[0], donor[1]) == (acceptor[1], acceptor[0])
        assert donor[3].info["MATEID"] == acceptor[3].id
        assert acceptor[3].info["MATEID"] == donor[3].id
        inserted = {
            text if record.info["STRAND"] == "+" else reverse_complement(text)
            for _, _, text, record in sides.values()
        }
        assert len(inserted) == 1
        junctions[event] = (Junction(donor[0], acceptor[0], inserted.pop()), donor[3])
    return junctions


def test_all_candidates_come_back(every_kind):
    made = read_back(every_kind / "fusions.vcf.gz").values()
    told = {
        Junction(
            Breakend.donor(*parse_breakpoint(row["breakpoint5"])),
            Breakend.acceptor(*parse_breakpoint(row["breakpoint3"])),
            row["inserted"].strip("."),
        ): (
            row["failed_filters"].replace(",", ";").replace(".", "PASS"),
            *(row[name] for name in ("split_molecules", "spanning_molecules")),
            *(row[name] for name in ("fusion", "class", "confidence", "target", "gene5")),
            *(row["frame"], row["hgvs_r"]),
        )
        for row in rows(every_kind / "candidates.tsv")
    }
    assert len(told) == 8
    assert {
        junction: (
            ";".join(record.filter),
            *(str(record.samples["S"][name]) for name in ("SPLIT", "SPAN")),
            *(record.info[name] for name in ("FUSION", "CLASS", "CONFIDENCE", "TARGET", "GENE")),
            *(record.info["FRAME"], record.info["HGVS"]),
        )
        for junction, record in made
    } == told


def test_header(every_kind, reference):
    with pysam.VariantFile(str(every_kind / "fusions.vcf.gz")) as vcf:
        assert list(vcf.header.filters) == ["PASS", *VERDICTS]
        assert all(each.description for each in vcf.header.filters.values())
        contigs = {name: each.length for name, each in vcf.header.contigs.items()}
        assert contigs == reference.contigs
        text = str(vcf.header)
    assert "##reference=world.fa.gz\n" in text
    assert "##fileDate" not in text


def test_index(every_kind):
    with pysam.VariantFile(str(every_kind / "fusions.vcf.gz")) as vcf:
        found = [record.id for record in vcf.fetch("chr12", 24_322, 24_323)]
    assert found == ["junction1_5"]


def bcftools(tool, *words):
    command = [tool("bcftools"), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_bcftools_reads_it(every_kind, tool, genome_files):
    vcf = every_kind / "fusions.vcf.gz"
    viewed = bcftools(tool, "view", "--no-version", vcf)
    assert (viewed.returncode, viewed.stderr) == (0, "")
    assert sum(not line.startswith("#") for line in viewed.stdout.splitlines()) == 16
    passing = bcftools(tool, "view", "--no-version", "-H", "-f", "PASS", vcf)
    assert len(passing.stdout.splitlines()) == 2 * len(rows(every_kind / "fusions.tsv"))


def test_bcftools_norm_finds_nothing_to_change(every_kind, tool, genome_files):
    """bcftools before 1.22 takes a breakend that begins with inserted bases for an insertion."""
    vcf, fasta = every_kind / "fusions.vcf.gz", genome_files[0]
    words = ("--no-version", "-c", "e", "-f", str(fasta))
    assert pysam.bcftools.norm(*words, str(vcf)) == pysam.bcftools.view("--no-version", str(vcf))
    warned = bcftools(tool, "norm", "--no-version", "-c", "w", "-f", fasta, vcf)
    assert warned.returncode == 0, warned.stderr
    assert warned.stdout == bcftools(tool, "view", "--no-version", vcf).stdout
    plain = every_kind.with_name("plain.vcf.gz")
    bcftools(tool, "view", "--no-version", "-e", 'EVENT="junction4"', "-Oz", "-o", plain, vcf)
    normal = bcftools(tool, "norm", *words, plain)
    assert normal.returncode == 0, normal.stderr
    assert normal.stdout == bcftools(tool, "view", "--no-version", plain).stdout
    assert normal.stdout.count("SVTYPE=BND") == warned.stdout.count("SVTYPE=BND") - 2


def results_of(junctions, reference, settings):
    """A sample with candidates at some junctions, with as much homology as they have."""
    calls = []
    for junction in junctions:
        named = candidate_of(junction, homology_bp=homology_bp(junction, reference))
        calls.append(judge(fusion_of(named, support(), reference, settings.filters), settings))
    return sample_results(calls, reference, settings)


@pytest.mark.parametrize("inserted", ["", "ACC"])
@pytest.mark.parametrize("strands", STRAND_PAIRS)
def test_strands(reference, settings, tmp_path, strands, inserted):
    """Every pair of strands; the acceptor lies in NTRK1 (+) or NTRK3 (-)."""
    five, three = strands
    contig = {"+": "chr1", "-": "chr15"}[three.value]
    target = next(each for each in reference.targets if each.gene.contig == contig)
    position = (target.gene.start + target.gene.end) // 2
    junction = Junction(
        Breakend.donor("chr5", 20_000, five), Breakend.acceptor(contig, position, three), inserted
    )
    write_vcf(tmp_path / "x.vcf.gz", results_of([junction], reference, settings), reference)
    ((back, _),) = read_back(tmp_path / "x.vcf.gz").values()
    assert back == junction


@pytest.mark.parametrize(("five", "three"), STRAND_PAIRS)
def test_homology(world, reference, settings, tmp_path, five, three):
    """Moved over all of CIPOS, the join makes the same sequence; one further, another."""
    contig = {"+": "chr1", "-": "chr15"}[three.value]
    target = next(each for each in reference.targets if each.gene.contig == contig)
    start = (target.gene.start + target.gene.end) // 2

    def fused(junction, back, on):
        """200 fused bases, when the join is moved."""
        donor, acceptor = junction.donor, junction.acceptor
        move = on - back
        step5 = 1 if donor.donor_strand.value == "+" else -1
        step3 = 1 if acceptor.acceptor_strand.value == "+" else -1
        left = piece_before(
            donor.contig, donor.position + move * step5, donor.donor_strand, 100 + move
        )
        place = (acceptor.contig, acceptor.position + move * step3)
        right = piece_from(*place, acceptor.acceptor_strand, 100 - move)
        return bases_of(world, left) + bases_of(world, right)

    junctions = [
        Junction(Breakend.donor("chr5", at, five), Breakend.acceptor(contig, start, three))
        for at in range(20_000, 20_300)
    ]
    write_vcf(tmp_path / "x.vcf.gz", results_of(junctions, reference, settings), reference)
    seen = set()
    for junction, record in read_back(tmp_path / "x.vcf.gz").values():
        moves = record.info.get("CIPOS", (0, 0))
        back, on = (-moves[0], moves[1]) if five.value == "+" else (moves[1], -moves[0])
        seen.add(back + on)
        assert record.info.get("HOMLEN", 0) == back + on == homology_bp(junction, reference)
        same = fused(junction, 0, 0)
        assert all(fused(junction, i, 0) == same for i in range(back + 1))
        assert all(fused(junction, 0, i) == same for i in range(on + 1))
        assert fused(junction, back + 1, 0) != same != fused(junction, 0, on + 1)
        if back + on:
            shared = same[100 - back : 100 + on]
            expected = shared if five.value == "+" else reverse_complement(shared)
            assert record.info["HOMSEQ"] == expected
    assert len(seen) > 3


def test_estimated_places_are_marked(reference, settings, world, tmp_path):
    named = candidate(world, "ETV6:5-NTRK3:15")
    calls = [
        judge(fusion_of(named, support(split, 3), reference, settings.filters), settings)
        for split in (0, 1)
    ]
    write_vcf(tmp_path / "x.vcf.gz", sample_results(calls, reference, settings), reference)
    records = [record for _, record in read_back(tmp_path / "x.vcf.gz").values()]
    assert sorted("IMPRECISE" in record.info for record in records) == [False, True]


def test_no_candidates(reference, settings, tmp_path, tool):
    write_vcf(tmp_path / "x.vcf.gz", results_of([], reference, settings), reference)
    assert read_back(tmp_path / "x.vcf.gz") == {}
    assert (tmp_path / "x.vcf.gz.tbi").is_file()
    assert bcftools(tool, "view", tmp_path / "x.vcf.gz").returncode == 0


def test_same_bytes(reference, settings, tmp_path, every_kind):
    junctions = [junction for junction, _ in read_back(every_kind / "fusions.vcf.gz").values()]
    for name in ("a", "b"):
        results = results_of(junctions, reference, settings)
        write_vcf(tmp_path / f"{name}.vcf.gz", results, reference)
    for ending in ("", ".tbi"):
        first, second = (tmp_path / f"{name}.vcf.gz{ending}" for name in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()
