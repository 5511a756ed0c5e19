"""The genome as an aligner's index of low memory sees it: everything far from a gene is N.

minimap2 takes no seeds from N, and its seeds are most of an index. What stays keeps its
coordinates, so an alignment means the same with either kind of index, and reads are spliced over
introns of which only the ends are left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pysam

from fusioncall.genes import Block, Gene

_N = ord("N")


def kept_blocks(
    genes: Iterable[Gene], whole: Iterable[Gene], flank_bp: int
) -> dict[str, tuple[Block, ...]]:
    """What is kept of each contig: sorted stretches that neither overlap nor touch.

    Args:
        genes: of which all exons are kept.
        whole: genes that are kept with their introns.
        flank_bp: bases that are kept beside each of them; may reach beyond the contig's last base.
    """
    found: dict[str, set[Block]] = defaultdict(set)
    for gene in genes:
        found[gene.contig].update(exon for each in gene.transcripts for exon in each.exons)
    for gene in whole:
        found[gene.contig].add((gene.start, gene.end))
    return {contig: _merged(blocks, flank_bp) for contig, blocks in found.items()}


def _merged(blocks: Iterable[Block], flank_bp: int) -> tuple[Block, ...]:
    """The blocks with what lies beside them; those that then overlap or touch are one.

    >>> _merged([(100, 110), (150, 160), (5, 9)], 20)
    ((0, 29), (80, 180))
    """
    starts, ends = np.array(sorted(blocks), dtype=np.int64).T
    starts, ends = np.maximum(starts - flank_bp, 0), np.maximum.accumulate(ends + flank_bp)
    is_first = np.append(True, starts[1:] > ends[:-1])
    is_last = np.append(is_first[1:], True)
    return tuple(zip(starts[is_first].tolist(), ends[is_last].tolist(), strict=True))


def write_masked(genome: Path, kept: Mapping[str, Iterable[Block]], out: Path) -> None:
    """Copy an indexed FASTA as bgzip, with N for all that is not kept.

    Args:
        genome: indexed FASTA.
        kept: stretches of each contig, 0-based and half-open.
        out: where to write.
    """
    with (
        pysam.FastaFile(str(genome)) as contigs,
        pysam.BGZFile(str(out), "wb", None) as stream,
    ):
        for contig in contigs.references:
            bases = np.frombuffer(contigs.fetch(contig).encode(), dtype=np.uint8)
            masked = np.full(bases.size, _N, dtype=np.uint8)
            for start, end in kept.get(contig, ()):
                masked[start:end] = bases[start:end]
            stream.write(f">{contig}\n".encode() + masked.tobytes() + b"\n")
