"""What a user asks for: a pair of genes, or one junction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fusioncall.coords import Breakend, Strand, breakpoint_text, parse_breakpoint
from fusioncall.errors import InputError
from fusioncall.flanks import Cut, acceptor_flank, donor_flank
from fusioncall.genes import Gene
from fusioncall.model import Fusion
from fusioncall.nomenclature import junction_of
from fusioncall.reference import Reference

NEAR_BP = 10
"""A junction whose two sides lie as near as this is the one that was asked for."""
_REACH_BP = 40


@dataclass(frozen=True, slots=True)
class Edge:
    """A place where a transcript may leave its gene, or enter it.

    `kept` are the sequences that end (or begin) there, each with the bases that the unfused gene
    has beyond; `label` says which exon it is.
    """

    end: Breakend
    label: str
    flanks: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A 5' and a 3' side: genes with their annotated edges, or one breakend each."""

    text: str
    five_genes: tuple[Gene, ...]
    three_genes: tuple[Gene, ...]
    donors: tuple[Edge, ...]
    acceptors: tuple[Edge, ...]
    is_junction: bool

    def concerns(self, fusion: Fusion) -> bool:
        """Whether a candidate joins these sides in this direction."""
        if self._is_near(fusion):
            return True
        five, three = ({gene.id for gene in each} for each in (self.five_genes, self.three_genes))
        return fusion.five.gene_id in five and fusion.three.gene_id in three

    def is_asked(self, fusion: Fusion) -> bool:
        """Whether a candidate is what was asked for: the pair, or the very junction."""
        return self._is_near(fusion) if self.is_junction else self.concerns(fusion)

    def is_reversed_by(self, fusion: Fusion) -> bool:
        """Whether a candidate joins the two genes the other way round."""
        five, three = ({gene.id for gene in each} for each in (self.five_genes, self.three_genes))
        return fusion.five.gene_id in three and fusion.three.gene_id in five

    def _is_near(self, fusion: Fusion) -> bool:
        junction = junction_of(fusion)
        return self.is_junction and all(
            (one.contig, one.keeps) == (other.contig, other.keeps)
            and abs(one.position - other.position) <= NEAR_BP
            for one, other in (
                (junction.donor, self.donors[0].end),
                (junction.acceptor, self.acceptors[0].end),
            )
        )


def ask(five: str, three: str, reference: Reference) -> Question:
    """Read a question: two gene symbols, or two breakpoints as tables write them (1-based).

    Raises:
        InputError: a gene or contig is unknown, or neither side is a target gene.
    """
    if ":" in five and ":" in three:
        question = _junction(five, three, reference)
    elif ":" in five or ":" in three:
        what = f"{five} {three} is neither a pair of genes nor a junction"
        cure = "Give two symbols, or two breakpoints like chr12:11869969:+ chr15:87940753:-"
        raise InputError(what, cure=cure)
    else:
        question = _pair(five, three, reference)
    targets = {target.gene.id for target in reference.targets}
    if not targets & {gene.id for gene in (*question.five_genes, *question.three_genes)}:
        names = ", ".join(target.name for target in reference.targets)
        what = f"no side of {question.text} is a target gene ({names}) in sense"
        raise InputError(what, cure="Only fusions of these genes are looked for; ask for one")
    return question


def _pair(five: str, three: str, reference: Reference) -> Question:
    fives, threes = reference.genes_called(five), reference.genes_called(three)
    return Question(
        text=f"{fives[0].name}::{threes[0].name}",
        five_genes=fives,
        three_genes=threes,
        donors=tuple(donor_edges(fives, reference)),
        acceptors=tuple(acceptor_edges(threes, reference)),
        is_junction=False,
    )


def _junction(five: str, three: str, reference: Reference) -> Question:
    (donor, strand5), (acceptor, strand3) = (_place(each, reference) for each in (five, three))
    leaves, enters = (
        Breakend.donor(*donor, strand5),
        Breakend.acceptor(*acceptor, strand3),
    )
    return Question(
        text=f"{five}>{three}",
        five_genes=_sense_genes(donor, strand5, reference),
        three_genes=_sense_genes(acceptor, strand3, reference),
        donors=(_edge(leaves, "", reference, is_donor=True),),
        acceptors=(_edge(enters, "", reference, is_donor=False),),
        is_junction=True,
    )


def _place(text: str, reference: Reference) -> tuple[tuple[str, int], Strand]:
    cure = "Write it like chr12:11869969:+, 1-based, with a contig of the reference"
    try:
        contig, position, strand = parse_breakpoint(text)
    except ValueError as error:
        raise InputError(str(error), cure=cure) from error
    length = reference.contigs.get(contig)
    if length is None:
        raise InputError(f"the reference has no contig {contig}", where=text, cure=cure)
    if position >= length:
        raise InputError(f"{contig} has {length} bases only", where=text, cure=cure)
    return (contig, position), strand


def _sense_genes(place: tuple[str, int], strand: Strand, reference: Reference) -> tuple[Gene, ...]:
    contig, position = place
    genes = reference.genes_at(contig, position, position + 1)
    return tuple(gene for gene in genes if gene.strand is strand)


def donor_edges(genes: Iterable[Gene], reference: Reference) -> Iterable[Edge]:
    """The annotated ends of exons of some genes, in the order of transcription."""
    for gene in genes:
        for position in sorted(gene.donors, reverse=gene.strand is Strand.REVERSE):
            end = Breakend.donor(gene.contig, position, gene.strand)
            yield _edge(end, _label(gene, position, reference), reference, is_donor=True)


def acceptor_edges(genes: Iterable[Gene], reference: Reference) -> Iterable[Edge]:
    """The annotated starts of exons of some genes, in the order of transcription."""
    for gene in genes:
        for position in sorted(gene.acceptors, reverse=gene.strand is Strand.REVERSE):
            end = Breakend.acceptor(gene.contig, position, gene.strand)
            yield _edge(end, _label(gene, position, reference), reference, is_donor=False)


def _edge(end: Breakend, label: str, reference: Reference, *, is_donor: bool) -> Edge:
    strand = end.donor_strand if is_donor else end.acceptor_strand
    place = breakpoint_text(end.contig, end.position, strand)
    flank = (donor_flank if is_donor else acceptor_flank)(end, (), _REACH_BP, reference)
    flanks = tuple(
        (kept, tuple(sorted({_beyond(cut, is_donor=is_donor) for cut in flank.cuts})))
        for kept in flank.kept
    )
    return Edge(end, f"{label} ({place})" if label else place, flanks)


def _beyond(cut: Cut, *, is_donor: bool) -> str:
    text, place = cut
    return text[place:] if is_donor else text[:place]


def _label(gene: Gene, position: int, reference: Reference) -> str:
    """Gene and exon, by the target's reference transcript or the annotation's primary one."""
    own = {target.gene.id: target.reference_transcript for target in reference.targets}
    holding = [
        (each.id != own.get(gene.id), not each.is_primary, each.cds is None, each.id, index + 1)
        for each in gene.transcripts
        if (index := each.exon_index(position)) is not None
    ]
    *_, transcript, exon = min(holding)
    return f"{gene.name} exon {exon} of {transcript}"
