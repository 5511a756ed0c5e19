"""Which reads come near a junction, whatever was called: each read by its sequence alone.

A read is searched for the last bases of every donor that is asked for with the first bases of every
acceptor behind them. It shows a junction if both sides fit, each better than the unfused gene does
on the other side; four bases on a side are enough to be told, not to be counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fusioncall.adapters import without_adapters
from fusioncall.genes import Gene
from fusioncall.model import Candidate, Junction, Molecule, Read
from fusioncall.placing import place, templates_of
from fusioncall.question import Edge, Question
from fusioncall.reference import Reference
from fusioncall.sequence import mismatches, reverse_complement, words
from fusioncall.settings import RecountSettings, Settings

MIN_SIDE_BP = 4
"""Bases on the shorter side that are told; fewer say nothing among all reads."""
_SEED_BP = 8
_LOOK_BP = 24
_BASES_PER_MISMATCH = 8
_GENE_WORD_BP = 20


@dataclass(frozen=True, slots=True)
class Near:
    """A read that shows a junction of annotated edges.

    `text` is the read as transcribed, with the junction before base `cut`; `mismatches` are those
    of the 24 bases on each side. `why_not` says what keeps it from counting; empty if nothing that
    its sequence shows does.
    """

    molecule: str
    text: str
    cut: int
    donor: Edge
    acceptor: Edge
    mismatches: int
    why_not: str

    @property
    def sides_bp(self) -> tuple[int, int]:
        """Bases on the 5' and on the 3' side."""
        return self.cut, len(self.text) - self.cut

    @property
    def marked(self) -> str:
        """The read with a bar at the junction."""
        return f"{self.text[: self.cut]}|{self.text[self.cut :]}"


@dataclass(frozen=True, slots=True)
class Look:
    """What the reads show of a pair.

    `near` holds the best read of each molecule, longest shorter side first. `both` are molecules
    without such a read that hold exon sequence of both genes. `molecules` is how many were looked
    at.
    """

    molecules: int
    near: tuple[Near, ...]
    both: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Fit:
    text: str
    cut: int
    donor: Edge
    acceptor: Edge
    mismatches: int

    @property
    def rank(self) -> tuple[object, ...]:
        """Less is better."""
        shorter = min(self.cut, len(self.text) - self.cut)
        ends = (self.donor.end, self.acceptor.end)
        return (-shorter, self.mismatches, [(each.contig, each.position) for each in ends])


def look_for(
    question: Question, molecules: Sequence[Molecule], reference: Reference, settings: Settings
) -> Look:
    """Search molecules for the junctions of a question.

    Args:
        question: edges of both sides.
        molecules: as sequenced; alignments play no part.
        reference: genome and genes.
        settings: when a molecule counts, and what adapter is.
    """
    seeds = _Seeds(question)
    trimmed = {each.name: each for each in without_adapters(molecules, settings.trim)}
    near, others = [], []
    for molecule in molecules:
        fit = min(_fits(molecule.reads, seeds), key=lambda each: each.rank, default=None)
        if fit is None:
            others.append(molecule)
            continue
        kept = min(
            _fits(trimmed[molecule.name].reads, seeds), key=lambda each: each.rank, default=None
        )
        why_not = _why_not(trimmed[molecule.name], kept, reference, settings.recount)
        shown = fit if kept is None else kept
        near.append(
            Near(
                molecule.name,
                shown.text,
                shown.cut,
                shown.donor,
                shown.acceptor,
                shown.mismatches,
                why_not,
            )
        )
    near.sort(key=lambda each: (-min(each.sides_bp), each.mismatches, each.molecule))
    return Look(len(molecules), tuple(near), tuple(_of_both(others, question, reference)))


class _Seeds:
    """The last bases of the donors and the first of the acceptors, with the edges they are of."""

    def __init__(self, question: Question) -> None:
        self.donors, self.acceptors = question.donors, question.acceptors
        self.tails: dict[str, list[Edge]] = defaultdict(list)
        self.heads: dict[str, list[Edge]] = defaultdict(list)
        for edge in self.donors:
            for word in {kept[-_SEED_BP:] for kept, _ in edge.flanks}:
                self.tails[word].append(edge)
        for edge in self.acceptors:
            for word in {kept[:_SEED_BP] for kept, _ in edge.flanks}:
                self.heads[word].append(edge)

    def pairs(self, text: str) -> Iterator[tuple[int, Edge, Edge]]:
        """The cuts of a read with an exact seed on one side at least, and the edges to try."""
        for cut in range(MIN_SIDE_BP, len(text) - MIN_SIDE_BP + 1):
            donors = self.tails.get(text[max(0, cut - _SEED_BP) : cut], ())
            acceptors = self.heads.get(text[cut : cut + _SEED_BP], ())
            for donor in donors:
                for acceptor in self.acceptors:
                    yield cut, donor, acceptor
            for acceptor in acceptors:
                for donor in self.donors:
                    if donor not in donors:
                        yield cut, donor, acceptor


def _fits(reads: Iterable[Read], seeds: _Seeds) -> Iterator[_Fit]:
    for read in reads:
        for text in (read.sequence, reverse_complement(read.sequence)):
            for cut, donor, acceptor in seeds.pairs(text):
                edits = _edits(text, cut, donor, acceptor)
                if edits is not None:
                    yield _Fit(text, cut, donor, acceptor, edits)


def _edits(text: str, cut: int, donor: Edge, acceptor: Edge) -> int | None:
    """Mismatches of both sides if a read fits them, and neither unfused gene as well; else None."""
    before = text[max(0, cut - _LOOK_BP) : cut][::-1]
    after = text[cut : cut + _LOOK_BP]
    tails = [kept[::-1] for kept, _ in donor.flanks]
    heads = [kept for kept, _ in acceptor.flanks]
    left, right = _fewest(before, tails), _fewest(after, heads)
    allowed = (len(each) // _BASES_PER_MISMATCH for each in (before, after))
    if any(found > limit for found, limit in zip((left, right), allowed, strict=True)):
        return None
    beyond3 = [lost[::-1] for _, every in acceptor.flanks for lost in every]
    beyond5 = [lost for _, every in donor.flanks for lost in every]
    if _fewest(before, beyond3) <= left or _fewest(after, beyond5) <= right:
        return None
    return left + right


def _fewest(text: str, others: Iterable[str]) -> int:
    """Mismatches against the most similar of some sequences that are long enough."""
    return min(
        (mismatches(text, other) for other in others if len(other) >= len(text)),
        default=len(text),
    )


def _why_not(
    molecule: Molecule, fit: _Fit | None, reference: Reference, settings: RecountSettings
) -> str:
    """What keeps a molecule from counting as a split one, as far as its sequence tells."""
    if fit is None:
        return "the junction lies in what was cut off as adapter"
    shorter = min(fit.cut, len(fit.text) - fit.cut)
    if shorter < settings.min_anchor_bp:
        return f"{shorter} bases on a side (recount.min_anchor_bp {settings.min_anchor_bp})"
    candidate = Candidate(Junction(fit.donor.end, fit.acceptor.end), 0, 0, ())
    templates = templates_of(candidate, reference, settings)
    elsewhere = [len(read.sequence) for read in molecule.reads]
    if place(molecule, elsewhere, templates, settings) is None:
        return "too many differences from the annotated sequence (group recount of the settings)"
    return ""


def _of_both(
    molecules: Iterable[Molecule], question: Question, reference: Reference
) -> Iterator[str]:
    """Names of molecules that hold exon sequence of the genes of both sides, on any strand."""
    five, three = (
        _gene_words(each, reference) for each in (question.five_genes, question.three_genes)
    )
    shared = five & three
    five, three = five - shared, three - shared
    for molecule in molecules:
        found = {word for read in molecule.reads for word in words(read.sequence, _GENE_WORD_BP)}
        if not (found.isdisjoint(five) or found.isdisjoint(three)):
            yield molecule.name


def _gene_words(genes: Iterable[Gene], reference: Reference) -> set[str]:
    found: set[str] = set()
    for gene in genes:
        for exons in {transcript.exons for transcript in gene.transcripts}:
            text = reference.transcribed(gene.contig, exons, gene.strand)
            found.update(words(text, _GENE_WORD_BP))
            found.update(words(reverse_complement(text), _GENE_WORD_BP))
    return found


def by_junction(near: Iterable[Near]) -> Mapping[tuple[str, str], list[Near]]:
    """The reads of each junction, by the labels of its edges."""
    groups: dict[tuple[str, str], list[Near]] = defaultdict(list)
    for each in near:
        groups[each.donor.label, each.acceptor.label].append(each)
    return groups
