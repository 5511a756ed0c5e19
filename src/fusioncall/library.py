"""How a user's own reads look: their lengths and qualities, and how long their fragments are.

Fragments are measured on the transcripts of the control genes: where both mates of a pair begin
with 25 bases of one transcript, facing each other, the distance is the fragment's length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import pysam

from fusioncall.errors import InputError
from fusioncall.genes import Gene, Transcript
from fusioncall.reference import Reference
from fusioncall.screen import ReadFiles
from fusioncall.sequence import reverse_complement, words

MAX_FRAGMENTS = 200_000
"""How many fragments of each lane are looked at, from its beginning."""
MIN_MEASURED = 50
"""Fragments from which lengths are told."""
_SEED_BP = 25
_MAX_FRAGMENT_BP = 2000


@dataclass(frozen=True, slots=True)
class Library:
    """What reads of a library look like.

    `qualities` are the Phred+33 texts of the reads of some fragments, one or two each; their
    lengths are those of the reads. `fragments_bp` are lengths of fragments; `sense_share` is the
    share of fragments whose first read shows the transcript.
    """

    qualities: tuple[tuple[str, ...], ...]
    fragments_bp: tuple[int, ...]
    sense_share: float

    @property
    def is_paired(self) -> bool:
        """Whether a fragment has two reads."""
        return len(self.qualities[0]) == 2


def measure(files: ReadFiles, reference: Reference, *, with_lengths: bool = True) -> Library:
    """Look at the first fragments of each lane.

    Args:
        files: FASTQ.
        reference: its control genes.
        with_lengths: whether the lengths of fragments are wanted, which take paired reads.

    Raises:
        InputError: a file cannot be read, or too few pairs lie on the control genes.
    """
    starts = _starts(reference)
    qualities: list[tuple[str, ...]] = []
    lengths: list[int] = []
    sense = placed = 0
    for reads in _fragments(files):
        qualities.append(tuple(quality for _, quality in reads))
        found = _on_transcript([bases for bases, _ in reads], starts)
        if found is not None:
            is_sense, length = found
            placed += 1
            sense += is_sense
            if length is not None:
                lengths.append(length)
    if not qualities:
        raise InputError("holds no reads", where=files.first[0], cure="Give the FASTQ of a sample")
    if with_lengths and len(lengths) < MIN_MEASURED:
        what = f"only {len(lengths)} pairs lie on control genes, {MIN_MEASURED} tell the lengths"
        cure = "Give the length of the fragments: --fragment-mean and --fragment-sd"
        raise InputError(what, where=files.first[0], cure=cure)
    share = sense / placed if placed >= MIN_MEASURED else 0.5
    return Library(tuple(qualities), tuple(lengths), share)


def _fragments(files: ReadFiles) -> Iterator[list[tuple[str, str]]]:
    """Bases and qualities of the reads of each fragment."""
    for lane in files.lanes:
        try:
            with_mates = zip(*(_records(str(path)) for path in lane), strict=False)
            for mates in islice(with_mates, MAX_FRAGMENTS):
                yield list(mates)
        except (OSError, ValueError) as error:
            what = f"cannot be read: {error}"
            raise InputError(what, where=lane[0], cure="Give whole FASTQ files") from error


def _records(path: str) -> Iterator[tuple[str, str]]:
    with pysam.FastxFile(path, persist=False) as reads:
        for read in reads:
            bases = read.sequence or ""
            yield bases.upper(), read.quality or "I" * len(bases)


def preferred(gene: Gene, reference: Reference) -> Transcript:
    """The transcript that stands for a gene: a target's own, a primary, a coding, the longest."""
    own = {target.gene.id: target.reference_transcript for target in reference.targets}
    return min(
        gene.transcripts,
        key=lambda each: (
            each.id != own.get(gene.id),
            not each.is_primary,
            each.cds is None,
            -sum(end - start for start, end in each.exons),
            each.id,
        ),
    )


def _starts(reference: Reference) -> dict[str, tuple[int, int, bool]]:
    """Words of the control genes' transcripts: which one, where, and whether in sense.

    The place is that of the word's first base as it is read, from the transcript's beginning.
    """
    found: dict[str, tuple[int, int, bool]] = {}
    double: set[str] = set()
    for number, text in enumerate(_control_texts(reference)):
        for place, word in enumerate(words(text, _SEED_BP)):
            turned = reverse_complement(word)
            for each, entry in (
                (word, (number, place, True)),
                (turned, (number, place + _SEED_BP, False)),
            ):
                if each in found:
                    double.add(each)
                found[each] = entry
    return {word: entry for word, entry in found.items() if word not in double}


def _control_texts(reference: Reference) -> Iterable[str]:
    for name in reference.kmers.names[len(reference.targets) :]:
        for gene in reference.genes_called(name)[:1]:
            transcript = preferred(gene, reference)
            yield reference.transcribed(gene.contig, transcript.exons, gene.strand)


def _on_transcript(
    reads: Sequence[str], starts: Mapping[str, tuple[int, int, bool]]
) -> tuple[bool, int | None] | None:
    """Whether the first read shows a control transcript, and the fragment's length if known."""
    places = [starts.get(read[:_SEED_BP]) for read in reads]
    first = places[0]
    if first is None:
        return None
    second = places[1] if len(places) == 2 else None
    if second is None or second[0] != first[0] or second[2] is first[2]:
        return first[2], None
    left, right = (first, second) if first[2] else (second, first)
    length = right[1] - left[1]
    return first[2], length if _SEED_BP <= length <= _MAX_FRAGMENT_BP else None
