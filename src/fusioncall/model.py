"""The frozen records that the stages hand to each other. No files, no pysam.

Molecule -> Proposal -> Junction -> Candidate (counted) -> Fusion (named) -> Call (judged)
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from fusioncall.coords import Breakend, Strand
from fusioncall.genes import Block
from fusioncall.settings import Settings

CIGAR_OPERATIONS = "MIDNSHP=X"  # in the order of their numbers in BAM
CIGAR_CONSUMES_QUERY = frozenset("MIS=X")
CIGAR_CONSUMES_REFERENCE = frozenset("MDN=X")
CIGAR_ALIGNED = frozenset("M=X")


@dataclass(frozen=True)
class Segment:
    """One aligned piece of a read.

    `start` and `end` are on the contig, 0-based half-open; `query_start` and `query_end` count
    along the read as it was sequenced; `cigar` holds (operation, length) pairs in genome order
    without clips; `edits` is the edit distance (NM) and `mapq` a Phred-scaled quality.
    """

    contig: str
    start: int
    end: int
    is_reverse: bool
    query_start: int
    query_end: int
    cigar: tuple[tuple[str, int], ...]
    mapq: int
    edits: int

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The aligned stretches of the contig between N gaps, in genome order."""
        blocks: list[Block] = []
        start = position = self.start
        for operation, length in self.cigar:
            if operation == "N":
                blocks.append((start, position))
                start = position + length
            if operation in CIGAR_CONSUMES_REFERENCE:
                position += length
        return (*blocks, (start, position))

    @property
    def gaps(self) -> tuple[Block, ...]:
        """The N gaps, in genome order."""
        blocks = self.blocks
        return tuple((left[1], right[0]) for left, right in pairwise(blocks)) if blocks[1:] else ()


@enum.unique
class ReadNumber(enum.Enum):
    """Which read of its molecule."""

    SINGLE = 0
    FIRST = 1
    SECOND = 2


@dataclass(frozen=True, slots=True)
class Read:
    """One read of a molecule.

    `sequence` and `quality` (Phred+33 text, or empty) are as sequenced; `segments` are its aligned
    pieces in the order of the read.
    """

    number: ReadNumber
    sequence: str
    quality: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Molecule:
    """One sequenced fragment: one read, or two mates. The unit of counting.

    `umi` is its unique molecular identifier, empty without one.
    """

    name: str
    reads: tuple[Read, ...]
    umi: str = ""


@dataclass(frozen=True, slots=True)
class Junction:
    """Two breakends joined in the direction of transcription.

    `inserted` are bases between them that belong to neither side, as transcribed. The join can be
    moved by up to `homology_bp` bases without changing the fused sequence.
    """

    donor: Breakend
    acceptor: Breakend
    inserted: str = ""

    @property
    def sort_key(self) -> tuple[str, int, str, str, int, str, str]:
        """A total order: donor, acceptor, inserted bases."""
        return (
            self.donor.contig,
            self.donor.position,
            self.donor.keeps.value,
            self.acceptor.contig,
            self.acceptor.position,
            self.acceptor.keeps.value,
            self.inserted,
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """A junction as one alignment of one molecule shows it.

    `donor_blocks` and `acceptor_blocks` are the aligned stretches on each side, in genome order,
    cut at the junction; `mapq_phred` is the worse of the two pieces.
    """

    junction: Junction
    molecule: str
    mapq_phred: int
    donor_blocks: tuple[Block, ...]
    acceptor_blocks: tuple[Block, ...]

    @classmethod
    def without_alignment(cls, junction: Junction, molecule: str, mapq_phred: int) -> Proposal:
        """A junction that no alignment shows, with the base at each side as its only stretch."""
        donor, acceptor = junction.donor.position, junction.acceptor.position
        return cls(
            junction=junction,
            molecule=molecule,
            mapq_phred=mapq_phred,
            donor_blocks=((donor, donor + 1),),
            acceptor_blocks=((acceptor, acceptor + 1),),
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A junction and the proposals that led to it, before any counting."""

    junction: Junction
    homology_bp: int
    best_mapq_phred: int
    proposals: tuple[Proposal, ...]


@enum.unique
class Kind(enum.Enum):
    """How a molecule supports a junction."""

    SPLIT = "split"
    SPANNING = "spanning"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a molecule lies on a fused sequence.

    `donor_anchor_bp` and `acceptor_anchor_bp` are the bases of the split read on each side (of the
    mate on that side, for a spanning pair). `starts` are the first sequenced bases of its reads
    relative to the junction (0: the acceptor's first base), each with its read's direction: two
    molecules with the same `starts` and `umi` are copies of one. `side_edits` are those of the
    split read on each side; `laid_reads` is how many of its reads lie on the sequence.
    """

    molecule: str
    kind: Kind
    donor_anchor_bp: int
    acceptor_anchor_bp: int
    edits: int
    side_edits: tuple[int, int]
    laid_reads: int
    starts: tuple[tuple[int, bool], ...]
    umi: str

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Less is better: split before spanning, more reads laid, fewer edits."""
        return (self.kind is not Kind.SPLIT, -self.laid_reads, self.edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """The evidence for a junction, counted in molecules; copies are counted once, but named.

    `unfused3_molecules` run over the acceptor as the target gene does without a fusion,
    `unfused5_molecules` over the donor (None where they were not counted). `excess_edits` are the
    edits of all split reads on the worse side, beyond those that the bases there allow.
    `misfit_molecules` fit the junction in part: a read goes on from the donor into bases that
    resemble the acceptor's but are not the same, or the mate of a split read fits nowhere. `rivals`
    are other junctions that every one of the molecules fits as well.
    """

    split_molecules: int
    spanning_molecules: int
    unfused3_molecules: int
    unfused5_molecules: int | None
    rivals: tuple[Junction, ...]
    excess_edits: int
    misfit_molecules: int
    copies: int
    distinct_starts: int
    best_anchor_bp: int
    donor_anchor_bp: int
    acceptor_anchor_bp: int
    split_names: tuple[str, ...]
    spanning_names: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All supporting molecules, copies included."""
        return (*self.split_names, *self.spanning_names)

    @property
    def total(self) -> int:
        """Split and spanning molecules together."""
        return self.split_molecules + self.spanning_molecules


@enum.unique
class Site(enum.Enum):
    """Where in a gene a breakend lies."""

    SPLICE_SITE = "splice-site"
    EXON = "exon"
    INTRON = "intron"
    INTERGENIC = "intergenic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """One side of a fusion: the gene there and the place in it.

    `exon` counts from 1 in the direction of transcription: the exon that holds the breakend, or
    the exon before it (donor) or after it (acceptor) when it lies in an intron; 0 when unknown.
    `is_sense` is False where only a gene on the other strand lies.
    """

    gene: str
    gene_id: str
    biotype: str
    transcript: str
    exon: int
    site: Site
    is_sense: bool
    contig: str
    position: int
    strand: Strand


@enum.unique
class FusionClass(enum.Enum):
    """What a junction means for the target gene."""

    KINASE_FUSION = "kinase-fusion"
    PARTIAL_KINASE = "partial-kinase"
    NO_KINASE = "no-kinase"
    TRUNCATED_ISOFORM = "truncated-isoform"
    RECIPROCAL = "reciprocal"
    ANTISENSE_PARTNER = "antisense-partner"
    INTERGENIC_PARTNER = "intergenic-partner"
    READ_THROUGH = "read-through"
    SAME_GENE = "same-gene"


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelHit:
    """In how many of the `size` samples of a panel of normals a junction was seen.

    `is_known_pair` is whether the catalogue knows the two genes, so that the panel only marks it;
    `is_stronger` whether it has far more molecules here than in any sample of the panel.
    """

    samples: int
    size: int
    is_known_pair: bool
    is_stronger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fusion:
    """A counted junction with its genes.

    `target` is the symbol of the target gene concerned; `shared_bp` is like `homology_bp`, along
    the genome or the annotated transcripts; `triplets` is the number of different 3-mers in the 20
    fused bases on the poorer side of the junction (18 at most); `sibling_molecules` counts the
    molecules of the other splice forms of its event; `scattered_junctions` are the other junctions
    with molecules between the same genes that do not join exon edges; `rivals` name the other
    partners that the molecules fit as well. `partners` counts the target's partners with molecules
    in fusions of this class, and `partner_share` is this partner's part of the strongest one's
    molecules. `normals` tells of the panel of normals (None: there was no panel).
    """

    five: Partner
    three: Partner
    target: str
    fusion_class: FusionClass
    inserted: str
    homology_bp: int
    shared_bp: int
    mapq_phred: int
    distance_bp: int | None
    triplets: int
    rivals: tuple[str, ...]
    support: Support
    sibling_molecules: int = 0
    scattered_junctions: int = 0
    partners: int = 0
    partner_share: float = 0.0
    normals: PanelHit | None = None

    @property
    def event_molecules(self) -> int:
        """Molecules of all splice forms of the event."""
        return self.support.total + self.sibling_molecules

    @property
    def name(self) -> str:
        """HGNC form: `ETV6::NTRK3`."""
        return f"{self.five.gene}::{self.three.gene}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one filter says of a fusion: whether it passed, its number and the limit."""

    filter: str
    passed: bool
    value: str
    limit: str


@enum.unique
class Confidence(enum.Enum):
    """How sure a call is; the rule stands in `filters.py`."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class PairMolecules:
    """How many supporting molecules, copies included, lie on a pair of transcripts."""

    transcript5: str
    transcript3: str
    molecules: int


@dataclass(frozen=True, slots=True)
class Call:
    """A judged fusion; `pairs` are counted for one that passed."""

    fusion: Fusion
    verdicts: tuple[Verdict, ...]
    confidence: Confidence
    pairs: tuple[PairMolecules, ...] = ()

    @property
    def pair_molecules(self) -> dict[tuple[str, str], int]:
        """`pairs`, by the ids of both transcripts."""
        return {(each.transcript5, each.transcript3): each.molecules for each in self.pairs}

    @property
    def passed(self) -> bool:
        """Whether every filter passed."""
        return all(verdict.passed for verdict in self.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file that was read: its name without folder, size in bytes and SHA-256.

    The sum is None where only parts of the file were read.
    """

    name: str
    bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedLook:
    """What was read of a BAM by its index, and what the index says of the whole.

    `regions` are in samtools' words, 1-based and inclusive, `*` for the reads without a place; what
    the molecules there lead to was read too, with the same margin. The alignments of the whole file
    are None where the index does not count them; `could_miss` says in words what was not read.
    """

    margin_bp: int
    regions: tuple[str, ...]
    mapped_alignments: int | None
    unmapped_beside_mate: int | None
    unmapped_without_place: int | None
    could_miss: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrandCounts:
    """Reads of target and control genes by strand, told for first mates.

    `library` is `first-sense` or `first-antisense` where one strand prevails, `unstranded` where
    none does, and `unknown` for too few reads.
    """

    sense: int = 0
    antisense: int = 0
    library: str = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What was seen in all reads of a sample.

    `fragments` are molecules (pairs, or single reads); `target_reads` and `control_reads` count the
    reads that hold enough k-mers of each gene; `exon_depth` is, by gene and exon, the mean number
    of such reads that hold one of its k-mers. `kept_copies` are kept molecules whose reads begin as
    those of an earlier one. `lanes` counts fragments by the first four fields of their names.
    `failure` tells why a sample could not be read or analysed, and then nothing else is known.

    Of a BAM that was read by its index, `trusted` tells how; then `fragments` are None, as nobody
    counted them, there are no counts by lane and of control genes, and all others are those of what
    was read.
    """

    source: str
    fragments: int | None
    reads: int
    bases: int
    min_read_bp: int
    max_read_bp: int
    median_read_bp: int = 0
    short_reads: int = 0
    low_quality_reads: int = 0
    kept_molecules: int
    kept_copies: int = 0
    target_reads: dict[str, int]
    control_reads: dict[str, int]
    exon_depth: dict[str, dict[str, float]] = field(default_factory=dict)
    lanes: dict[str, int] = field(default_factory=dict)
    strand: StrandCounts = field(default_factory=StrandCounts)
    trusted: TrustedLook | None = None
    inputs: tuple[InputFile, ...]
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptorDepth:
    """Molecules that run over an acceptor of a target as the gene does without a fusion.

    `exon` counts from 1 in the target's reference transcript; `position` is its 0-based first base.
    """

    gene: str
    exon: int
    contig: str
    position: int
    unfused_molecules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentCounts:
    """What was seen in the alignments of the kept molecules; adds up to `records`."""

    records: int = 0
    secondary: int = 0
    quality_failed: int = 0
    unknown_contig: int = 0
    unmapped: int = 0
    primary: int = 0
    supplementary: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CodonDepth:
    """What the molecules of a sample show at one codon of a target.

    `residue` is 1-based in the protein of `transcript`; `places` are the 0-based positions of its
    three bases in the direction of transcription, and `reference` is the genome's codon. `observed`
    counts molecules by codon, `observed_fused` those of them that support a call; `unclear` are
    molecules whose reads disagree or hold an N.
    """

    gene: str
    residue: int
    transcript: str
    contig: str
    places: tuple[int, int, int]
    reference: str
    observed: dict[str, int]
    observed_fused: dict[str, int]
    unclear: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCalls:
    """All that is known of a sample's fusions, before annotation: the content of `calls.json`.

    `settings` are those of the calls; `first_settings` those that the reads were looked at with,
    where the calls were judged anew with others since.
    `insert_sizes` counts the pairs on unfused transcripts of the targets by the length of their
    fragments, in bases.
    """

    schema: int
    sample: str
    fusioncall: str
    settings: Settings
    first_settings: Settings | None = None
    reference: str
    reference_sha256: str
    census: Census
    alignments: AlignmentCounts
    molecules: int
    proposals: int
    normal_splices: int
    calls: tuple[Call, ...]
    codons: tuple[CodonDepth, ...] = ()
    acceptors: tuple[AcceptorDepth, ...] = ()
    insert_sizes: dict[int, int] = field(default_factory=dict)
