"""A world with what the small one lacks: paralogues, pseudogenes and exons of low complexity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, product

import numpy as np
from benchmarks.common import Random, seeded, substituted

from fusioncall.coords import Interval, Strand
from fusioncall.world import SimulatedTranscript, World

IDENTITIES_PERCENT = (75, 82, 90)
"""Of a paralogue's kinase exons to the target's."""

KINASE_EXONS = {"NTRK1": 8, "NTRK2": 11, "NTRK3": 10}
"""First exon of each target that its paralogues resemble."""

PSEUDOGENES_PERCENT = {"ETV6": 0, "TPM3": 1, "SQSTM1": 3, "TFG": 1, "QKI": 3}
"""Partners with a processed pseudogene, and how much of it differs."""

REPEATS = ("A", "T", "CA", "GAA", "AAT")
"""Units of the repeats that the exons of the gene of low complexity end with."""

_INTRON_BP = 300
_GAP_BP = 2_000
_REPEAT_BP = 30


@dataclass(frozen=True, slots=True)
class _Piece:
    """A gene to be laid on a new contig: exon sequences, and where its code begins and ends."""

    gene: str
    exons: tuple[str, ...]


UNKNOWN_PARTNERS = tuple(f"PARTNER{number}" for number in range(1, 25))
"""Genes that no catalogue lists."""


def hard_world(world: World) -> World:
    """The world with a contig more, of paralogues, pseudogenes and repeats."""
    return _with_contig(
        world, "chr20", [*_paralogues(world), _repetitive(), *_pseudogenes(world)], "neighbour"
    )


def wide_world(world: World) -> World:
    """The world with more partners, of invented exons: 4 to 20 of them, 45 to 300 bases long."""
    return _with_contig(world, "chr21", [*_unknown_partners()], "partner")


def _unknown_partners() -> Iterable[_Piece]:
    for name in UNKNOWN_PARTNERS:
        random = seeded(name)
        sizes = random.integers(45, 301, int(random.integers(4, 21))).tolist()
        text = _random_bases(random, 30) + "ATG" + _open_frame(random, sum(sizes))
        ends = list(accumulate(sizes))
        yield _Piece(
            name, tuple(text[end - size : end] for size, end in zip(sizes, ends, strict=True))
        )


def _open_frame(random: Random, size: int) -> str:
    """Codons without a stop among them, as many as it takes for so many bases."""
    codons = ["".join(each) for each in product("ACGT", repeat=3)]
    coding = [codon for codon in codons if codon not in {"TAA", "TAG", "TGA"}]
    return "".join(coding[i] for i in random.integers(0, len(coding), size // 3 + 1).tolist())


def _with_contig(world: World, contig: str, genes: Iterable[_Piece], role: str) -> World:
    transcripts = []
    random = seeded("hard world")
    text = _random_bases(random, _GAP_BP)
    for number, piece in enumerate(genes):
        exons = []
        for exon in piece.exons:
            exons.append(Interval(contig, len(text), len(text) + len(exon)))
            text += exon + "GT" + _random_bases(random, _INTRON_BP - 4) + "AG"
        text = text[:-_INTRON_BP] + _random_bases(random, _GAP_BP)
        if not piece.gene.startswith("PSEUDO"):
            transcripts.append(_transcript(piece.gene, number, exons, role))
    return World({**world.genome, contig: text}, (*world.transcripts, *transcripts))


def _random_bases(random: Random, size: int) -> str:
    return "".join("ACGT"[code] for code in random.integers(0, 4, size))


def _transcript(
    gene: str, number: int, exons: Iterable[Interval], role: str
) -> SimulatedTranscript:
    placed = tuple(exons)
    return SimulatedTranscript(
        gene=gene,
        gene_id=f"ENSG9{number:010d}.1",
        role=role,
        refseq_id=f"NM_9{number:05d}.1",
        ensembl_id=f"ENST9{number:010d}.1",
        is_mane=False,
        kinase_aa=None,
        strand=Strand.FORWARD,
        exons=placed,
        coding=Interval(placed[0].contig, placed[0].start + 30, placed[-1].end - 30),
    )


def paralogue_name(target: str, identity_percent: int) -> str:
    """Symbol of a paralogue."""
    return f"LIKE{target}x{identity_percent}"


def mutated(text: str, identity_percent: int, random: Random) -> str:
    """The text with so many of its bases, at random places, changed."""
    count = round(len(text) * (100 - identity_percent) / 100)
    places = np.sort(random.choice(len(text), count, replace=False))
    return substituted(text, places, random)


def _paralogues(world: World) -> Iterable[_Piece]:
    """Genes with the exons of a target: the first ones unlike it, the kinase's alike."""
    for target, first in KINASE_EXONS.items():
        transcript = world.transcript(target)
        for percent in IDENTITIES_PERCENT:
            name = paralogue_name(target, percent)
            random = seeded(name)
            exons = tuple(
                _random_bases(random, len(exon))
                if number < first
                else mutated(world.bases(exon, transcript.strand), percent, random)
                for number, exon in enumerate(transcript.exons, start=1)
            )
            yield _Piece(name, exons)


def _repetitive() -> _Piece:
    random = seeded("repeats")
    exons = [_random_bases(random, 120) + (unit * _REPEAT_BP)[:_REPEAT_BP] for unit in REPEATS]
    return _Piece("REPEATS", (*exons, _random_bases(random, 300)))


def _pseudogenes(world: World) -> Iterable[_Piece]:
    """Spliced copies of partners with a tail of A, not annotated."""
    for gene, percent in PSEUDOGENES_PERCENT.items():
        copy = world.sequence(world.transcript(gene))
        changed = mutated(copy, 100 - percent, seeded("pseudogene", gene))
        yield _Piece(f"PSEUDO{gene}", (changed + "A" * 25,))
