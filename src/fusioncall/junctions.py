"""Junctions exact to the base: where in the read does one gene end and the other begin?

An aligner cuts a split read where its score says so: a few bases early, late, or with an overlap
where both genes read the same. Here every cut within a window is tried against the genome:

    read        ...ACGTCCGATTAG | gt | CAGGATTT...
    donor side  ...ACGTCCGATTAG   GTAAGT             (transcript, then its intron)
    acceptor               CTTTGCAG   CAGGATTT...    (intron, then transcript)

The cheapest explanation wins: a mismatch costs more than an inserted base, and an annotated exon
edge on either side is worth several inserted bases but less than a mismatch. Among equal ones it is
the cut that leaves the donor first in the direction of transcription.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fusioncall.coords import Breakend, Strand
from fusioncall.genes import Block
from fusioncall.model import Candidate, Junction, Proposal
from fusioncall.reference import Reference
from fusioncall.sequence import mismatches

# Costs in tenths of a nat. Mismatch: -ln(0.005 / 3), an error of 0.5 % to one of three bases.
# Insertion: one junction in twenty has one (-ln 0.05), each base is one of four (-ln 0.25). Edge:
# nearly all reported NTRK junctions join annotated edges; 150 to one for each side.
_MISMATCH = 64
_INSERTION = 30
_INSERTED_BASE = 14
_EDGE = 50
_MAX_HOMOLOGY_BP = 50
_MIN_EXON_BP = 4  # fewer inserted bases are like the end of an exon by chance (1 in 64)


@dataclass(frozen=True, slots=True)
class Join:
    """Two breakends as an aligner placed them on a read.

    The read is turned so that it reads in the direction of transcription: its bases before
    `donor_query_end` lie on the donor side, those from `acceptor_query_start` on the acceptor side.
    """

    donor: Breakend
    donor_query_end: int
    acceptor: Breakend
    acceptor_query_start: int


def refine(
    sequence: str, join: Join, runs: tuple[int, int], window: int, reference: Reference
) -> Junction:
    """The exact junction of a split read.

    Args:
        sequence: the read in the direction of transcription.
        join: where the aligner cut it.
        runs: bases that the cut may move back into the donor's and on into the acceptor's
            alignment.
        window: bases that either side may be extended.
        reference: genome and exon edges.
    """
    low = join.donor_query_end - max(runs[0], 0)
    high = join.acceptor_query_start + max(runs[1], 0)
    low, high = min(low, join.acceptor_query_start), max(high, join.donor_query_end)
    low, high = max(low, 0), min(high, len(sequence))
    read = np.frombuffer(sequence[low:high].encode(), dtype=np.uint8)
    donor = _Side(join.donor, join.donor.donor_strand, join.donor_query_end - 1 - low)
    acceptor = _Side(join.acceptor, join.acceptor.acceptor_strand, join.acceptor_query_start - low)
    size = read.size
    donor_cost = np.concatenate(([0], np.cumsum(read != donor.bases(size, reference)))) * _MISMATCH
    wrong = read != acceptor.bases(size, reference)
    acceptor_cost = np.concatenate((np.cumsum(wrong[::-1])[::-1], [0])) * _MISMATCH
    donors = donor.positions(np.arange(-1, size))
    acceptors = acceptor.positions(np.arange(0, size + 1))
    sites = reference.splice_sites(join.donor.contig, donor.strand, donors)[0]
    donor_cost = donor_cost - _EDGE * np.isin(donors, list(sites))
    sites = reference.splice_sites(join.acceptor.contig, acceptor.strand, acceptors)[1]
    acceptor_cost = acceptor_cost - _EDGE * np.isin(acceptors, list(sites))
    donor_cost[max(0, donor.offset + 1 + window + 1) :] += 1000 * _MISMATCH
    acceptor_cost[: max(0, acceptor.offset - window)] += 1000 * _MISMATCH
    cut = np.arange(size + 1)
    inserted = cut[None, :] - cut[:, None]
    cost = donor_cost[:, None] + acceptor_cost[None, :]
    cost = cost + np.where(inserted > 0, _INSERTION + _INSERTED_BASE * inserted, 0)
    cost[inserted < 0] = np.iinfo(cost.dtype).max
    leave, enter = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return with_short_exons(
        Junction(
            donor=Breakend(join.donor.contig, int(donors[leave]), join.donor.keeps),
            acceptor=Breakend(join.acceptor.contig, int(acceptors[enter]), join.acceptor.keeps),
            inserted=sequence[low + int(leave) : low + int(enter)],
        ),
        reference,
    )


def with_short_exons(junction: Junction, reference: Reference) -> Junction:
    """The same junction with inserted bases that are an exon of either gene counted to the gene.

    An aligner passes over an exon of a few bases (exon 9 of NTRK1 has 18), or over the few that are
    left of one, and takes them for inserted.
    """
    moved = _onto_acceptor(junction, reference)
    moved = moved or _onto_donor(junction, reference)
    return with_short_exons(_settled(moved, reference), reference) if moved else junction


def _settled(junction: Junction, reference: Reference) -> Junction:
    """Of all joins that give the same sequence the one with most exon edges, then the first."""
    if junction.inserted:
        return junction
    back, on = shifts_bp(junction, reference)
    donor, acceptor = junction.donor, junction.acceptor
    left = _Side(donor, donor.donor_strand, 0).positions(np.arange(-back, on + 1))
    right = _Side(acceptor, acceptor.acceptor_strand, 0).positions(np.arange(-back, on + 1))
    donors = reference.splice_sites(donor.contig, donor.donor_strand, left)[0]
    acceptors = reference.splice_sites(acceptor.contig, acceptor.acceptor_strand, right)[1]
    edges = np.isin(left, list(donors)) * 1 + np.isin(right, list(acceptors))
    best = int(np.argmax(edges))
    return Junction(
        Breakend(donor.contig, int(left[best]), donor.keeps),
        Breakend(acceptor.contig, int(right[best]), acceptor.keeps),
    )


def _onto_acceptor(junction: Junction, reference: Reference) -> Junction | None:
    """The junction in the exon before the acceptor's, if the inserted bases are its last."""
    end = junction.acceptor
    for exon, bases in _next_exons(end, end.acceptor_strand, -1, reference):
        size = min(len(bases), len(junction.inserted))
        if _are_alike(junction.inserted[-size:], bases[-size:]):
            forward = end.acceptor_strand is Strand.FORWARD
            first = exon[1] - size if forward else exon[0] + size - 1
            kept = junction.inserted[: len(junction.inserted) - size]
            return Junction(junction.donor, Breakend(end.contig, first, end.keeps), kept)
    return None


def _onto_donor(junction: Junction, reference: Reference) -> Junction | None:
    """The junction in the exon after the donor's, if the inserted bases are its first."""
    end = junction.donor
    for exon, bases in _next_exons(end, end.donor_strand, 1, reference):
        size = min(len(bases), len(junction.inserted))
        if _are_alike(junction.inserted[:size], bases[:size]):
            forward = end.donor_strand is Strand.FORWARD
            last = exon[0] + size - 1 if forward else exon[1] - size
            kept = junction.inserted[size:]
            return Junction(Breakend(end.contig, last, end.keeps), junction.acceptor, kept)
    return None


def _next_exons(
    end: Breakend, strand: Strand, step: int, reference: Reference
) -> Iterator[tuple[Block, str]]:
    """Inner exons that transcripts have before (-1) or after (1) the one with this edge."""
    found: set[Block] = set()
    for gene in reference.genes_at(end.contig, end.position, end.position + 1):
        if gene.strand is not strand:
            continue
        for transcript in gene.transcripts:
            at_edge = transcript.is_donor if step > 0 else transcript.is_acceptor
            exons = transcript.exons_transcribed
            index = transcript.exon_index(end.position)
            if index is not None and at_edge(end.position) and 0 < index + step < len(exons) - 1:
                found.add(exons[index + step])
    for exon in sorted(found):
        yield exon, reference.transcribed(end.contig, (exon,), strand)


def _are_alike(inserted: str, exon: str) -> bool:
    """Whether enough inserted bases are those of an exon, but for one wrong base in ten."""
    if len(inserted) < _MIN_EXON_BP:
        return False
    return mismatches(inserted, exon) <= len(exon) // 10


@dataclass(frozen=True, slots=True)
class _Side:
    """A breakend whose `position` lies under base `offset` of the stretch of read looked at."""

    end: Breakend
    strand: Strand
    offset: int

    def positions(self, bases: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Genome positions under bases of the stretch."""
        step = 1 if self.strand is Strand.FORWARD else -1
        return self.end.position + step * (bases - self.offset)

    def bases(self, size: int, reference: Reference) -> npt.NDArray[np.uint8]:
        """Genome bases under the stretch, as transcribed; N beyond the contig."""
        text = around(reference, self.end.contig, self.end.position, self.strand, self.offset, size)
        return np.frombuffer(text.encode(), dtype=np.uint8)


def around(
    reference: Reference, contig: str, position: int, strand: Strand, before: int, size: int
) -> str:
    """`size` bases as transcribed, `before` of them before the 0-based position; N outside."""
    forward = strand is Strand.FORWARD
    start = position - before if forward else position + before - size + 1
    inside = (max(start, 0), min(start + size, reference.contigs[contig]))
    if inside[0] >= inside[1]:
        return "N" * size
    text = reference.transcribed(contig, (inside,), strand)
    left, right = inside[0] - start, start + size - inside[1]
    if not forward:
        left, right = right, left
    return "N" * left + text + "N" * right


def homology_bp(junction: Junction, reference: Reference) -> int:
    """By how many bases the join can be moved without changing the fused sequence."""
    return 0 if junction.inserted else sum(shifts_bp(junction, reference))


def shifts_bp(junction: Junction, reference: Reference) -> tuple[int, int]:
    """By how many bases a join without inserted ones can be moved back, and on."""
    size = _MAX_HOMOLOGY_BP
    donor, acceptor = junction.donor, junction.acceptor
    place = (donor.contig, donor.position, donor.donor_strand)
    left = around(reference, *place, size - 1, 2 * size)
    place = (acceptor.contig, acceptor.position, acceptor.acceptor_strand)
    right = around(reference, *place, size, 2 * size)
    same = [a == b != "N" for a, b in zip(left, right, strict=True)]
    before = next((i for i in range(size) if not same[size - 1 - i]), size)
    after = next((i for i in range(size) if not same[size + i]), size)
    return before, after


def group(proposals: Iterable[Proposal], reference: Reference) -> tuple[Candidate, ...]:
    """Gather the proposals of each junction, in the order of the junctions."""
    by_junction: dict[Junction, dict[str, Proposal]] = {}
    for proposal in proposals:  # of two by one molecule the aligned one, which comes later, stays
        known = by_junction.setdefault(proposal.junction, {})
        earlier = known.get(proposal.molecule, proposal)
        mapq = max(proposal.mapq_phred, earlier.mapq_phred)
        known[proposal.molecule] = replace(proposal, mapq_phred=mapq)
    return tuple(
        _candidate(junction, tuple(proposals[name] for name in sorted(proposals)), reference)
        for junction, proposals in sorted(by_junction.items(), key=lambda each: each[0].sort_key)
    )


def _candidate(
    junction: Junction, proposals: tuple[Proposal, ...], reference: Reference
) -> Candidate:
    return Candidate(
        junction=junction,
        homology_bp=homology_bp(junction, reference),
        best_mapq_phred=max(proposal.mapq_phred for proposal in proposals),
        proposals=proposals,
    )
