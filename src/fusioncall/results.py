"""All that is told of a sample, as the writers of its files take it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field

from fusioncall.annotate import AnnotatedCall
from fusioncall.carry_over import CARRY_OVER, SampleCarryOver, carried_over
from fusioncall.coords import Breakend, Strand
from fusioncall.facts import Fact
from fusioncall.filters import FILTERS
from fusioncall.flanks import Blocks, kept_blocks
from fusioncall.genes import Transcript
from fusioncall.imbalance import Imbalance
from fusioncall.junctions import around
from fusioncall.model import Partner, SampleCalls
from fusioncall.reference import Reference
from fusioncall.status import GeneStatus


@dataclass(frozen=True, slots=True)
class SampleResults:
    """The calls of a sample, compared with the catalogue, and the answer for each target gene.

    `annotated` holds every candidate in the order of the tables; `facts` are what is known of the
    tumour type, and with a call of treatments; `imbalances` are those of the targets by their
    names; `carry_over` is what was found in other samples.
    """

    made: SampleCalls
    annotated: tuple[AnnotatedCall, ...]
    statuses: tuple[GeneStatus, ...]
    facts: tuple[Fact, ...] = ()
    imbalances: Mapping[str, Imbalance] = field(default_factory=dict)
    carry_over: SampleCarryOver = SampleCarryOver()  # noqa: RUF009 - frozen

    @property
    def sample(self) -> str:
        """The sample's name."""
        return self.made.sample

    @property
    def fragments(self) -> int | None:
        """Molecules of the whole sample, None if unknown."""
        return self.made.census.fragments

    @property
    def passing(self) -> tuple[AnnotatedCall, ...]:
        """The calls that passed every filter."""
        return tuple(each for each in self.annotated if each.call.passed)


def filter_meaning(name: str) -> str:
    """What a filter asks for, in one line."""
    rule = carried_over if name == CARRY_OVER else FILTERS[name]
    return (inspect.getdoc(rule) or name).partition("\n")[0].rstrip(".")


def transcript_of(partner: Partner, reference: Reference) -> Transcript | None:
    """The transcript that a side's exon number refers to; None where no gene lies."""
    for gene in reference.genes_at(partner.contig, partner.position, partner.position + 1):
        for transcript in gene.transcripts:
            if (gene.id, transcript.id) == (partner.gene_id, partner.transcript):
                return transcript
    return None


def kept_exons(
    end: Breakend, strand: Strand, transcript: Transcript | None, reach_bp: int
) -> Blocks:
    """The `reach_bp` transcribed bases that a side keeps next to the junction, exon by exon.

    Args:
        end: the side.
        strand: of transcription.
        transcript: whose exons are followed; the genome alone if the side is not in one of them.
        reach_bp: how many bases; fewer where the transcript begins or ends before.

    Returns:
        Blocks in genome order.
    """
    at = end.position
    exons: Blocks = ((max(0, at - reach_bp), at + reach_bp + 1),)
    if transcript and transcript.strand is strand and transcript.exon_index(at) is not None:
        exons = transcript.exons
    return kept_blocks(exons, end, reach_bp)


def bases_before(
    contig: str, position: int, strand: Strand, size: int, reference: Reference
) -> str:
    """`size` bases as transcribed, of which the one at the 0-based position is the last."""
    return around(reference, contig, position, strand, size - 1, size)


def bases_from(contig: str, position: int, strand: Strand, size: int, reference: Reference) -> str:
    """`size` bases as transcribed, of which the one at the 0-based position is the first."""
    return around(reference, contig, position, strand, 0, size)
