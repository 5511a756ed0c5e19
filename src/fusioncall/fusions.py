"""Counted junctions -> fusions: which genes are joined, and what is left of the kinase domain?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product, takewhile
from operator import eq

from fusioncall.coords import Breakend, Strand, breakpoint_text
from fusioncall.flanks import Cut, acceptor_flank, donor_flank
from fusioncall.genes import Gene, Transcript
from fusioncall.model import Candidate, Fusion, FusionClass, Junction, Partner, Site, Support
from fusioncall.reference import Reference
from fusioncall.sequence import distinct_triplets, mismatches
from fusioncall.settings import FilterSettings
from fusioncall.targets import Target

INTERGENIC = "intergenic"
"""What stands for the symbol where no gene lies."""


def name_fusion(
    candidate: Candidate, support: Support, reference: Reference, settings: FilterSettings
) -> Fusion:
    """Name the genes of a junction and say what it means for the target gene.

    Args:
        candidate: a junction with a target gene in sense on at least one side.
        support: its molecules.
        reference: genes and targets.
        settings: how far a read-through transcript may reach.
    """
    donor, acceptor = candidate.junction.donor, candidate.junction.acceptor
    enters = _sense_target(acceptor, acceptor.acceptor_strand, reference)
    leaves = _sense_target(donor, donor.donor_strand, reference)
    target = enters or leaves
    if target is None:
        message = f"no target gene in sense at {candidate.junction}"
        raise ValueError(message)
    five = _partner(donor, donor.donor_strand, leaves, reference, is_donor=True)
    three = _partner(acceptor, acceptor.acceptor_strand, enters, reference, is_donor=False)
    return Fusion(
        five=five,
        three=three,
        target=target.name,
        fusion_class=_classify(five, three, enters, settings.max_read_through_bp),
        inserted=candidate.junction.inserted,
        homology_bp=candidate.homology_bp,
        shared_bp=max(candidate.homology_bp, _shared_bp(candidate.junction, reference)),
        mapq_phred=candidate.best_mapq_phred,
        distance_bp=collinear_distance_bp(five, three),
        triplets=_triplets(donor, acceptor, reference),
        rivals=tuple(_rival_text(junction, reference) for junction in support.rivals),
        support=support,
    )


def classified_anew(fusion: Fusion, reference: Reference, settings: FilterSettings) -> Fusion:
    """A named fusion with the class that it has by other settings."""
    five, three = fusion.five, fusion.three
    end = Breakend.acceptor(three.contig, three.position, three.strand)
    enters = _sense_target(end, three.strand, reference)
    found = _classify(five, three, enters, settings.max_read_through_bp)
    return replace(fusion, fusion_class=found)


def with_events(fusions: Sequence[Fusion]) -> tuple[Fusion, ...]:
    """Tell each fusion of the molecules of its whole event, and of its target's other partners.

    The splice forms of one rearrangement (ETV6 exon 4 or 5 to NTRK3 exon 14 or 15) join the same
    two genes in the same direction at annotated exon edges. A molecule counts for one junction, so
    the molecules of an event are their sum. A junction off the exon edges stands for itself; many
    of them between the same two genes are changes of template.
    """
    events: Counter[_Event] = Counter()
    partners: dict[tuple[str, FusionClass], Counter[str]] = defaultdict(Counter)
    scattered: Counter[_Genes] = Counter()
    for fusion in fusions:
        scattered[_genes(fusion)] += _is_scattered(fusion)
        events[_event(fusion)] += fusion.support.total
        partners[fusion.target, fusion.fusion_class][fusion.five.gene_id] += fusion.support.total
    told = []
    for fusion in fusions:
        counts = partners[fusion.target, fusion.fusion_class]
        strongest = max(counts.values())
        told.append(
            replace(
                fusion,
                sibling_molecules=events[_event(fusion)] - fusion.support.total,
                scattered_junctions=scattered[_genes(fusion)] - _is_scattered(fusion),
                partners=sum(count > 0 for count in counts.values()),
                partner_share=counts[fusion.five.gene_id] / strongest if strongest else 0.0,
            )
        )
    return tuple(told)


_Event = tuple[object, ...]
_Genes = tuple[str, str]


def is_spliced(fusion: Fusion) -> bool:
    """Whether both sides are annotated exon edges, joined without inserted bases."""
    sites = {fusion.five.site, fusion.three.site}
    return sites == {Site.SPLICE_SITE} and not fusion.inserted


def _genes(fusion: Fusion) -> _Genes:
    return fusion.five.gene_id, fusion.three.gene_id


def _is_scattered(fusion: Fusion) -> bool:
    return fusion.support.total > 0 and not is_spliced(fusion)


def _event(fusion: Fusion) -> _Event:
    genes = (*_genes(fusion), fusion.fusion_class)
    if is_spliced(fusion):
        return genes
    return (*genes, fusion.five.position, fusion.three.position, fusion.inserted)


_ANCHOR_BP = 20
_SHARED_BP = 30


def _triplets(donor: Breakend, acceptor: Breakend, reference: Reference) -> int:
    """Different 3-mers of the 20 fused bases on each side of the junction: the fewer of the two."""
    before = donor_flank(donor, (), _ANCHOR_BP, reference).kept
    after = acceptor_flank(acceptor, (), _ANCHOR_BP, reference).kept
    return min(max(map(distinct_triplets, side)) for side in (before, after))


def _shared_bp(junction: Junction, reference: Reference) -> int:
    """By how many bases a polymerase that leaves one transcript there finds the other alike.

    Inserted bases count as those of a side when all but one are: an error in shared bases looks
    like an insertion.
    """
    leaving = donor_flank(junction.donor, (), _SHARED_BP, reference).cuts
    entering = acceptor_flank(junction.acceptor, (), _SHARED_BP, reference).cuts
    return max(
        (
            _alike_bp(one, other, junction.inserted, given)
            for one, other in product(leaving, entering)
            for given in range(len(junction.inserted) + 1)
        ),
        default=0,
    )


def _alike_bp(leaving: Cut, entering: Cut, inserted: str, given: int) -> int:
    """Bases around two cuts that are alike, if the donor's side has the first inserted ones."""
    (one, leave), (other, enter) = leaving, entering
    start = enter - (len(inserted) - given)
    if mismatches(inserted, one[leave : leave + given] + other[start:enter]) > 1:
        return 0
    return _same_bp(one[leave + given :], other[start:]) + _same_bp(
        one[: leave + given][::-1], other[:start][::-1]
    )


def _same_bp(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(bool, map(eq, one, other)))


def _rival_text(junction: Junction, reference: Reference) -> str:
    """A junction that fits as well: both genes and the donor's place."""
    donor = junction.donor
    five = _partner(donor, donor.donor_strand, None, reference, is_donor=True)
    place = breakpoint_text(donor.contig, donor.position, donor.donor_strand)
    return f"{five.gene}({place})"


def collinear_distance_bp(five: Partner, three: Partner) -> int | None:
    """Bases between the two sides if transcription could run from one to the other, else None.

    A short distance means that a read-through transcript or a small deletion explains the junction
    as well as a rearrangement does.
    """
    if five.contig != three.contig or five.strand is not three.strand:
        return None
    step = 1 if five.strand is Strand.FORWARD else -1
    distance = step * (three.position - five.position) - 1
    return distance if distance >= 0 else None


def _sense_target(end: Breakend, strand: Strand, reference: Reference) -> Target | None:
    target = reference.target_at(end.contig, end.position)
    return target if target and target.gene.strand is strand else None


def _classify(
    five: Partner, three: Partner, enters: Target | None, max_read_through_bp: int
) -> FusionClass:
    if five.gene_id == three.gene_id:
        return FusionClass.SAME_GENE
    if enters is None:
        return FusionClass.RECIPROCAL
    kinase = _kinase(enters, three.position)
    if kinase is not FusionClass.KINASE_FUSION:
        return kinase
    if five.site is Site.INTERGENIC:
        return FusionClass.INTERGENIC_PARTNER
    distance = collinear_distance_bp(five, three)
    if (
        distance is not None
        and distance <= max_read_through_bp
        and _is_first_acceptor(enters, three)
    ):
        return FusionClass.READ_THROUGH
    return FusionClass.KINASE_FUSION if five.is_sense else FusionClass.ANTISENSE_PARTNER


def _is_first_acceptor(target: Target, three: Partner) -> bool:
    """Whether the whole target gene but its first exon follows, as it does in a read-through.

    A rearrangement that activates the kinase loses the receptor's own 5' exons.
    """
    seconds = {
        each.exons_transcribed[1]
        for each in target.gene.transcripts
        if len(each.exons) > 1 and target.keeps_domain(each)
    }
    forward = target.gene.strand is Strand.FORWARD
    return three.position in {start if forward else end - 1 for start, end in seconds}


def _kinase(target: Target, position: int) -> FusionClass:
    """What is left of the domain in transcripts that begin at the 0-based acceptor position.

    The transcripts that have an exon beginning there decide; if none has, those with the position
    in an exon; if none has that either (an intron), the position alone.
    """
    coding = [each for each in target.gene.transcripts if each.cds]
    fitting = [each for each in coding if each.is_acceptor(position)]
    fitting = fitting or [each for each in coding if each.exon_index(position) is not None]
    if fitting and not any(target.keeps_domain(each) for each in fitting):
        return FusionClass.TRUNCATED_ISOFORM
    if target.is_before_domain(position):
        return FusionClass.KINASE_FUSION
    if target.is_within_domain(position):
        return FusionClass.PARTIAL_KINASE
    return FusionClass.NO_KINASE


def _partner(
    end: Breakend,
    strand: Strand,
    target: Target | None,
    reference: Reference,
    *,
    is_donor: bool,
) -> Partner:
    """The gene at a breakend: the target if it is one, else the one that explains it best."""
    genes = (
        [target.gene] if target else reference.genes_at(end.contig, end.position, end.position + 1)
    )
    sense = [gene for gene in genes if gene.strand is strand]
    best = min(
        _places(sense or genes, end.position, target, is_donor=is_donor),
        default=None,
        key=lambda each: each[0],
    )
    if best is None:
        return Partner(
            gene=INTERGENIC,
            gene_id=INTERGENIC,
            biotype="",
            transcript="",
            exon=0,
            site=Site.INTERGENIC,
            is_sense=False,
            contig=end.contig,
            position=end.position,
            strand=strand,
        )
    _, gene, transcript, site, exon = best
    return Partner(
        gene=gene.name,
        gene_id=gene.id,
        biotype=gene.biotype,
        transcript=transcript.id,
        exon=exon,
        site=site,
        is_sense=gene.strand is strand,
        contig=end.contig,
        position=end.position,
        strand=strand,
    )


_SITE_ORDER = (Site.SPLICE_SITE, Site.EXON, Site.INTRON, Site.INTERGENIC)
_Place = tuple[tuple[object, ...], Gene, Transcript, Site, int]


def _places(
    genes: Iterable[Gene], position: int, target: Target | None, *, is_donor: bool
) -> Iterator[_Place]:
    """Each transcript at a position, with a key that puts the best explanation first.

    In this order: the kind of site; of a target, transcripts with the whole kinase domain and the
    reference transcript first; coding genes, the annotation's primary transcripts (MANE Select),
    coding transcripts, the shorter gene (a read-through locus spans its neighbours), and the ids.
    """
    for gene in genes:
        for transcript in gene.transcripts:
            site, exon = site_of(transcript, position, is_donor=is_donor)
            key = (
                _SITE_ORDER.index(site),
                not (target and target.keeps_domain(transcript)),
                not (target and target.reference_transcript == transcript.id),
                not gene.is_coding,
                not transcript.is_primary,
                transcript.cds is None,
                gene.end - gene.start,
                gene.id,
                transcript.id,
            )
            yield key, gene, transcript, site, exon


def site_of(transcript: Transcript, position: int, *, is_donor: bool) -> tuple[Site, int]:
    """Where in a transcript a breakend lies, and the number of its exon (0: outside)."""
    index = transcript.exon_index(position)
    if index is not None:
        at_edge = transcript.is_donor if is_donor else transcript.is_acceptor
        return (Site.SPLICE_SITE if at_edge(position) else Site.EXON), index + 1
    if not transcript.start <= position < transcript.end:
        return Site.INTERGENIC, 0
    forward = transcript.strand is Strand.FORWARD
    before = sum(
        (end <= position) if forward else (start > position) for start, end in transcript.exons
    )
    return Site.INTRON, before if is_donor else before + 1
