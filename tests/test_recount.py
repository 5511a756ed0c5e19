"""Counting: each molecule once, for one junction, and only when it can be nothing else."""

from __future__ import annotations

import random
from dataclasses import replace

import msgspec
import pytest

from builders import (
    Piece,
    bases_of,
    candidate,
    candidate_of,
    donor_edge,
    fused_text,
    make_read,
    molecules_of,
    piece_before,
    piece_from,
    plant,
    simulated,
    single,
    split_parts,
    text_pair,
    text_read,
)
from fusioncall.coords import Strand
from fusioncall.model import Junction, Molecule, Proposal, ReadNumber, Support
from fusioncall.recount import recount
from fusioncall.simulate import Kind, ReadSettings, SamplePlan, simulate_sample
from fusioncall.unfused import count_unfused, over_acceptors
from fusioncall.world import reverse_complement

FUSIONS = (
    "ETV6:5-NTRK3:15",
    "TPM3:8-NTRK1:10",
    "QKI:6-NTRK2:16",
    "BTBD1:4-NTRK3:14",
    "LMNA:11-150-NTRK1:11",
    "SQSTM1:5-NTRK1:10:CTC",
    "ETV6:5-NTRK3:15:ACGTTGCA",
    "NTRK3:14-ETV6:6",
    "EML4:2-NTRK3/NM_001007156:15",
)
NOTHING = Support(
    split_molecules=0,
    spanning_molecules=0,
    unfused3_molecules=0,
    unfused5_molecules=None,
    rivals=(),
    excess_edits=0,
    misfit_molecules=0,
    copies=0,
    distinct_starts=0,
    best_anchor_bp=0,
    donor_anchor_bp=0,
    acceptor_anchor_bp=0,
    split_names=(),
    spanning_names=(),
)
READ = 75


def count(molecules, candidates, reference, pinned):
    return recount(molecules, candidates, reference, pinned.recount)


def names(sample, kind, fusion=None):
    return tuple(
        sorted(
            row.read_name
            for row in sample.evidence
            if row.kind is kind and fusion in {None, row.fusion}
        )
    )


def fragment(world, text, before, after):
    """Bases of a fused transcript around its junction; inserted ones count as the 5' side."""
    fused, cut = fused_text(world, text)
    assert cut - before >= 0
    assert cut + after <= len(fused)
    return fused[cut - before : cut + after]


def alone(name, text):
    return Molecule(name, (text_read(text),))


# planted molecules


@pytest.mark.parametrize("text", FUSIONS)
@pytest.mark.parametrize("is_paired", [True, False], ids=["paired", "single"])
def test_planted_molecules_are_counted_exactly(world, reference, pinned, text, is_paired):
    amounts = {"split": 25, "spanning": 15 if is_paired else 0, "drawn": 60}
    fusion = plant(world, text, **amounts)
    sample = simulated(world, fusion, is_paired=is_paired, read_length_bp=READ)
    (support,) = count(molecules_of(sample), [candidate(world, text)], reference, pinned).values()
    assert support.split_names == names(sample, Kind.SPLIT)
    assert support.spanning_names == names(sample, Kind.SPANNING)
    texts = {m.name: frozenset(read.sequence for read in m.reads) for m in molecules_of(sample)}
    distinct = {texts[name] for name in support.split_names}  # single reads may be copies
    assert support.split_molecules == len(distinct) >= 20
    assert support.spanning_molecules == len(support.spanning_names) >= amounts["spanning"]
    assert support.copies == len(support.split_names) - len(distinct)
    split = [row for row in sample.evidence if row.kind is Kind.SPLIT]
    assert support.best_anchor_bp == max(min(row.bases5, row.bases3) for row in split)
    assert support.donor_anchor_bp == max(row.bases5 for row in split)
    assert support.acceptor_anchor_bp == max(row.bases3 for row in split)


def test_wild_type_molecules_of_both_genes_count_nothing(world, reference, pinned):
    genes = [t.refseq_id for t in world.transcripts if t.gene in {"ETV6", "NTRK3", "LMNA", "NTRK1"}]
    plan = SamplePlan(
        "W",
        settings=ReadSettings(read_length_bp=READ, error_rate=0.01),
        background=tuple((name, 300) for name in genes),
    )
    molecules = molecules_of(simulate_sample(world, plan))
    assert len(molecules) == 300 * len(genes) > 2000
    candidates = [candidate(world, "ETV6:5-NTRK3:15"), candidate(world, "LMNA:11-150-NTRK1:11")]
    found = count(molecules, candidates, reference, pinned)
    assert set(found.values()) == {NOTHING}


def test_reads_that_keep_the_introns_count_nothing(world, reference, pinned):
    """Unspliced reads over both exon edges of the junction, from every start."""
    etv6, ntrk3 = world.transcript("ETV6"), world.transcript("NTRK3")
    molecules = []
    places = [
        (etv6, donor_edge(etv6, 5)),
        (ntrk3, ntrk3.exons[14].end - 1),
        (ntrk3, donor_edge(ntrk3, 14)),
    ]
    for number, (transcript, edge) in enumerate(places):
        for start in range(edge - READ - 50, edge + 50):
            text = bases_of(world, Piece(transcript.contig, start, start + 250, transcript.strand))
            molecules.append(text_pair(f"m{number}:{start}", text, READ))
            molecules.append(alone(f"s{number}:{start}", text[:READ]))
    found = count(molecules, [candidate(world, "ETV6:5-NTRK3:15")], reference, pinned)
    assert list(found.values()) == [NOTHING]


# molecules by hand


def test_support_of_four_molecules_in_full(world, reference, pinned):
    text = "ETV6:5-NTRK3:15"
    molecules = [
        text_pair("spanning", fragment(world, text, 150, 100), READ),
        text_pair("left", fragment(world, text, 60, 120), READ),
        text_pair("right", fragment(world, text, 160, 20), READ),
        alone("single", reverse_complement(fragment(world, text, 35, 40))),
    ]
    (found,) = count(molecules, [candidate(world, text)], reference, pinned).values()
    assert found == Support(
        split_molecules=3,
        spanning_molecules=1,
        unfused3_molecules=0,
        unfused5_molecules=None,
        rivals=(),
        excess_edits=0,
        misfit_molecules=0,
        copies=0,
        distinct_starts=4,
        best_anchor_bp=35,
        donor_anchor_bp=60,
        acceptor_anchor_bp=40,
        split_names=("left", "right", "single"),
        spanning_names=("spanning",),
    )


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("side", ["donor", "acceptor"])
def test_anchor_of_eight_bases_counts_and_of_seven_does_not(
    world, reference, pinned, side, is_turned
):
    limit = pinned.recount.min_anchor_bp
    assert limit == 8
    found = {}
    for text in FUSIONS[:4]:
        for anchor in (7, 8):
            sides = (anchor, 92) if side == "donor" else (92, anchor)
            bases = fragment(world, text, *sides)
            one = alone("r", reverse_complement(bases) if is_turned else bases)
            (support,) = count([one], [candidate(world, text)], reference, pinned).values()
            found[text, anchor] = (support.split_molecules, support.best_anchor_bp)
    assert found == {
        (text, anchor): (0, 0) if anchor == 7 else (1, 8)
        for text in FUSIONS[:4]
        for anchor in (7, 8)
    }


@pytest.mark.parametrize("edits", range(7))
def test_edits_up_to_the_limit_are_borne(world, reference, pinned, edits):
    """100 bases with at most 6 edits, spread over both sides."""
    bases = list(fragment(world, "ETV6:5-NTRK3:15", 50, 50))
    for place in [5, 90, 20, 75, 35, 64][:edits]:
        bases[place] = {"A": "C", "C": "G", "G": "T", "T": "A"}[bases[place]]
    assert int(100 * pinned.recount.max_edit_rate) == 6
    (support,) = count(
        [alone("r", "".join(bases))],
        [candidate(world, "ETV6:5-NTRK3:15")],
        reference,
        pinned,
    ).values()
    assert support.split_molecules == 1
    bases[10] = {"A": "C", "C": "G", "G": "T", "T": "A"}[bases[10]]
    (support,) = count(
        [alone("r", "".join(bases))],
        [candidate(world, "ETV6:5-NTRK3:15")],
        reference,
        pinned,
    ).values()
    assert support.split_molecules == (edits < 6)


@pytest.mark.parametrize(("length", "expected"), [(1000, 1), (1001, 0)])
def test_pair_farther_apart_than_a_fragment_does_not_span(
    world, reference, pinned, length, expected
):
    text = "TPM3:8-NTRK1:10"
    assert pinned.recount.max_fragment_bp == 1000
    pair = text_pair("r", fragment(world, text, 500, length - 500), READ)
    (support,) = count([pair], [candidate(world, text)], reference, pinned).values()
    assert support.spanning_molecules == expected


def test_mates_that_do_not_face_each_other_do_not_span(world, reference, pinned):
    text = "TPM3:8-NTRK1:10"
    bases = fragment(world, text, 150, 150)
    left, right = bases[:READ], bases[-READ:]
    turned = {
        "inward": (left, reverse_complement(right)),
        "both forward": (left, right),
        "both reverse": (reverse_complement(left), reverse_complement(right)),
        "outward": (reverse_complement(left), right),
    }
    spanning = {}
    for name, (first, second) in turned.items():
        reads = (text_read(first, ReadNumber.FIRST), text_read(second, ReadNumber.SECOND))
        (support,) = count(
            [Molecule("r", reads)], [candidate(world, text)], reference, pinned
        ).values()
        spanning[name] = support.spanning_molecules
    assert spanning == {"inward": 1, "both forward": 0, "both reverse": 0, "outward": 0}


def test_pair_that_fits_the_unfused_gene_does_not_span(world, reference, pinned):
    """Between exons 14 and 16 a skipped exon 15 looks like a shorter fragment."""
    ntrk3 = world.transcript("NTRK3")
    text = world.sequence(ntrk3)
    exon15 = sum(len(exon) for exon in ntrk3.exons[:14])
    exon16 = exon15 + len(ntrk3.exons[14])
    wild = text_pair("wild", text[exon15 - 100 : exon16 + 100], READ)
    assert exon16 - exon15 == 131
    skipping = "NTRK3:14-NTRK3:16"
    split = text_pair("split", fragment(world, skipping, 40, 110), READ)
    (support,) = count([wild, split], [candidate(world, skipping)], reference, pinned).values()
    assert (support.split_names, support.spanning_names) == (("split",), ())


def test_molecule_of_other_genes_counts_nothing(world, reference, pinned):
    reads = text_pair("r", fragment(world, "TPM3:8-NTRK1:10", 100, 100), READ)
    (support,) = count([reads], [candidate(world, "ETV6:5-NTRK3:15")], reference, pinned).values()
    assert support == NOTHING


# copies


@pytest.mark.parametrize("copies", [2, 5])
def test_copies_are_counted_once_and_reported(world, reference, pinned, copies):
    text = "ETV6:5-NTRK3:15"
    fusion = plant(world, text, split=8, spanning=5, copies=copies)
    sample = simulated(world, fusion, read_length_bp=READ)
    (support,) = count(molecules_of(sample), [candidate(world, text)], reference, pinned).values()
    assert (support.split_molecules, support.spanning_molecules) == (8, 5)
    assert support.copies == 13 * (copies - 1)
    assert support.split_names == names(sample, Kind.SPLIT)
    assert support.spanning_names == names(sample, Kind.SPANNING)
    assert len(support.split_names) == 8 * copies


def test_doubling_every_molecule_changes_only_copies_and_names(world, reference, pinned):
    text = "TPM3:8-NTRK1:10"
    molecules = molecules_of(
        simulated(world, plant(world, text, split=10, spanning=10), read_length_bp=READ)
    )
    twice = [*molecules, *(replace(each, name=f"{each.name}:again") for each in molecules)]
    one, two = (
        next(iter(count(each, [candidate(world, text)], reference, pinned).values()))
        for each in (molecules, twice)
    )
    assert two.copies == 20
    assert replace(two, copies=0, split_names=(), spanning_names=()) == replace(
        one, split_names=(), spanning_names=()
    )


def test_fragments_that_begin_at_one_base_but_end_at_another_are_no_copies(
    world, reference, pinned
):
    text = "ETV6:5-NTRK3:15"
    molecules = [
        text_pair("a", fragment(world, text, 60, 100), READ),
        text_pair("b", fragment(world, text, 60, 101), READ),
        text_pair("c", fragment(world, text, 60, 101), READ),
    ]
    (support,) = count(molecules, [candidate(world, text)], reference, pinned).values()
    assert (support.split_molecules, support.copies, support.distinct_starts) == (2, 1, 1)


def test_mate_that_only_one_isoform_holds_is_not_lost(world, reference, pinned):
    """Exon 14 of NTRK3 begins the kinase's end and that of truncated TrkC.

    The mates in exon 16 tell the two fragments apart, though their split reads are the same.
    """
    text = "BTBD1:4-NTRK3:14"
    molecules = [
        text_pair("a", fragment(world, text, 40, 354), READ),
        text_pair("b", fragment(world, text, 40, 360), READ),
    ]
    (support,) = count(molecules, [candidate(world, text)], reference, pinned).values()
    assert (support.split_molecules, support.copies) == (2, 0)


def test_molecules_of_other_identifiers_are_no_copies(world, reference, pinned):
    text = "ETV6:5-NTRK3:15"
    one = text_pair("a", fragment(world, text, 60, 100), READ)
    molecules = [
        replace(one, name=name, umi=umi)
        for name, umi in (("a", "AAAA"), ("b", "CCCC"), ("c", "AAAA"), ("d", ""))
    ]
    (support,) = count(molecules, [candidate(world, text)], reference, pinned).values()
    assert (support.split_molecules, support.copies) == (3, 1)


def test_copies_may_be_counted_for_amplicons(world, reference, pinned):
    text = "ETV6:5-NTRK3:15"
    one = text_pair("a", fragment(world, text, 60, 100), READ)
    molecules = [replace(one, name=name) for name in "abcd"]
    all_count = msgspec.structs.replace(pinned.recount, collapse_copies=False)
    (support,) = recount(molecules, [candidate(world, text)], reference, all_count).values()
    assert (support.split_molecules, support.copies, support.distinct_starts) == (4, 0, 1)


# what else molecules say


def wild_type(world, before, after, name):
    """A read over the acceptor of exon 15 of NTRK3, as the gene is spliced without a fusion."""
    junction = candidate(world, "NTRK3:14-NTRK3:15").junction
    return single(name, make_read(world, split_parts(junction, before, after)))


def intron_kept(world, before, after, name):
    """A read over the same acceptor that keeps the intron before it."""
    place = candidate(world, "NTRK3:14-NTRK3:15").junction.acceptor.position
    kept = Piece("chr15", place - after + 1, place + before + 1, Strand.REVERSE)
    return single(name, make_read(world, [kept]))


def unfused(molecules, fusion, reference, pinned, fused=frozenset()):
    """Molecules over the acceptor that are not fused."""
    end = fusion.junction.acceptor
    over = over_acceptors([end], reference, pinned.recount)
    return count_unfused(molecules, over, fused, pinned.recount)[end]


def test_molecules_over_the_acceptor_without_a_fusion_are_counted(world, reference, pinned):
    """Spliced ones and those that keep the intron, with eight bases or more on both sides."""
    molecules = [
        *(wild_type(world, before, 68 - before, f"spliced{before}") for before in (8, 40, 60)),
        *(intron_kept(world, before, 68 - before, f"intron{before}") for before in (9, 41, 59)),
        wild_type(world, 40, 28, "a copy"),
        wild_type(world, 90, 5, "too short"),
        alone("fused", fragment(world, "ETV6:5-NTRK3:15", 40, 40)),
    ]
    fusion = candidate(world, "ETV6:5-NTRK3:15")
    assert unfused(molecules, fusion, reference, pinned, fused={"fused"}) == 6


@pytest.mark.parametrize("kind", [wild_type, intron_kept])
@pytest.mark.parametrize("sides", [(7, 60), (60, 7)])
def test_seven_bases_beyond_the_acceptor_are_too_few(world, reference, pinned, kind, sides):
    one = kind(world, *sides, "r")
    assert unfused([one], candidate(world, "ETV6:5-NTRK3:15"), reference, pinned) == 0


def test_spliced_and_unspliced_molecules_of_one_start_are_no_copies(world, reference, pinned):
    molecules = [wild_type(world, 40, 40, "a"), intron_kept(world, 40, 40, "b")]
    assert unfused(molecules, candidate(world, "ETV6:5-NTRK3:15"), reference, pinned) == 2


def test_error_beside_the_junction_is_given_back_to_it(world, reference, pinned):
    """A wrong base at the junction, read as an insertion, makes a candidate of its own."""
    true = candidate(world, "ETV6:5-NTRK3:15")
    donor, acceptor = true.junction.donor, true.junction.acceptor
    fused, cut = fused_text(world, "ETV6:5-NTRK3:15")
    wrong = min(set("ACGT") - {fused[cut - 1], fused[cut]})
    early = replace(donor, position=donor.position - 1)  # ETV6 lies on the + strand
    weak = candidate_of(Junction(early, acceptor, wrong))
    good = [alone(f"good{i}", fused[cut - 40 - i : cut + 40]) for i in range(3)]
    bad = alone("bad", f"{fused[cut - 50 : cut - 1]}{wrong}{fused[cut : cut + 40]}")
    found = count([*good, bad], [true, weak], reference, pinned)
    assert found[true].split_names == ("bad", "good0", "good1", "good2")
    assert found[weak].split_names == ()
    assert count([bad], [weak], reference, pinned)[weak].split_names == ("bad",)


def snp_before_junction(world):
    """Reads that all have another last base of the donor, and the junction that this looks like."""
    true = candidate(world, "ETV6:5-NTRK3:15")
    fused, cut = fused_text(world, "ETV6:5-NTRK3:15")
    other = min(set("ACGT") - {fused[cut - 1], fused[cut]})
    early = replace(true.junction.donor, position=true.junction.donor.position - 1)
    lookalike = candidate_of(Junction(early, true.junction.acceptor, other))
    changed = fused[: cut - 1] + other + fused[cut:]
    reads = [alone(f"r{i}", changed[cut - 40 - i : cut + 40]) for i in range(4)]
    return true, lookalike, reads


def test_snp_beside_the_junction_does_not_move_it_off_the_exon_edges(world, reference, pinned):
    true, lookalike, reads = snp_before_junction(world)
    found = count(reads, [true, lookalike], reference, pinned)
    assert (found[true].split_molecules, found[lookalike].split_molecules) == (4, 0)
    assert count(reads, [lookalike], reference, pinned)[lookalike].split_molecules == 4


def test_junction_that_lacks_a_base_of_the_exon_is_not_given_to_its_edge(world, reference, pinned):
    """A base less is no SNP: the fused sequences differ in length."""
    edge, short = candidate(world, "ETV6:5-NTRK3:15"), candidate(world, "ETV6:5-1-NTRK3:15")
    fused, cut = fused_text(world, "ETV6:5-1-NTRK3:15")
    reads = [alone(f"r{i}", fused[cut - 40 - i : cut + 40]) for i in range(4)]
    found = count(reads, [edge, short], reference, pinned)
    assert (found[edge].split_molecules, found[short].split_molecules) == (0, 4)


def test_one_edit_of_each_read_on_a_side_is_a_snp(world, reference, pinned):
    true, _, reads = snp_before_junction(world)
    assert count(reads, [true], reference, pinned)[true].excess_edits == 0
    fused, cut = fused_text(world, "ETV6:5-NTRK3:15")
    letters = list(fused)
    for place in (
        cut + 3,
        cut + 7,
        cut + 11,
    ):  # of the first 12 bases of the acceptor, as a paralogue
        letters[place] = min(set("ACGT") - {letters[place]})
    alike = "".join(letters)
    unlike = [alone(f"p{i}", alike[cut - 80 - i : cut + 20]) for i in range(4)]
    limits = msgspec.structs.replace(pinned.recount, max_side_edit_rate=0.04, max_edit_rate=0.1)
    (support,) = recount(unlike, [true], reference, limits).values()
    assert support.split_molecules == 4
    assert support.excess_edits == 4 * 3 - (4 + 2 - 1)


def test_junction_that_all_molecules_fit_as_well_is_a_rival(world, reference, pinned):
    """A spanning pair with a mate in exon 4 of ETV6 fits the donors of exons 4 and 5."""
    one, other = candidate(world, "ETV6:4-NTRK3:15"), candidate(world, "ETV6:5-NTRK3:15")
    fused, cut = fused_text(world, "ETV6:5-NTRK3:15")
    exon5 = len(world.transcript("ETV6").exons[4])
    left, right = fused[cut - exon5 - 150 : cut - exon5 - 50], fused[cut + 50 : cut + 125]
    reads = (
        text_read(left, ReadNumber.FIRST),
        text_read(reverse_complement(right), ReadNumber.SECOND),
    )
    found = count([Molecule("r", reads)], [one, other], reference, pinned)
    assert found[one].spanning_names == ("r",)
    assert found[one].rivals == (other.junction,)
    split = alone("s", fragment(world, "ETV6:4-NTRK3:15", 40, 40))
    found = count([Molecule("r", reads), split], [one, other], reference, pinned)
    assert (found[one].split_names, found[one].rivals) == (("s",), ())


# order


def test_order_of_molecules_mates_and_candidates_does_not_matter(world, reference, pinned):
    texts = ("ETV6:5-NTRK3:15", "ETV6:4-NTRK3:14", "TPM3:8-NTRK1:10")
    plants = [plant(world, text, split=10, spanning=8, drawn=20) for text in texts]
    molecules = molecules_of(simulated(world, *plants, read_length_bp=READ, error_rate=0.005))
    candidates = [candidate(world, text) for text in texts]
    known = count(molecules, candidates, reference, pinned)
    assert all(support.total > 15 for support in known.values())
    stir = random.Random(2)
    for _ in range(3):
        stirred = stir.sample(molecules, len(molecules))
        turned = []
        for each in stirred:
            first, second = each.reads
            swapped = (
                replace(second, number=ReadNumber.FIRST),
                replace(first, number=ReadNumber.SECOND),
            )
            turned.append(replace(each, reads=swapped))
        assert count(stirred, candidates, reference, pinned) == known
        assert count(turned, candidates, reference, pinned) == known


# one molecule, one junction


def test_each_molecule_counts_for_one_junction(world, reference, pinned):
    """Two forms of one event: spanning pairs between both could be of either."""
    texts = ("ETV6:4-NTRK3:15", "ETV6:5-NTRK3:15", "ETV6:5-NTRK3:14", "ETV6:4-NTRK3:14")
    plants = [plant(world, text, split=12, spanning=12, drawn=30) for text in texts[:2]]
    sample = simulated(world, *plants, read_length_bp=READ, fragment_mean_bp=300.0)
    molecules = molecules_of(sample)
    candidates = [candidate(world, text) for text in texts]
    found = count(molecules, candidates, reference, pinned)
    taken = [
        name
        for support in found.values()
        for name in (*support.split_names, *support.spanning_names)
    ]
    assert len(taken) == len(set(taken))
    for text, each in zip(texts[:2], plants, strict=True):
        own = {
            row.read_name
            for row in sample.evidence
            if row.kind is Kind.SPLIT and row.breakpoint5 == each.breakpoint5
        }
        assert own <= set(found[candidate(world, text)].split_names)
    shown = {row.read_name for row in sample.evidence}
    assert shown <= set(taken)
    split = [row.read_name for row in sample.evidence if row.kind is Kind.SPLIT]
    assert found[candidates[2]].split_names == found[candidates[3]].split_names == ()
    assert sorted(found[candidates[0]].split_names + found[candidates[1]].split_names) == sorted(
        split
    )


def test_split_molecules_decide_between_equal_junctions(world, reference, pinned):
    """A spanning pair that fits two donors goes to the one with split reads."""
    fused, cut = fused_text(world, "ETV6:5-NTRK3:15")
    etv6 = world.transcript("ETV6")
    exon5 = len(etv6.exons[4])
    left = fused[cut - exon5 - 150 : cut - exon5 - 50]  # within exon 4 and before
    right = fused[cut + 100 : cut + 175]
    spanning = Molecule(
        "spanning",
        (
            text_read(left, ReadNumber.FIRST),
            text_read(reverse_complement(right), ReadNumber.SECOND),
        ),
    )
    both = [candidate(world, "ETV6:4-NTRK3:15"), candidate(world, "ETV6:5-NTRK3:15")]
    for chosen in both:
        text = "ETV6:4-NTRK3:15" if chosen is both[0] else "ETV6:5-NTRK3:15"
        split = alone("split", fragment(world, text, 40, 40))
        found = count([spanning, split], both, reference, pinned)
        other = both[1 - both.index(chosen)]
        assert (found[chosen].split_names, found[chosen].spanning_names) == (
            ("split",),
            ("spanning",),
        )
        assert found[other] == NOTHING


def test_no_candidates_and_no_molecules(world, reference, pinned):
    one = candidate(world, "ETV6:5-NTRK3:15")
    assert count([], [one], reference, pinned) == {one: NOTHING}
    assert count([alone("r", "ACGT")], [], reference, pinned) == {}
    assert count([alone("r", ""), alone("s", "N" * 80)], [one], reference, pinned) == {one: NOTHING}


def test_isoform_that_only_reads_show_is_followed(world, reference, pinned):
    """A read that skips exon 7 of the partner is laid on the isoform that it shows itself."""
    known = candidate(world, "TPM3:8-NTRK1:10")
    junction, tpm3 = known.junction, world.transcript("TPM3")
    exon8 = tpm3.exons[7]
    donor = Piece(exon8.contig, exon8.start, exon8.end, tpm3.strand)
    skipping = piece_before(tpm3.contig, donor_edge(tpm3, 6), tpm3.strand, 40)
    acceptor = piece_from(
        junction.acceptor.contig, junction.acceptor.position, junction.acceptor.acceptor_strand, 40
    )
    text = "".join(bases_of(world, part) for part in (skipping, donor, acceptor))
    molecule = alone("r", text)
    (support,) = count([molecule], [known], reference, pinned).values()
    assert support == NOTHING
    blocks = ((donor.start, donor.end), (skipping.start, skipping.end))
    shown = Proposal(junction, "r", 60, blocks, ((acceptor.start, acceptor.end),))
    followed = replace(known, proposals=(shown,))
    (support,) = count([molecule], [followed], reference, pinned).values()
    assert (support.split_names, support.acceptor_anchor_bp) == (("r",), 40)
    assert support.donor_anchor_bp == 40 + len(exon8)
