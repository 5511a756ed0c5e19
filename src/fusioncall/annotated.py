"""Discovery route 1: reads that run from the end of an annotated exon into a target's acceptor.

No alignment is needed: the acceptor's first bases are found in the read, the bases before them are
foreign to the gene, and the donor index tells which annotated exons end like that. It needs fewer
bases than an aligner does to split a read. A short anchor can fit several donors: all are
proposed, with a mapping quality of 0, and the recount and the filters decide.

Where the rest of the molecule lies in another gene, that gene's donors alone are asked, and fewer
bases on either side are enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product

from fusioncall.coords import Breakend
from fusioncall.donors import DEPTH_BP
from fusioncall.flanks import acceptor_flank, donor_flank
from fusioncall.genes import Gene
from fusioncall.model import Junction, Molecule, Proposal
from fusioncall.reference import Reference
from fusioncall.seeds import holding
from fusioncall.sequence import mismatches, places_in, reverse_complement
from fusioncall.settings import DiscoverySettings

_SEED_BP = 10
_SEED_STARTS = (0, _SEED_BP, 2 * _SEED_BP)
_LOOK_BP = 3 * _SEED_BP
_FOREIGN_BP = 12
_NEAR_BP = 8
_NEAR_MAPQ_PHRED = 30  # eight bases fit one of a gene's hundred donors by chance in 0.2 %


@dataclass(frozen=True, slots=True)
class _Acceptor:
    """An acceptor of a target: its first bases, and what comes before it without a fusion."""

    end: Breakend
    target: str
    kept: str
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Donor:
    """A donor of a gene: its last bases, and what comes after it without a fusion."""

    end: Breakend
    kept: str
    after: tuple[str, ...]


def propose_annotated(
    molecules: Sequence[Molecule], reference: Reference, settings: DiscoverySettings
) -> tuple[Proposal, ...]:
    """Find the annotated junctions that single reads show.

    Args:
        molecules: that may support a fusion.
        reference: donors, targets and genome.
        settings: how many bases are needed on each side.

    Returns:
        At most one proposal per molecule and junction, in the order of the molecules.
    """
    acceptors = tuple(_acceptors(reference))
    seeds = _seeds(acceptors)
    either = _of_both_strands(seeds)
    held = {molecule.name: found for molecule, found in holding(molecules, either)}
    nearby = _Nearby(acceptors, reference)
    proposals: list[Proposal] = []
    for molecule in molecules:
        found: dict[Junction, int] = {}
        donors, inside = nearby.donors(molecule), nearby.acceptors(molecule)
        own = _of_both_strands(held.get(molecule.name, ()))
        if not own and not (donors and inside):
            continue
        own_seeds = {word: seeds[word] for word in own if word in seeds}
        for read in molecule.reads:
            for text in (read.sequence, reverse_complement(read.sequence)):
                crossings = _crossings(text, own_seeds, settings)
                known = chain(
                    _by_index(text, crossings, reference, settings),
                    _by_near_donor(text, crossings, donors),
                    _by_near_acceptor(text, donors, inside, settings),
                )
                for junction, mapq in known:
                    found[junction] = max(mapq, found.get(junction, 0))
        proposals.extend(
            Proposal.without_alignment(junction, molecule.name, found[junction])
            for junction in sorted(found, key=lambda each: each.sort_key)
        )
    return tuple(proposals)


def _of_both_strands(texts: Iterable[str]) -> set[str]:
    return {each for text in texts for each in (text, reverse_complement(text))}


class _Nearby:
    """The donors and acceptors where the pieces of a molecule are aligned."""

    def __init__(self, acceptors: Sequence[_Acceptor], reference: Reference) -> None:
        self._acceptors = acceptors
        self._reference = reference
        self._targets = frozenset(target.gene.id for target in reference.targets)
        self._donors: dict[str, tuple[_Donor, ...]] = {}

    def donors(self, molecule: Molecule) -> tuple[_Donor, ...]:
        """Those of the genes that a piece lies in, but for the targets."""
        genes = {
            gene.id: gene
            for read in molecule.reads
            for piece in read.segments
            for gene in self._reference.genes_at(piece.contig, piece.start, piece.end)
            if gene.id not in self._targets
        }
        for gene_id in genes.keys() - self._donors.keys():
            self._donors[gene_id] = tuple(_donors_of(genes[gene_id], self._reference))
        return tuple(donor for gene_id in sorted(genes) for donor in self._donors[gene_id])

    def acceptors(self, molecule: Molecule) -> tuple[_Acceptor, ...]:
        """Those of the targets that a piece lies in."""
        names = {
            target.name
            for read in molecule.reads
            for piece in read.segments
            if (target := self._reference.target_at(piece.contig, piece.start)) is not None
        }
        return tuple(each for each in self._acceptors if each.target in names)


def _seeds(acceptors: Iterable[_Acceptor]) -> dict[str, list[tuple[int, _Acceptor]]]:
    """k-mers of the first bases of every acceptor, with their offset from it."""
    seeds: dict[str, list[tuple[int, _Acceptor]]] = {}
    for acceptor in acceptors:
        for offset in _SEED_STARTS:
            word = acceptor.kept[offset : offset + _SEED_BP]
            if len(word) == _SEED_BP:
                seeds.setdefault(word, []).append((offset, acceptor))
    return seeds


def _acceptors(reference: Reference) -> Iterator[_Acceptor]:
    """The annotated acceptors of the targets' coding transcripts, each with every continuation."""
    for target in reference.targets:
        gene = target.gene
        positions = {
            position
            for transcript in gene.transcripts
            if transcript.cds
            for position in gene.acceptors
            if transcript.is_acceptor(position)
        }
        for position in sorted(positions):
            end = Breakend.acceptor(gene.contig, position, gene.strand)
            flank = acceptor_flank(end, (), _LOOK_BP, reference)
            for kept in flank.kept:
                before = {text[:cut] for text, cut in flank.cuts if text[cut:] == kept}
                yield _Acceptor(end, target.name, kept, tuple(sorted(before)))


def _donors_of(gene: Gene, reference: Reference) -> Iterator[_Donor]:
    """The annotated donors of a gene, each with every sequence that ends there."""
    for position in sorted(gene.donors):
        end = Breakend.donor(gene.contig, position, gene.strand)
        flank = donor_flank(end, (), DEPTH_BP, reference)
        for kept in flank.kept:
            after = {text[cut:] for text, cut in flank.cuts if text[:cut] == kept}
            yield _Donor(end, kept, tuple(sorted(after)))


def _by_index(
    text: str,
    crossings: Iterable[tuple[_Acceptor, int]],
    reference: Reference,
    settings: DiscoverySettings,
) -> Iterator[tuple[Junction, int]]:
    """The junctions of a read with any donor that ends like its foreign bases; mapping quality."""
    for acceptor, cut in crossings:
        if cut < settings.min_donor_bp:
            continue
        foreign = text[:cut]
        donors = {reference.donors.breakend(place) for place in reference.donors.ending(foreign)}
        mapq = reference.donors.mapq_phred(len(foreign)) if len(donors) == 1 else 0
        for donor in donors:
            yield Junction(donor, acceptor.end), mapq


def _by_near_donor(
    text: str, crossings: Iterable[tuple[_Acceptor, int]], donors: Sequence[_Donor]
) -> Iterator[tuple[Junction, int]]:
    """The same with the donors of the genes that the molecule lies in."""
    for acceptor, cut in crossings:
        for donor in donors:
            if _is_end(text, cut, donor):
                yield Junction(donor.end, acceptor.end), _NEAR_MAPQ_PHRED


def _by_near_acceptor(
    text: str,
    donors: Sequence[_Donor],
    acceptors: Sequence[_Acceptor],
    settings: DiscoverySettings,
) -> Iterator[tuple[Junction, int]]:
    """The junctions of a read with few bases of the target that another piece lies in."""
    for donor in donors if acceptors else ():
        for cut in _cuts_after(text, donor):
            inside = text[cut : cut + _LOOK_BP]
            if len(inside) < settings.min_supported_bp or not _is_end(text, cut, donor):
                continue
            least = settings.min_foreign_mismatches
            if any(mismatches(inside[:_FOREIGN_BP], after) < least for after in donor.after):
                continue
            for acceptor in acceptors:
                if mismatches(inside, acceptor.kept) <= len(inside) // _NEAR_BP:
                    yield Junction(donor.end, acceptor.end), _NEAR_MAPQ_PHRED


def _cuts_after(text: str, donor: _Donor) -> set[int]:
    """Where the read may leave a donor: behind its last bases, or the ones before these."""
    cuts = set()
    for end in (len(donor.kept), len(donor.kept) - _SEED_BP):
        word = donor.kept[max(0, end - _SEED_BP) : max(0, end)]
        for place in places_in(text, word) if len(word) == _SEED_BP else ():
            cuts.add(place + _SEED_BP + len(donor.kept) - end)
    return cuts


def _is_end(text: str, cut: int, donor: _Donor) -> bool:
    """Whether the bases before the cut are the last of a donor, but for one in eight."""
    size = min(cut, len(donor.kept))
    return mismatches(text[cut - size : cut], donor.kept[-size:]) <= size // _NEAR_BP


def _crossings(
    text: str, seeds: dict[str, list[tuple[int, _Acceptor]]], settings: DiscoverySettings
) -> set[tuple[_Acceptor, int]]:
    """Acceptors that the read crosses with foreign bases before them, and where."""
    crossings: set[tuple[_Acceptor, int]] = set()
    for word, held in seeds.items():
        for start, (offset, acceptor) in product(places_in(text, word), held):
            cut = start - offset
            if settings.min_supported_bp <= cut and _is_crossing(text, cut, acceptor, settings):
                crossings.add((acceptor, cut))
    return crossings


def _is_crossing(text: str, cut: int, acceptor: _Acceptor, settings: DiscoverySettings) -> bool:
    """Whether the bases from the cut on are the acceptor's, and those before it not the gene's."""
    inside = text[cut : cut + len(acceptor.kept)]
    if len(inside) < settings.min_acceptor_bp:
        return False
    if mismatches(inside, acceptor.kept) > len(inside) // _SEED_BP:
        return False
    foreign = text[max(0, cut - _FOREIGN_BP) : cut][::-1]
    return all(
        mismatches(foreign, before[::-1]) >= settings.min_foreign_mismatches
        for before in acceptor.before
    )
