"""Measure what the screen keeps, and write the table of docs/algorithm.md.

python -m benchmarks.sensitivity            about three minutes
python -m benchmarks.sensitivity --quick    a look at it

A read of 100 bases ends with some bases of a target, from an annotated acceptor on or from any
coding base on; all before them, and its mate, is unrelated. Half of the reads are turned, so that
the target's bases come first. Errors are substitutions. What is kept of such reads is compared
with what is kept of unrelated pairs: random sequence and transcripts of other genes.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.common import Bench, default_settings

from fusioncall.kmers import TIP_BP
from fusioncall.model import Molecule, Read, ReadNumber
from fusioncall.sequence import reverse_complement
from fusioncall.world import World, build_world

CHECKOUT = Path(__file__).parents[1]
PAGE = CHECKOUT / "docs" / "algorithm.md"
ANCHORS = (10, 12, 15, 18, 20, 25, 30)
ERRORS = (0.0, 0.001, 0.005, 0.01)
READ_BP = 100
_DECIDING_ERROR = 0.005

Keeps = Callable[[Sequence[str]], list[bool]]
"""Whether each of some reads is kept by itself."""


@dataclass(frozen=True, slots=True)
class Design:
    """A way to choose reads, with its name for the table."""

    name: str
    keeps: Keeps


def designs(world: World, shipped: Keeps) -> Iterator[Design]:
    """The screen as it is, and simpler ones by sets of k-mers."""
    baits = list(_baits(world))
    tips = _tips(world)
    for kmer_bp, hits in ((13, 1), (13, 3), (15, 1), (15, 2), (17, 1), (18, 1)):
        words = {text[i : i + kmer_bp] for text in baits for i in range(len(text) - kmer_bp + 1)}
        words |= {reverse_complement(word) for word in words}
        name = f"k {kmer_bp}, {hits} {'hit' if hits == 1 else 'hits'}"
        yield Design(name, _by_words(words, kmer_bp, hits, frozenset()))
        if (kmer_bp, hits) == (15, 1):
            yield Design(f"{name}, exon starts", _by_words(words, kmer_bp, hits, tips))
    yield Design("the screen", shipped)


def _by_words(words: set[str], size: int, hits: int, tips: frozenset[str]) -> Keeps:
    def keeps(reads: Sequence[str]) -> list[bool]:
        return [
            sum(read[i : i + size] in words for i in range(len(read) - size + 1)) >= hits
            or read[-TIP_BP:] in tips
            or reverse_complement(read[:TIP_BP]) in tips
            for read in reads
        ]

    return keeps


def _baits(world: World) -> Iterator[str]:
    for transcript in world.transcripts:
        if transcript.role == "target":
            yield world.coding_sequence(transcript)


def _tips(world: World) -> frozenset[str]:
    return frozenset(
        text[start : start + TIP_BP] for text in _exon_starts(world) for start in range(5)
    )


def _exon_starts(world: World) -> Iterator[str]:
    """The coding sequence from each acceptor on."""
    for transcript in world.transcripts:
        if transcript.role != "target":
            continue
        coding = world.coding_sequence(transcript)
        at = 0
        for number, (_, part) in enumerate(transcript.coding_exons):
            if number and len(coding) - at >= max(ANCHORS):
                yield coding[at:]
            at += part.end - part.start


def _anchored(
    texts: Sequence[str], anchor_bp: int, error: float, amount: int, random: Random
) -> list[str]:
    reads = []
    for number in range(amount):
        before = "".join(random.choices("ACGT", k=READ_BP - anchor_bp))
        read = before + texts[number % len(texts)][:anchor_bp]
        bases = [
            random.choice("ACGT".replace(base, "")) if random.random() < error else base
            for base in read
        ]
        read = "".join(bases)
        reads.append(reverse_complement(read) if number % 2 else read)
    return reads


def _anywhere(world: World, random: Random, amount: int) -> list[str]:
    baits = list(_baits(world))
    picked = random.choices(baits, weights=[len(bait) for bait in baits], k=amount)
    places = ((bait, random.randrange(len(bait) - max(ANCHORS))) for bait in picked)
    return [bait[place:] for bait, place in places]


def _strangers(world: World, random: Random, pairs: int) -> list[str]:
    """Reads of unrelated pairs: one half random, one half of the other genes' transcripts."""
    others = [world.sequence(each) for each in world.transcripts if each.role != "target"]
    others = [text for text in others if len(text) > 400]
    reads = []
    for number in range(pairs):
        if number % 2:
            text = random.choice(others)
            start = random.randrange(len(text) - 300)
            fragment = text[start : start + 300]
        else:
            fragment = "".join(random.choices("ACGT", k=300))
        reads += [fragment[:READ_BP], reverse_complement(fragment[-READ_BP:])]
    return reads


def measure(scale: int) -> str:
    """The tables, as Markdown."""
    world = build_world()
    random = Random(4)
    settings = default_settings()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(world, Path(folder) / "bench", settings)

        def shipped(reads: Sequence[str]) -> list[bool]:
            made = [
                Molecule(str(number), (Read(ReadNumber.SINGLE, read, "", ()),))
                for number, read in enumerate(reads)
            ]
            kept = {each.name for each in bench.screened(made)}
            return [each.name in kept for each in made]

        known = list(designs(world, shipped))
    starts = list(_exon_starts(world))
    anywhere = _anywhere(world, random, 20 * scale)
    strangers = _strangers(world, random, 200 * scale)
    rows = ["| design | " + " | ".join(f"{bp} bp" for bp in ANCHORS) + " | unrelated pairs kept |"]
    rows.append("| --- |" + " --- |" * (len(ANCHORS) + 1))
    for design in known:
        shares = [
            _share(design.keeps(_anchored(starts, bp, _DECIDING_ERROR, 20 * scale, random)))
            for bp in ANCHORS
        ]
        marks = design.keeps(strangers)
        pairs = [one or other for one, other in zip(marks[::2], marks[1::2], strict=True)]
        rows.append(f"| {design.name} | " + " | ".join(shares) + f" | {_share(pairs, 3)} |")
    rows += ["", "| errors | from | " + " | ".join(f"{bp} bp" for bp in ANCHORS) + " |"]
    rows.append("| --- | --- |" + " --- |" * len(ANCHORS))
    for error in ERRORS:
        for name, texts in (("an exon's start", starts), ("any base", anywhere)):
            shares = [
                _share(shipped(_anchored(texts, bp, error, 100 * scale, random)), 2)
                for bp in ANCHORS
            ]
            rows.append(f"| {100 * error:g} % | {name} | " + " | ".join(shares) + " |")
    return "\n".join(rows) + "\n"


def _share(marks: Sequence[bool], digits: int = 1) -> str:
    return f"{100 * sum(marks) / len(marks):.{digits}f} %"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables between their two marks in docs/algorithm.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few reads, to standard output")
    args = parser.parse_args(argv)
    tables = measure(10 if args.quick else 300)
    if args.quick:
        sys.stdout.write(tables)
        return 0
    text = PAGE.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- sensitivity -->\n\n).*?(<!-- end -->)", re.DOTALL)
    renewed = marked.sub(lambda found: f"{found[1]}{tables}\n{found[2]}", text)
    PAGE.write_text(renewed, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
