"""The transcripts that a junction can join, and what each of the two gives to the fused one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from fusioncall.coords import Strand
from fusioncall.fusions import site_of
from fusioncall.genes import Block, Gene, Transcript, offset_in, position_at
from fusioncall.model import Fusion, Partner, Site
from fusioncall.reference import Reference
from fusioncall.targets import Target

STOP_CODONS = frozenset({"TAA", "TAG", "TGA"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptEnd:
    """One side of a junction in one transcript.

    `position` is the 0-based last base kept (5' side) or first base kept (3' side). `exon` counts
    from 1 in the direction of transcription: the exon that holds the position, or for a position in
    an intron the exon before it (5' side) or after it (3' side). `offset_bp` is the distance from
    the last base of that exon (5' side) or from its first (3' side), positive downstream: 0 at the
    exon's edge. `kept` are the stretches that the fused transcript takes over, in genome order,
    with the piece of intron between the junction and the exon if there is one. `protein_aa` is the
    length of the transcript's own protein, 0 without one.
    """

    gene: str
    transcript: Transcript
    protein_aa: int
    site: Site
    position: int
    exon: int
    offset_bp: int
    kept: tuple[Block, ...]

    @property
    def kept_coding(self) -> tuple[Block, ...]:
        """The coding part of what is kept, in genome order."""
        return common(self.transcript.coding_blocks, self.kept)

    def kept_offset(self, position: int) -> int | None:
        """Kept bases 5' of a 0-based position; None where it is not kept."""
        return offset_in(self.kept, position, self.transcript.strand)


@dataclass(frozen=True, slots=True)
class TranscriptPair:
    """A transcript of each gene that the junction can join."""

    five: TranscriptEnd
    three: TranscriptEnd


def transcript_pairs(
    fusion: Fusion, reference: Reference, molecules: Mapping[tuple[str, str], int] | None = None
) -> tuple[TranscriptPair, ...]:
    """Every pair of annotated transcripts that the junction can join, the preferred one first.

    A transcript of the named gene is compatible if it holds the position in an exon; where none
    does, if it holds it in an intron. Pairs come in this order: exon edges before the inside of an
    exon; of a target, transcripts with the whole kinase domain; pairs of MANE Select (of a target,
    or the one that `targets.yaml` numbers); then those on which most molecules lie. Among equals
    the 5' transcripts come in the order of preference, and with each of them the 3' transcripts in
    theirs: the one that `targets.yaml` numbers; MANE Select; another primary transcript; coding
    ones; the id. A junction within one gene joins a transcript to itself wherever one is compatible
    with both sides.

    Args:
        fusion: a named junction.
        reference: its genome and genes.
        molecules: by the ids of both transcripts, where they were counted.

    Returns:
        The pairs; none when a side lies outside of genes or against its gene.
    """
    fives = transcript_ends(fusion.five, reference, is_donor=True)
    threes = transcript_ends(fusion.three, reference, is_donor=False)
    counts = molecules or {}
    targets = [target_of(side.gene_id, reference.targets) for side in (fusion.five, fusion.three)]

    def order(pair: TranscriptPair) -> tuple[object, ...]:
        ends = list(zip((pair.five, pair.three), targets, strict=True))
        return (
            *(_preference(end, target)[:2] for end, target in ends),
            not all(_is_settled(end.transcript, target) for end, target in ends),
            -counts.get((pair.five.transcript.id, pair.three.transcript.id), 0),
        )

    found = (TranscriptPair(five, three) for five in fives for three in threes)
    pairs = tuple(sorted(found, key=order))
    if fusion.five.gene_id == fusion.three.gene_id:
        own = tuple(each for each in pairs if each.five.transcript.id == each.three.transcript.id)
        return own or pairs
    return pairs


def transcript_ends(
    partner: Partner, reference: Reference, *, is_donor: bool
) -> tuple[TranscriptEnd, ...]:
    """The compatible transcripts on one side, in the order that `transcript_pairs` tells."""
    if not partner.is_sense:
        return ()
    genes = [
        gene
        for gene in reference.genes_at(partner.contig, partner.position, partner.position + 1)
        if gene.id == partner.gene_id and gene.strand is partner.strand
    ]
    target = target_of(partner.gene_id, reference.targets)
    ends = list(_ends(genes, partner.position, reference, is_donor=is_donor))
    exonic = [end for end in ends if end.site in {Site.SPLICE_SITE, Site.EXON}]
    return tuple(sorted(exonic or ends, key=lambda end: _preference(end, target)))


def target_of(gene_id: str, targets: Iterable[Target]) -> Target | None:
    """The target gene of this id, if it is one."""
    return next((target for target in targets if target.gene.id == gene_id), None)


def _ends(
    genes: Iterable[Gene], position: int, reference: Reference, *, is_donor: bool
) -> Iterator[TranscriptEnd]:
    for gene in genes:
        for transcript in gene.transcripts:
            site, exon = site_of(transcript, position, is_donor=is_donor)
            if site is Site.INTERGENIC:
                continue
            complete = with_stop_codon(transcript, reference)
            yield TranscriptEnd(
                gene=gene.name,
                transcript=complete,
                protein_aa=_protein_aa(complete, reference),
                site=site,
                position=position,
                exon=exon,
                offset_bp=exon_offset_bp(transcript, exon, position, is_donor=is_donor),
                kept=_kept(transcript, position, is_donor=is_donor),
            )


_SITE_ORDER = (Site.SPLICE_SITE, Site.EXON, Site.INTRON)


def _is_settled(transcript: Transcript, target: Target | None) -> bool:
    """Whether a transcript comes first whatever the reads show."""
    is_numbered = target is not None and target.reference_transcript == transcript.id
    return transcript.is_mane or is_numbered


def _preference(end: TranscriptEnd, target: Target | None) -> tuple[object, ...]:
    transcript = end.transcript
    return (
        _SITE_ORDER.index(end.site),
        not (target and target.keeps_domain(transcript)),
        not (target and target.reference_transcript == transcript.id),
        not transcript.is_mane,
        not transcript.is_primary,
        transcript.cds is None,
        transcript.id,
    )


def exon_offset_bp(transcript: Transcript, exon: int, position: int, *, is_donor: bool) -> int:
    """Bases from the edge of an exon to a side of a junction, positive downstream.

    Args:
        transcript: the transcript.
        exon: number of its exon, from 1.
        position: 0-based last base kept (5' side) or first base kept (3' side).
        is_donor: measure from the exon's last base, otherwise from its first.
    """
    start, end = transcript.exons_transcribed[exon - 1]
    is_forward = transcript.strand is Strand.FORWARD
    edge = end - 1 if is_forward is is_donor else start
    return position - edge if is_forward else edge - position


def _kept(transcript: Transcript, position: int, *, is_donor: bool) -> tuple[Block, ...]:
    """The exons on the kept side, the nearest one cut at the position or stretched to it."""
    keeps_left = (transcript.strand is Strand.FORWARD) is is_donor
    if keeps_left:
        exons = [(start, end) for start, end in transcript.exons if start <= position]
        return (*exons[:-1], (exons[-1][0], position + 1))
    exons = [(start, end) for start, end in transcript.exons if end > position]
    return ((position, exons[0][1]), *exons[1:])


def common(left: Iterable[Block], right: Iterable[Block]) -> tuple[Block, ...]:
    """What two lists of stretches of one contig share, in genome order.

    >>> common([(0, 10), (20, 30)], [(5, 25)])
    ((5, 10), (20, 25))
    """
    cuts = ((max(a[0], b[0]), min(a[1], b[1])) for a in left for b in right)
    return tuple(sorted((start, end) for start, end in cuts if start < end))


def with_stop_codon(transcript: Transcript, reference: Reference) -> Transcript:
    """The transcript with its stop codon as part of `cds`.

    Some annotations leave it out of the CDS rows and have no row for it either. It is added where
    the coding sequence does not end with one and the next three transcribed bases are one.
    """
    end = _coding_end(transcript)
    if end is None or _codon(transcript, end - 2, reference) in STOP_CODONS:
        return transcript
    if _codon(transcript, end + 1, reference) not in STOP_CODONS:
        return transcript
    added = position_at(transcript.exons, end + 3, transcript.strand)
    low, high = transcript.cds or (added, added)
    return replace(transcript, cds=(min(low, added), max(high, added + 1)))


def _protein_aa(transcript: Transcript, reference: Reference) -> int:
    """Whole codons without the stop codon, which a whole coding sequence has though N hides it."""
    codons = (transcript.coding_length_bp - transcript.cds_phase) // 3
    end = _coding_end(transcript)
    if end is None:
        return max(0, codons)
    last = _codon(transcript, end - 2, reference)
    return codons - (transcript.is_end_known or last in STOP_CODONS)


def _coding_end(transcript: Transcript) -> int | None:
    """Offset of the last coding base into the transcript; None unless it ends a codon."""
    length = transcript.coding_length_bp
    if length < 3 or (length - transcript.cds_phase) % 3:
        return None
    position = position_at(transcript.coding_blocks, length - 1, transcript.strand)
    return offset_in(transcript.exons, position, transcript.strand)


def _codon(transcript: Transcript, offset: int, reference: Reference) -> str:
    """Three transcribed bases from an offset into the transcript; fewer at its end."""
    total = sum(end - start for start, end in transcript.exons)
    places = [
        position_at(transcript.exons, each, transcript.strand)
        for each in range(max(0, offset), min(offset + 3, total))
    ]
    blocks = tuple((place, place + 1) for place in sorted(places))
    return reference.transcribed(transcript.contig, blocks, transcript.strand)
