"""5'/3' imbalance of the targets: depth of the exons that a fusion keeps against those it loses.

The depth of an exon is the mean number of reads that hold one of its k-mers, so a read counts many
times. What is independent are molecules. One molecule adds at most h k-mers to a side: those of a
read, once for each mate. By the compound Poisson law the sum of all k-mers then varies no more than
the count of k-mers / h independent molecules would, which is the number that the interval rests on;
the share of copies is taken off. Where the exons of a side differ in depth by more than that, the
interval is widened by the ratio (quasi-Poisson), for RNA is not read evenly.

It supports an answer and calls nothing: truncated isoforms lower it, degraded RNA and priming at
the 3' end raise it, and expression of the normal gene hides it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fusioncall.catalogue import read_table
from fusioncall.errors import SettingsError
from fusioncall.genes import Block
from fusioncall.kmers import KmerTable
from fusioncall.model import Census
from fusioncall.settings import ImbalanceSettings
from fusioncall.targets import Target

COLUMNS = ("gene", "protein_length_aa", "residues5", "residues3", "source")
Ranges = tuple[tuple[int, int], ...]
"""Stretches of residues, 1-based and inclusive."""

_Z95 = 1.959964  # normal quantile of a two-sided 95 % interval
_HALF = 0.5  # added to both counts, so that a side without reads has a ratio (Haldane, Anscombe)


@dataclass(frozen=True, slots=True)
class ImbalanceSite:
    """One row of `imbalance.tsv`; residues in a protein of `protein_length_aa`."""

    gene: str
    protein_length_aa: int
    residues5: Ranges
    residues3: Ranges


@dataclass(frozen=True, slots=True, kw_only=True)
class SideDepth:
    """What the reads show of the exons of one side.

    `exons` are numbered in the transcript that numbers the target; `depth` is the mean number of
    reads over a k-mer, `step` the most that one molecule adds to it, copies included.
    """

    exons: tuple[int, ...]
    depth: float
    step: float

    @property
    def molecules(self) -> float:
        """How many independent molecules the depth is worth at least."""
        return self.depth / self.step if self.step else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Imbalance:
    """How much deeper the 3' exons of a target are covered than its 5' exons.

    `log2` is the binary logarithm of the ratio of the depths, `low` and `high` its 95 % interval;
    all three are None with fewer molecules than the settings ask for. `dispersion` is by how much
    the exons of a side vary more than chance (1: not more).
    """

    gene: str
    transcript: str
    five: SideDepth
    three: SideDepth
    log2: float | None
    low: float | None
    high: float | None
    dispersion: float

    @property
    def ratio(self) -> tuple[float | None, float | None, float | None]:
        """The logarithm and its interval."""
        return self.log2, self.low, self.high


def read_imbalance_sites(path: Path) -> tuple[ImbalanceSite, ...]:
    """Read `imbalance.tsv`.

    Raises:
        SettingsError: the table cannot be read, lacks a column or has residues that are none.
    """
    sites = []
    for row in read_table(path, COLUMNS).rows:
        try:
            site = ImbalanceSite(
                gene=row["gene"] or "",
                protein_length_aa=int(row["protein_length_aa"] or ""),
                residues5=_ranges(row["residues5"] or ""),
                residues3=_ranges(row["residues3"] or ""),
            )
        except ValueError as error:
            what = f"has a row of {row['gene']} without residues: {error}"
            raise SettingsError(what, where=path, cure="Give them as 71-284,300-310") from error
        sites.append(site)
    return tuple(sites)


def _ranges(text: str) -> Ranges:
    """Residues as the table gives them.

    >>> _ranges("573-711,726-839")
    ((573, 711), (726, 839))
    """
    ends = (part.partition("-") for part in text.split(","))
    return tuple((int(first), int(last)) for first, _, last in ends)


def imbalances(
    census: Census,
    table: KmerTable,
    targets: Iterable[Target],
    sites: Iterable[ImbalanceSite],
    settings: ImbalanceSettings,
) -> tuple[Imbalance, ...]:
    """The imbalance of each target whose exons are known, in the order of the targets.

    Args:
        census: of the screen.
        table: the k-mers that it counted.
        targets: on the reference of the screen.
        sites: those of other numberings than the targets' are left out.
        settings: how many molecules are enough.
    """
    known = {(site.gene, site.protein_length_aa): site for site in sites}
    found = ((target, known.get((target.name, target.protein_length_aa))) for target in targets)
    return tuple(
        _imbalance(target, site, census, table, settings)
        for target, site in found
        if site is not None
    )


def _imbalance(
    target: Target,
    site: ImbalanceSite,
    census: Census,
    table: KmerTable,
    settings: ImbalanceSettings,
) -> Imbalance:
    sizes = exon_sizes(table, target.name)
    counted = census.exon_depth.get(target.name, {})
    depths = {exon: counted.get(str(exon), 0.0) for exon in sizes}
    residues = _exon_residues(target)
    five, three = sides = [
        _side(
            {exon: sizes[exon] for exon in sizes if _is_within(residues.get(exon), ranges)},
            depths,
            census,
            table.kmer_bp,
        )
        for ranges in (site.residues5, site.residues3)
    ]
    dispersion = _dispersion(sides, sizes, depths)
    log2 = low = high = None
    if five.exons and three.exons and five.molecules + three.molecules >= settings.min_molecules:
        log2 = math.log2((three.depth + _HALF * three.step) / (five.depth + _HALF * five.step))
        variance = sum(dispersion / (side.molecules + _HALF) for side in sides)
        reach = _Z95 * math.sqrt(variance) / math.log(2)
        low, high = log2 - reach, log2 + reach
    return Imbalance(
        gene=target.name,
        transcript=target.reference_transcript,
        five=five,
        three=three,
        log2=log2,
        low=low,
        high=high,
        dispersion=dispersion,
    )


def _side(
    sizes: Mapping[int, int], depths: Mapping[int, float], census: Census, kmer_bp: int
) -> SideDepth:
    """The exons of a side together; `sizes` are their numbers of k-mers."""
    total = sum(sizes.values())
    if not total:
        return SideDepth(exons=(), depth=0.0, step=0.0)
    words = min(max(0, census.max_read_bp - kmer_bp + 1), total)
    mates = -(-census.reads // max(1, census.fragments)) if census.fragments is not None else 2
    unique = 1 - census.kept_copies / max(1, census.kept_molecules)
    return SideDepth(
        exons=tuple(sizes),
        depth=sum(size * depths[exon] for exon, size in sizes.items()) / total,
        step=mates * words / total / unique,
    )


def _dispersion(
    sides: Iterable[SideDepth], sizes: Mapping[int, int], depths: Mapping[int, float]
) -> float:
    """By how much the exons of a side differ more than molecules that are spread by chance."""
    squares, freedom = 0.0, 0
    for side in sides:
        total = sum(sizes[exon] for exon in side.exons)
        if side.molecules:
            freedom += len(side.exons) - 1
            squares += sum(
                side.molecules * sizes[exon] / total * (depths[exon] / side.depth - 1) ** 2
                for exon in side.exons
            )
    return max(1.0, squares / freedom) if freedom else 1.0


def exon_sizes(table: KmerTable, gene: str) -> dict[int, int]:
    """The number of k-mers of each exon of a gene that has any, by the exon's number."""
    named = zip(table.exon_names, table.exon_kmers.tolist(), strict=True)
    split = ((name.rpartition(":"), size) for name, size in named)
    return {int(exon): size for (owner, _, exon), size in split if owner == gene and size}


def depth_by_exon(target: Target, census: Census) -> dict[Block, float]:
    """The depth of each exon that was counted, of the transcript that numbers the target."""
    exons = target.numbering_transcript.exons_transcribed
    counted = census.exon_depth.get(target.name, {})
    return {exons[int(number) - 1]: depth for number, depth in counted.items()}


def _exon_residues(target: Target) -> dict[int, tuple[int, int]]:
    """The first and last residue that each coding exon of the numbering transcript codes for."""
    transcript = target.numbering_transcript
    found = {}
    for start, end in transcript.coding_blocks:
        offsets = [transcript.coding_offset(place) or 0 for place in (start, end - 1)]
        first, last = (offset // 3 + 1 for offset in sorted(offsets))
        exon = (transcript.exon_index(start) or 0) + 1
        found[exon] = first, min(last, target.protein_length_aa)  # the stop codon is no residue
    return found


def _is_within(residues: tuple[int, int] | None, ranges: Ranges) -> bool:
    return residues is not None and any(
        first <= residues[0] and residues[1] <= last for first, last in ranges
    )
