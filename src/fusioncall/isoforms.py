"""Which annotated transcripts the molecules of a fusion tell apart.

A read or a mate that runs on from the junction into the exons beside it fits the transcripts that
have these exons, and costs edits on the others. A molecule lies on the pairs of transcripts on
which most of its reads lie with fewest edits: on all of them where it does not reach a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from fusioncall.flanks import kept_blocks
from fusioncall.model import Call, Fusion, Molecule, PairMolecules
from fusioncall.nomenclature import junction_of
from fusioncall.placing import lay
from fusioncall.reference import Reference
from fusioncall.settings import RecountSettings
from fusioncall.transcripts import TranscriptPair, transcript_pairs

MAX_MOLECULES = 200
"""How many molecules of a fusion are laid, at most: split ones first, by their names."""


def with_isoforms(
    call: Call, molecules: Mapping[str, Molecule], reference: Reference, settings: RecountSettings
) -> Call:
    """A call with the molecules of each transcript pair, named by the first of the pairs.

    Args:
        call: one that passed; any other is given back as it is.
        molecules: by name, cut at the ends of their fragments.
        reference: genome and genes.
        settings: how far a fragment reaches, and how many edits a read may have.
    """
    if not call.passed:
        return call
    fusion = call.fusion
    counted = pair_molecules(fusion, molecules, reference, settings)
    pairs = transcript_pairs(fusion, reference, counted)
    if pairs:
        fusion = _named_by(pairs[0], fusion)
    told = tuple(PairMolecules(*names, number) for names, number in sorted(counted.items()))
    return replace(call, fusion=fusion, pairs=told)


def _named_by(pair: TranscriptPair, fusion: Fusion) -> Fusion:
    five, three = (
        replace(side, transcript=end.transcript.id, exon=end.exon, site=end.site)
        for side, end in ((fusion.five, pair.five), (fusion.three, pair.three))
    )
    return replace(fusion, five=five, three=three)


def pair_molecules(
    fusion: Fusion,
    molecules: Mapping[str, Molecule],
    reference: Reference,
    settings: RecountSettings,
) -> dict[tuple[str, str], int]:
    """How many supporting molecules, copies included, lie on each transcript pair of a fusion.

    Args:
        fusion: with the names of its molecules.
        molecules: by name; those that are missing are left out.
        reference: genome and genes.
        settings: how far a fragment reaches, and how many edits a read may have.

    Returns:
        Numbers by the ids of the 5' and the 3' transcript.
    """
    names = (*sorted(fusion.support.split_names), *sorted(fusion.support.spanning_names))
    laid = [molecules[name] for name in names if name in molecules][:MAX_MOLECULES]
    texts = {
        (pair.five.transcript.id, pair.three.transcript.id): _fused(
            pair, fusion, reference, settings
        )
        for pair in transcript_pairs(fusion, reference)
    }
    counts: Counter[str] = Counter()
    for molecule in laid:
        ranks = {text: _rank(molecule, text, settings) for text in set(texts.values())}
        best = min(ranks.values())
        if best < _ON_NOTHING:
            counts.update(text for text, rank in ranks.items() if rank == best)
    return {pair: counts[text] for pair, text in texts.items()}


_ON_NOTHING = (0, 0)


def _rank(molecule: Molecule, text: str, settings: RecountSettings) -> tuple[int, int]:
    """Less is better: more reads that lie on the sequence, then fewer edits."""
    hits = [lay(read.sequence, text, settings) for read in molecule.reads]
    laid = [hit.edits for hit in hits if hit is not None]
    return -len(laid), sum(laid)


def _fused(
    pair: TranscriptPair, fusion: Fusion, reference: Reference, settings: RecountSettings
) -> str:
    """The fused transcript as far as a fragment over the junction reaches."""
    junction, reach = junction_of(fusion), settings.max_fragment_bp
    five, three = (
        reference.transcribed(end.contig, kept_blocks(side.kept, end, reach), strand)
        for side, end, strand in (
            (pair.five, junction.donor, fusion.five.strand),
            (pair.three, junction.acceptor, fusion.three.strand),
        )
    )
    return five + fusion.inserted + three
