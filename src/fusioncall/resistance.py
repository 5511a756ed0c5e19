"""Codons at which mutations cause resistance: what the molecules of a sample show there.

Only alignments are read. A molecule shows a codon if one piece of a read holds all three bases;
reads of one molecule that disagree show nothing. Copies are not taken out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusioncall.catalogue import read_table
from fusioncall.codons import translate
from fusioncall.coords import Strand
from fusioncall.errors import SettingsError
from fusioncall.genes import Block, position_at
from fusioncall.model import (
    CIGAR_ALIGNED,
    CIGAR_CONSUMES_QUERY,
    Call,
    CodonDepth,
    Molecule,
    Read,
    Segment,
)
from fusioncall.reference import Reference
from fusioncall.sequence import complement, reverse_complement
from fusioncall.settings import ResistanceSettings
from fusioncall.targets import Target

COLUMNS = ("gene", "protein_length_aa", "residue", "aa", "site", "changes", "source")


@dataclass(frozen=True, slots=True)
class ResistanceSite:
    """One row of `resistance.tsv`; `residue` is 1-based in a protein of `protein_length_aa`."""

    gene: str
    protein_length_aa: int
    residue: int
    aa: str
    site: str
    changes: str
    source: str


def read_sites(path: Path) -> tuple[ResistanceSite, ...]:
    """Read `resistance.tsv`.

    Raises:
        SettingsError: the table cannot be read, lacks a column or has a number that is none.
    """
    sites = []
    for row in read_table(path, COLUMNS).rows:
        cells = {name: row[name] or "" for name in COLUMNS}
        length, residue = cells.pop("protein_length_aa"), cells.pop("residue")
        if not (length.isdecimal() and residue.isdecimal()):
            what = f"has a row of {cells['gene']} without a number of residues"
            raise SettingsError(what, where=path, cure="Give both as whole numbers")
        sites.append(ResistanceSite(protein_length_aa=int(length), residue=int(residue), **cells))
    return tuple(sites)


def sites_on(
    sites: Iterable[ResistanceSite], targets: Iterable[Target]
) -> tuple[ResistanceSite, ...]:
    """The sites in the numbering that a reference's targets have."""
    lengths = {target.name: target.protein_length_aa for target in targets}
    return tuple(site for site in sites if lengths.get(site.gene) == site.protein_length_aa)


def codon_depths(
    molecules: Sequence[Molecule],
    calls: Iterable[Call],
    sites: Iterable[ResistanceSite],
    reference: Reference,
) -> tuple[CodonDepth, ...]:
    """What molecules show at each site of the targets, in the order of the sites.

    Args:
        molecules: the kept molecules with their alignments.
        calls: those that passed tell which molecules are fused.
        sites: those of other numberings than the reference's are left out.
        reference: the genome and the targets.
    """
    fused: dict[str, set[str]] = defaultdict(set)
    for fusion in (call.fusion for call in calls if call.passed):
        fused[fusion.target].update(fusion.support.names)
    targets = {target.name: target for target in reference.targets}
    aligned = _by_contig(molecules)
    return tuple(
        _depth(aligned, fused[site.gene], site, targets[site.gene], reference)
        for site in sites_on(sites, reference.targets)
    )


def _by_contig(molecules: Iterable[Molecule]) -> Mapping[str, list[Molecule]]:
    """The molecules with a piece on each contig."""
    aligned: dict[str, list[Molecule]] = defaultdict(list)
    for molecule in molecules:
        for contig in {piece.contig for read in molecule.reads for piece in read.segments}:
            aligned[contig].append(molecule)
    return aligned


def _depth(
    aligned: Mapping[str, Sequence[Molecule]],
    fused: Collection[str],
    site: ResistanceSite,
    target: Target,
    reference: Reference,
) -> CodonDepth:
    numbered = target.numbering_transcript
    strand = numbered.strand
    first = 3 * (site.residue - 1)
    places = [position_at(numbered.coding_blocks, first + step, strand) for step in range(3)]
    seen: Counter[str] = Counter()
    seen_fused: Counter[str] = Counter()
    unclear = 0
    for molecule in aligned.get(target.gene.contig, ()):
        codons = set(_codons(molecule, target.gene.contig, places, strand))
        if len(codons) > 1 or "N" in "".join(codons):
            unclear += 1
        elif codons:
            seen.update(codons)
            seen_fused.update(codons if molecule.name in fused else ())
    blocks: tuple[Block, ...] = tuple((place, place + 1) for place in sorted(places))
    return CodonDepth(
        gene=site.gene,
        residue=site.residue,
        transcript=numbered.id,
        contig=target.gene.contig,
        places=(places[0], places[1], places[2]),
        reference=reference.transcribed(target.gene.contig, blocks, strand),
        observed=_sorted(seen),
        observed_fused=_sorted(seen_fused),
        unclear=unclear,
    )


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _codons(
    molecule: Molecule, contig: str, places: Sequence[int], strand: Strand
) -> Iterator[str]:
    """The codon as each read of a molecule shows it."""
    low, high = min(places), max(places)
    for read in molecule.reads:
        for segment in read.segments:
            if segment.contig == contig and segment.start <= low and high < segment.end:
                bases = _bases(read, segment, places)
                if bases:
                    yield bases if strand is Strand.FORWARD else complement(bases)


def _bases(read: Read, segment: Segment, places: Sequence[int]) -> str:
    """The forward-strand bases of a piece at 0-based positions; empty if one is missing."""
    text = read.sequence
    query = segment.query_start
    if segment.is_reverse:
        text, query = reverse_complement(text), len(text) - segment.query_end
    found: dict[int, str] = {}
    position = segment.start
    for operation, length in segment.cigar:
        if operation in CIGAR_ALIGNED:
            for place in places:
                if position <= place < position + length:
                    found[place] = text[query + place - position]
            position += length
        elif operation in {"D", "N"}:
            position += length
        query += length if operation in CIGAR_CONSUMES_QUERY else 0
    return "".join(found[place] for place in places) if len(found) == len(places) else ""


MUTATED, NOT_MUTATED, NOT_ASSESSABLE = "yes", "no", "not-assessable"


def changes(depth: CodonDepth, settings: ResistanceSettings) -> tuple[str, ...]:
    """The residues other than the genome's that enough molecules show: `G595R`."""
    own = translate(depth.reference)
    total = sum(depth.observed.values())
    counts: Counter[str] = Counter()
    for codon, molecules in depth.observed.items():
        counts[translate(codon)] += molecules
    return tuple(
        f"{own}{depth.residue}{residue}"
        for residue, molecules in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        if residue != own
        and molecules >= settings.min_mutated_molecules
        and molecules >= settings.min_mutated_share * total
    )


def verdict(depth: CodonDepth, settings: ResistanceSettings) -> str:
    """Whether a codon is mutated: `yes`, `no`, or `not-assessable` with too few molecules."""
    if changes(depth, settings):
        return MUTATED
    enough = sum(depth.observed.values()) >= settings.min_molecules
    return NOT_MUTATED if enough else NOT_ASSESSABLE
