"""The four words, each with its exact reason."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from builders import candidate, census, fusion_of, sample_calls, support
from fusioncall.annotate import annotate
from fusioncall.catalogue import Catalogue
from fusioncall.filters import judge
from fusioncall.fusions import with_events
from fusioncall.meaning import interpret
from fusioncall.model import AcceptorDepth, PanelHit
from fusioncall.protein import Frame
from fusioncall.retained import Kept
from fusioncall.settings import Assay
from fusioncall.status import Status, answers, frame_loss

LIMIT = (
    "a fusion of 23.8 molecules per million fragments would have been called with a probability"
    " of 0.95 (depth over the acceptors was not counted; insert size not known, so that only split"
    " molecules are reckoned with)"
)


@pytest.fixture
def call(world, reference, pinned):
    """A judged fusion of a specification, with so many split and spanning molecules."""

    def make(text, split=5, spanning=3, **changes):
        counted = support(split, spanning)
        fusion = fusion_of(candidate(world, text), counted, reference, pinned.filters)
        return judge(replace(with_events([fusion])[0], **changes), pinned)

    return make


@pytest.fixture
def ask(reference, pinned):
    """The whole answer for a gene of a sample with some calls."""

    def answer(
        calls,
        gene="NTRK3",
        *,
        share=1.0,
        assay=Assay.WHOLE_TRANSCRIPTOME,
        settings=pinned,
        made=None,
        **counts,
    ):
        made = sample_calls(calls, census(**counts), **(made or {}))
        annotated = annotate(calls, Catalogue(()), reference)
        (found,) = answers(made, annotated, {gene: share}, assay, settings)
        return found

    return answer


def words(found):
    return found.status.value, found.reason


def test_passing_call_is_detected(call, ask):
    calls = [call("ETV6:5-NTRK3:15"), call("TPM3:8-NTRK1:10"), call("ETV6:5-NTRK3:16")]
    found = ask(calls, NTRK3=44, NTRK1=5)
    assert words(found) == (
        "DETECTED",
        "ETV6::NTRK3, 5 split and 3 spanning molecules, high confidence",
    )
    assert (found.calls, found.candidates, found.target_reads) == (1, 2, 44)
    assert found.fragments == 200_000


def test_all_passing_calls_are_told(call, ask):
    calls = [call("ETV6:5-NTRK3:15"), call("ETV6:4-NTRK3:14", 1, 1)]
    assert words(ask(calls)) == (
        "DETECTED",
        (
            "ETV6::NTRK3, 5 split and 3 spanning molecules, high confidence; "
            "ETV6::NTRK3, 1 split and 1 spanning molecules, medium confidence"
        ),
    )


def test_call_is_detected_however_small_the_sample(call, ask):
    found = ask([call("ETV6:5-NTRK3:15")], share=0.1, fragments=9)
    assert found.status is Status.DETECTED
    assert [each.name for each in found.adequacy.failing] == ["known_share", "fragments"]


def test_one_molecule_of_a_spliced_kinase_fusion_is_indeterminate(call, ask):
    assert words(ask([call("ETV6:5-NTRK3:15", 1, 0)])) == (
        "INDETERMINATE",
        "ETV6::NTRK3, one molecule only: molecules 1 (limit >=2)",
    )


def rejected(found):
    return found.status is Status.NOT_DETECTED and found.reason.startswith(
        "no candidate of weight (1 rejected) in 200000 fragments; "
    )


@pytest.mark.parametrize(
    ("text", "counts", "expected"),
    [
        ("LMNA:11-150-NTRK1:11", (1, 1), "LMNA::NTRK1, molecules 2 (limit >=3)"),
        ("LMNA:11-150-NTRK1:11", (1, 0), None),
        (
            "TPM3:8-NTRK1:14",
            (2, 0),
            "TPM3::NTRK1, kinase domain cut: class partial-kinase (limit =kinase-fusion)",
        ),
        ("TPM3:8-NTRK1:14", (1, 0), None),
        (
            "NTRK1:8-LMNA:12",
            (4, 4),
            "NTRK1::LMNA, reciprocal only: class reciprocal (limit =kinase-fusion)",
        ),
        ("NTRK1:12-NTRK1:10", (50, 50), None),
        ("TPM3:8-NTRK1:10", (0, 0), None),
    ],
)
def test_doubtful_and_rejected_candidates(call, ask, text, counts, expected):
    found = ask([call(text, *counts)], gene="NTRK1")
    if expected is None:
        assert rejected(found)
    else:
        assert words(found) == ("INDETERMINATE", expected)


def test_spanning_pairs_alone_are_indeterminate(call, ask):
    assert words(ask([call("ETV6:5-NTRK3:15", 0, 3)])) == (
        "INDETERMINATE",
        "ETV6::NTRK3, spanning pairs only: split 0 (limit >=1)",
    )


def test_all_failed_filters_are_told(call, ask):
    one = call("ETV6:5-NTRK3:16", 0, 2, mapq_phred=0)
    assert words(ask([one])) == (
        "INDETERMINATE",
        (
            "ETV6::NTRK3, kinase domain cut: class partial-kinase (limit =kinase-fusion), "
            "split 0 (limit >=1), mapq_phred 0 (limit >=1)"
        ),
    )


def test_doubt_of_one_gene_says_nothing_of_another(call, ask):
    assert words(ask([call("ETV6:5-NTRK3:15", 1, 0)], gene="NTRK1")) == (
        "NOT_DETECTED",
        f"no molecule joins a partner to NTRK1 among 200000 fragments; {LIMIT}",
    )


def test_nothing_found_in_a_large_sample_is_not_detected(ask):
    found = ask([], fragments=100_000)
    assert found.status is Status.NOT_DETECTED
    told = "no molecule joins a partner to NTRK3 among 100000 fragments; a fusion of 47.6 "
    assert found.reason.startswith(told)


def test_nothing_found_in_a_small_sample_is_not_assessable(ask):
    assert words(ask([], fragments=99_999)) == (
        "NOT_ASSESSABLE",
        "99999 fragments, at least 100000 needed",
    )


def test_rejected_candidate_in_a_small_sample_is_not_assessable(call, ask):
    assert words(ask([call("NTRK3:4-NTRK3:15")], fragments=10)) == (
        "NOT_ASSESSABLE",
        "10 fragments, at least 100000 needed",
    )


# the reading frame

OUT_OF_FRAME = "ETV6:5-NTRK3:13"


def test_call_out_of_frame_in_every_pair_is_indeterminate(call, ask):
    one = call(OUT_OF_FRAME)
    assert one.passed
    found = ask([one])
    assert found.status is Status.INDETERMINATE
    assert found.reason.startswith("ETV6::NTRK3, frame lost: out-of-frame in each of ")
    assert found.calls == 1


def test_one_call_in_frame_is_enough(call, ask):
    found = ask([call(OUT_OF_FRAME), call("ETV6:5-NTRK3:15")])
    assert found.status is Status.DETECTED
    told = (
        "ETV6::NTRK3, 5 split and 3 spanning molecules, high confidence; "
        "ETV6::NTRK3, frame lost: out-of-frame in each of "
    )
    assert found.reason.startswith(told)


def test_call_without_a_start_codon_of_the_partner_stays(call, ask):
    assert ask([call("GAPDH:1-NTRK3:15")]).status is Status.DETECTED


@pytest.fixture
def in_frame(call, reference):
    """What a junction of exon edges means, in all its transcript pairs."""
    return interpret(call("ETV6:5-NTRK3:15").fusion, reference)


def with_pairs(meaning, *pairs):
    """Its first pair with these frames, and with 5' transcripts that code or not."""
    first = meaning.pairs[0]
    five = first.pair.five
    made = []
    for frame, codes in pairs:
        transcript = five.transcript if codes else replace(five.transcript, cds=None)
        pair = replace(first.pair, five=replace(five, transcript=transcript))
        made.append(replace(first, pair=pair, protein=replace(first.protein, frame=frame)))
    return replace(meaning, pairs=tuple(made))


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([(Frame.OUT_OF_FRAME, True)], "out-of-frame in each of 1 coding transcript pairs"),
        (
            [(Frame.OUT_OF_FRAME, True), (Frame.STOP_BEFORE_KINASE, True)],
            "out-of-frame, stop-before-kinase in each of 2 coding transcript pairs",
        ),
        (
            [(Frame.OUT_OF_FRAME, True), (Frame.NO_PARTNER_CDS, False)],
            "out-of-frame in each of 1 coding transcript pairs",
        ),
        ([(Frame.OUT_OF_FRAME, True), (Frame.NO_PARTNER_CDS, True)], ""),
        ([(Frame.OUT_OF_FRAME, True), (Frame.IN_FRAME, True)], ""),
        ([(Frame.OUT_OF_FRAME, True), (Frame.UNKNOWN, True)], ""),
        ([(Frame.NO_PARTNER_CDS, False)], ""),
        ([], ""),
    ],
)
def test_frame_is_lost_only_in_all_coding_pairs(in_frame, pairs, told):
    expected = f"frame lost: {told}" if told else ""
    assert frame_loss(with_pairs(in_frame, *pairs)) == expected


def test_pairs_without_the_whole_domain_have_no_say(in_frame):
    lost = with_pairs(in_frame, (Frame.OUT_OF_FRAME, True), (Frame.IN_FRAME, True))
    cut = replace(lost.pairs[1], domain=replace(lost.pairs[1].domain, kept=Kept.ABSENT))
    told = frame_loss(replace(lost, pairs=(lost.pairs[0], cut)))
    assert told == "frame lost: out-of-frame in each of 1 coding transcript pairs"


# the panel of normals


def normal(samples, size, *, known=False, stronger=False):
    return PanelHit(samples=samples, size=size, is_known_pair=known, is_stronger=stronger)


@pytest.mark.parametrize(
    ("hit", "status"),
    [
        (normal(0, 50), Status.DETECTED),
        (normal(2, 50), Status.DETECTED),
        (normal(3, 50), Status.NOT_DETECTED),
        (normal(3, 50, stronger=True), Status.INDETERMINATE),
        (normal(50, 50, known=True), Status.DETECTED),
    ],
)
def test_panel_of_normals(call, ask, hit, status):
    assert ask([call("ETV6:5-NTRK3:15", normals=hit)]).status is status


# the assay


def test_assay_without_limits_assesses_nothing(ask):
    found = ask([], assay=Assay.AMPLICON)
    assert words(found) == (
        "NOT_ASSESSABLE",
        (
            "no limit of adequacy is set for amplicon: the laboratory's own to set;"
            " partner-dependent assay: only partners that its primers allow can be seen"
        ),
    )


def test_amplicon_assay_with_limits_speaks_of_its_partners_alone(ask, pinned):
    given = msgspec.structs.replace
    limits = given(pinned.assay.amplicon, min_target_reads=1000)
    settings = given(pinned, assay=given(pinned.assay, amplicon=limits))
    assert words(ask([], assay=Assay.AMPLICON, settings=settings, NTRK3=1000)) == (
        "NOT_DETECTED",
        (
            "no molecule joins a partner to NTRK3 among 200000 fragments; detection limit not known"
            " (the molecules of an amplicon are not drawn by chance; depth over the acceptors was"
            " not counted; insert size not known, so that only split molecules are reckoned with);"
            " partner-dependent assay: only partners that its primers allow can be seen"
        ),
    )


def test_call_of_an_assay_without_limits_is_detected(call, ask):
    found = ask([call("ETV6:5-NTRK3:15")], assay=Assay.AMPLICON)
    assert found.status is Status.DETECTED


# the detection limit


def test_negative_states_its_limits(ask):
    depths = tuple(
        AcceptorDepth(gene=gene, exon=exon, contig="chr15", position=1, unfused_molecules=count)
        for gene, exon, count in (("NTRK3", 14, 90), ("NTRK3", 15, 60), ("NTRK1", 10, 1))
    )
    found = ask([], made={"acceptors": depths, "insert_sizes": {250: 30}})
    assert found.limit.largest is not None
    assert found.limit.largest.exon == 15
    assert [each.unfused_molecules for each in found.limit.acceptors] == [90, 60]
    assert " of the transcripts at exon 15 or of " in found.reason
    assert "(" not in found.reason


def test_gene_that_is_not_expressed_has_a_limit_in_molecules_only(ask):
    depths = (
        AcceptorDepth(gene="NTRK3", exon=15, contig="chr15", position=1, unfused_molecules=0),
    )
    found = ask([], made={"acceptors": depths, "insert_sizes": {250: 30}})
    assert found.limit.largest is None
    assert found.limit.ffpm is not None
    assert found.reason.endswith(
        "(the gene is not expressed without a fusion, so no fused share is known)"
    )
