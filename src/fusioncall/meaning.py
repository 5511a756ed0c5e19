"""What a call means: its transcripts, frame, protein and names. From the junction and the genes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from fusioncall.model import Fusion
from fusioncall.nomenclature import (
    breakends_text,
    hgnc_name,
    hgvs_rna,
    junction_of,
    vicc_name,
)
from fusioncall.protein import Frame, Protein, read_protein
from fusioncall.reference import Reference
from fusioncall.retained import (
    Domain,
    KeptHelix,
    Residues,
    kept_domain,
    kept_helix,
    kept_residues,
)
from fusioncall.targets import Target
from fusioncall.transcripts import (
    TranscriptEnd,
    TranscriptPair,
    target_of,
    transcript_ends,
    transcript_pairs,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairMeaning:
    """A junction in one pair of transcripts.

    `residues5` and `residues3` are those of each transcript's own protein that are still coded for;
    `domain` is what is left of the target's domain; `molecules` lie on the pair, None where they
    were not counted. `helix` is what is left of the target's transmembrane helix, None where its
    place is not known.
    """

    pair: TranscriptPair
    molecules: int | None
    protein: Protein
    residues5: Residues
    residues3: Residues
    domain: Domain
    helix: KeptHelix | None
    hgvs: str
    vicc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a junction means, in every pair of transcripts that it can join.

    `pairs` begins with the preferred one (`transcripts.transcript_pairs`), and is empty where a
    side lies outside of genes or against its gene. `hgnc`, `vicc` and `breakends` are its names.
    """

    hgnc: str
    vicc: str
    breakends: str
    pairs: tuple[PairMeaning, ...]

    @property
    def first(self) -> PairMeaning | None:
        """The preferred pair."""
        return self.pairs[0] if self.pairs else None

    @property
    def frames(self) -> tuple[tuple[Frame, int], ...]:
        """How many pairs have which frame, most first."""
        counts = Counter(each.protein.frame for each in self.pairs)
        return tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0].value)))


def interpret(
    fusion: Fusion,
    reference: Reference,
    molecules: Mapping[tuple[str, str], int] | None = None,
    *,
    every_pair: bool = True,
) -> Meaning:
    """Say what a named junction means.

    Args:
        fusion: the junction with its genes.
        reference: the genome and genes that it was called on.
        molecules: that lie on each pair, by the ids of both transcripts, where they were counted.
        every_pair: whether to look at all transcript pairs, which can be hundreds, or at the
            preferred one only.
    """
    pairs = transcript_pairs(fusion, reference, molecules)
    chosen = pairs if every_pair else pairs[:1]
    meanings = tuple(_pair_meaning(pair, fusion, reference, molecules or {}) for pair in chosen)
    return Meaning(
        hgnc=hgnc_name(fusion),
        vicc=meanings[0].vicc if meanings else _half_known(fusion, reference),
        breakends=breakends_text(reference.manifest.name, junction_of(fusion)),
        pairs=meanings,
    )


def _half_known(fusion: Fusion, reference: Reference) -> str:
    """The VICC name of a junction with a side that is in no gene, or against it."""
    five = transcript_ends(fusion.five, reference, is_donor=True)
    three = transcript_ends(fusion.three, reference, is_donor=False)
    return vicc_name(_first(five), fusion.inserted, _first(three))


def _first(ends: tuple[TranscriptEnd, ...]) -> TranscriptEnd | None:
    return ends[0] if ends else None


def _pair_meaning(
    pair: TranscriptPair,
    fusion: Fusion,
    reference: Reference,
    molecules: Mapping[tuple[str, str], int],
) -> PairMeaning:
    enters = target_of(fusion.three.gene_id, reference.targets)
    leaves = target_of(fusion.five.gene_id, reference.targets)
    end, target = _target_side(pair, enters, leaves)
    return PairMeaning(
        pair=pair,
        molecules=molecules.get((pair.five.transcript.id, pair.three.transcript.id)),
        protein=read_protein(pair, fusion.inserted, enters, reference),
        residues5=kept_residues(pair.five, is_donor=True),
        residues3=kept_residues(pair.three, is_donor=False),
        domain=kept_domain(end, target),
        helix=kept_helix(end, target),
        hgvs=hgvs_rna(pair, fusion.inserted),
        vicc=vicc_name(pair.five, fusion.inserted, pair.three),
    )


def _target_side(
    pair: TranscriptPair, enters: Target | None, leaves: Target | None
) -> tuple[TranscriptEnd, Target]:
    """The side in the target whose domain matters: the 3' side if it lies in one."""
    if enters is not None:
        return pair.three, enters
    if leaves is not None:
        return pair.five, leaves
    message = "a junction without a target gene has no domain"
    raise ValueError(message)
