"""The 3' kinase genes that are looked for: from `targets.yaml` to genome positions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fusioncall.coords import Strand
from fusioncall.errors import BundleError
from fusioncall.genes import Gene, Transcript, position_at
from fusioncall.settings import Positive, Record, read_yaml


class Helix(Record, frozen=True):
    """The transmembrane helix (residues 1-based, inclusive), and whether a source was read."""

    first_aa: Positive
    last_aa: Positive
    verified: bool


class DomainForm(Record, frozen=True):
    """The domain in the numbering of one protein length (residues 1-based, inclusive)."""

    protein_length_aa: Positive
    first_aa: Positive
    last_aa: Positive
    transcripts: list[str]
    helix: Helix | None = None


class TargetEntry(Record, frozen=True):
    """One gene of `targets.yaml`."""

    gene: str
    gene_ids: list[str]
    protein: str
    domain: str
    domain_forms: list[DomainForm]
    source: str


class TargetPanel(Record, frozen=True):
    """The whole of `targets.yaml`."""

    schema: Literal[1]
    targets: list[TargetEntry]


@dataclass(frozen=True, slots=True)
class Target:
    """A 3' kinase gene on a genome.

    `domain_first` and `domain_last` are the 0-based positions of the first and last coding base of
    the domain in the direction of transcription; `whole` are the ids of the transcripts that code
    for all of it in frame. Residues are 1-based and inclusive, in the numbering of
    `reference_transcript`, also those of `helix`, the transmembrane helix, where it is known.
    """

    gene: Gene
    domain: str
    reference_transcript: str
    protein_length_aa: int
    first_aa: int
    last_aa: int
    domain_first: int
    domain_last: int
    whole: tuple[str, ...]
    source: str
    helix: Helix | None = None

    @property
    def name(self) -> str:
        """The gene's symbol."""
        return self.gene.name

    @property
    def numbering_transcript(self) -> Transcript:
        """The transcript in whose numbers residues and exons are told."""
        return next(t for t in self.gene.transcripts if t.id == self.reference_transcript)

    def keeps_domain(self, transcript: Transcript) -> bool:
        """Whether this transcript of the gene codes for the whole domain."""
        return transcript.id in self.whole

    def is_before_domain(self, position: int) -> bool:
        """Whether the 0-based position is transcribed no later than the domain's first base."""
        if self.gene.strand is Strand.FORWARD:
            return position <= self.domain_first
        return position >= self.domain_first

    def is_within_domain(self, position: int) -> bool:
        """Whether the 0-based position lies between the domain's first and last base."""
        low, high = sorted((self.domain_first, self.domain_last))
        return low <= position <= high


def read_panel(path: Path) -> TargetPanel:
    """Read `targets.yaml`.

    Raises:
        SettingsError: it cannot be read or does not fit.
    """
    return read_yaml(path, TargetPanel)


def place_targets(panel: TargetPanel, genes: Iterable[Gene], gtf: Path) -> tuple[Target, ...]:
    """Find each target in an annotation and its domain on the genome.

    Args:
        panel: the genes to look for.
        genes: all genes of the annotation.
        gtf: where they come from, for the error.

    Raises:
        BundleError: a target, or a transcript that carries its domain, is not in the annotation.
    """
    by_name: dict[str, list[Gene]] = {}
    for gene in genes:
        for key in {gene.name, gene.id.partition(".")[0]}:
            by_name.setdefault(key, []).append(gene)
    return tuple(_place(entry, by_name, gtf) for entry in panel.targets)


def _place(entry: TargetEntry, by_name: dict[str, list[Gene]], gtf: Path) -> Target:
    names = (entry.gene, *entry.gene_ids)
    places = [gene for name in names for gene in by_name.get(name, [])]
    if not places:
        raise BundleError(
            f"has no gene {entry.gene} (looked for {', '.join(names)}) on the genome's contigs",
            where=gtf,
            cure="Use an annotation and FASTA with this gene, or take it out of targets.yaml",
        )
    for form in entry.domain_forms:
        if not form.first_aa <= form.last_aa <= form.protein_length_aa:
            span = f"{form.first_aa} to {form.last_aa} of {form.protein_length_aa}"
            what = f"the {entry.domain} domain of {entry.gene} cannot be residues {span}"
            raise BundleError(what, cure="Mend the domain_forms of this gene in targets.yaml")
        for gene in places:
            carrier = _carrier(gene, form)
            if carrier is not None:
                return _target(entry, gene, form, carrier)
    lengths = sorted({t.coding_length_bp // 3 for gene in places for t in gene.transcripts})
    raise BundleError(
        f"no transcript of {entry.gene} has a protein length that targets.yaml knows "
        f"(codons found: {lengths})",
        where=gtf,
        cure="Add a domain_forms entry for one of its transcripts to targets.yaml",
    )


def _carrier(gene: Gene, form: DomainForm) -> Transcript | None:
    """The transcript that the form's residue numbers refer to, by accession or by length."""
    fitting = [each for each in gene.transcripts if _has_length(each, form.protein_length_aa)]
    for accession in form.transcripts:
        for transcript in fitting:
            if transcript.accession == accession:
                return transcript
    return min(fitting, key=lambda each: (not each.is_primary, each.id), default=None)


def _has_length(transcript: Transcript, length_aa: int) -> bool:
    """Whether it codes for so many residues; annotations differ in counting the stop codon."""
    codons, rest = divmod(transcript.coding_length_bp, 3)
    return rest == 0 and codons in {length_aa, length_aa + 1}


def _target(entry: TargetEntry, gene: Gene, form: DomainForm, carrier: Transcript) -> Target:
    blocks = carrier.coding_blocks
    first = position_at(blocks, 3 * (form.first_aa - 1), carrier.strand)
    last = position_at(blocks, 3 * form.last_aa - 1, carrier.strand)
    whole = tuple(each.id for each in gene.transcripts if _codes_for(each, first, last))
    return Target(
        gene=gene,
        domain=entry.domain,
        reference_transcript=carrier.id,
        protein_length_aa=form.protein_length_aa,
        first_aa=form.first_aa,
        last_aa=form.last_aa,
        domain_first=first,
        domain_last=last,
        whole=whole,
        source=entry.source,
        helix=form.helix,
    )


def _codes_for(transcript: Transcript, first: int, last: int) -> bool:
    """Whether the domain's first base begins a codon of the transcript and its last ends one."""
    offset_first = transcript.coding_offset(first)
    offset_last = transcript.coding_offset(last)
    if offset_first is None or offset_last is None:
        return False
    phase = transcript.cds_phase
    return (offset_first - phase) % 3 == 0 and (offset_last - phase) % 3 == 2
