"""What an index of exons loses, and calls wrongly, against one of the whole genome.

python -m benchmarks.index_kinds           prints the tables (some 20 minutes)
python -m benchmarks.index_kinds --quick   a look at it

The worlds are those of `benchmarks.accuracy`, but with introns of human length, for in the small
ones an exon is never far. Both kinds of index get the same reads.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from benchmarks.common import Bench, Template, default_settings, seeded
from benchmarks.hard_world import IDENTITIES_PERCENT, hard_world, paralogue_name, wide_world
from benchmarks.human_size import stretched
from benchmarks.negatives import (
    LIBRARIES,
    NEGATIVES,
    TARGETS,
    Negative,
    NegativeTally,
    measure_sample,
)
from benchmarks.planted import Case, Shape, annotated_cases, exact_places, shaped_cases
from benchmarks.recall import BASE, Series, Tally, measure

from fusioncall.coords import parse_breakpoint
from fusioncall.errors import SettingsError
from fusioncall.plants import Molecules, fused_parts, parse_fusion
from fusioncall.world import World, build_world

log = logging.getLogger("benchmarks.index_kinds")

KINDS = ("genome", "exons")
MOLECULES = (3, 10)
_SHAPES = (
    Shape.ANNOTATED,
    Shape.EXON5,
    Shape.EXON3,
    Shape.INTRON5,
    Shape.INTRON3,
    Shape.INSERTED,
)
_COUNTED = ("candidates", "false calls")
_DEEP_BP = (1_000, 5_000)
_UNANNOTATED = tuple(f"PARTNER{number}" for number in range(1, 13))


@dataclass(frozen=True, slots=True)
class Scale:
    """Junctions of each shape, and samples of each kind of negative."""

    junctions: int
    samples: int
    every: int


FULL = Scale(30, 2, 4)
QUICK = Scale(4, 1, 10)


def open_bench(world: World, folder: Path, index: str, unannotated: Sequence[str] = ()) -> Bench:
    """A world with an index of this kind; some of its genes are missing from the annotation."""
    settings = default_settings()
    made = msgspec.structs.replace(settings.reference, index=index)
    told = tuple(each for each in world.transcripts if each.gene not in unannotated)
    bench = Bench(
        World(world.genome, told), folder, msgspec.structs.replace(settings, reference=made)
    )
    bench.world = world
    return bench


def deep_cases(world: World, base: Sequence[Case], count: int, *, of_target: bool) -> list[Case]:
    """Junctions of `base` that lie deep in an intron of the partner, or of the target."""
    cases: list[Case] = []
    for case in base:
        five, three = case.text.split("-")
        offset = int(seeded("deep", case.text).integers(*_DEEP_BP))
        text = f"{five}-{three}{-offset:+d}" if of_target else f"{five}{offset:+d}-{three}"
        try:
            plant = parse_fusion(world, text, Molecules())
        except SettingsError:  # it lies outside of the gene
            continue
        place = plant.breakpoint3 if of_target else plant.breakpoint5
        if len(cases) < count and _is_deep(world, place):
            left, inserted, right = fused_parts(world, plant)
            template = Template(left + inserted + right, len(left), len(left) + len(inserted))
            cases.append(Case(text, template, exact_places(world, plant), plant.gene5))
    return cases


def _is_deep(world: World, breakpoint: str) -> bool:
    contig, position, _ = parse_breakpoint(breakpoint)
    exons = (exon for each in world.transcripts for exon in each.exons if exon.contig == contig)
    return all(max(e.start - position, position - e.end) >= _DEEP_BP[0] for e in exons)


def recall_rows(folder: Path, scale: Scale) -> Iterator[str]:
    """Junctions called, of those planted, with either kind of index."""
    world = stretched(wide_world(build_world()))
    base = annotated_cases(world, 2 + scale.junctions // 4)
    by_name = {shape.value: shaped_cases(world, shape, base, scale.junctions) for shape in _SHAPES}
    size = scale.junctions
    deep = "1 to 5 kb from the exon, in a {} intron"
    by_name[deep.format("partner")] = deep_cases(world, base, size, of_target=False)
    by_name[deep.format("target")] = deep_cases(world, base, size, of_target=True)
    hidden = annotated_cases(world, 2 + size // 8, _UNANNOTATED)[:size]
    benches = {kind: open_bench(world, folder / kind, kind) for kind in KINDS}
    without = {
        kind: open_bench(world, folder / f"without-{kind}", kind, _UNANNOTATED) for kind in KINDS
    }
    columns = [f"{kind}, {count} molecules" for count in MOLECULES for kind in KINDS]
    yield f"| junction | planted | {' | '.join(columns)} | called elsewhere: genome, exons |"
    yield f"| --- | --- |{' --- |' * (len(columns) + 1)}"
    for name, cases in by_name.items():
        yield _recall_row(name, cases, benches)
    yield _recall_row("of a partner that the annotation lacks", hidden, without)


def _recall_row(name: str, cases: Sequence[Case], benches: dict[str, Bench]) -> str:
    series = Series("index", name, tuple(cases), BASE, MOLECULES)
    tallies = {kind: measure(bench, series) for kind, bench in benches.items()}
    cells = [_share(tallies[kind][count]) for count in MOLECULES for kind in KINDS]
    wrong = [str(sum(each.elsewhere for each in tallies[kind].values())) for kind in KINDS]
    for kind in KINDS:
        for count in MOLECULES:
            for example in tallies[kind][count].examples:
                log.info("%s %s %d: %s", name, kind, count, example)
    return f"| {name} | {len(cases)} | {' | '.join(cells)} | {', '.join(wrong)} |"


def _share(tally: Tally) -> str:
    if not tally.planted:
        return "-"
    called, reported = (100 * each / tally.planted for each in (tally.exact, tally.seen))
    return f"{called:.0f} %" + (f" (+{reported:.0f} %)" if reported else "")


def negative_rows(folder: Path, scale: Scale) -> Iterator[str]:
    """False calls with either kind of index."""
    world = stretched(hard_world(build_world()))
    paralogues = [paralogue_name(name, each) for name in TARGETS for each in IDENTITIES_PERCENT]
    benches = {kind: open_bench(world, folder / kind, kind) for kind in KINDS}
    without = {
        kind: open_bench(world, folder / f"without-{kind}", kind, paralogues) for kind in KINDS
    }
    columns = ("sample without a fusion", "samples", *(f"{x}: genome, exons" for x in _COUNTED))
    yield f"| {' | '.join(columns)} |"
    yield "| --- | --- | --- | --- |"
    for each in NEGATIVES:
        if not (each.is_large or each.has_true_calls):
            yield _negative_row(each, benches, scale)
    for each in NEGATIVES:
        if "paralogues" in each.name:
            name = f"{each.name}, which the annotation lacks"
            yield _negative_row(replace(each, name=name), without, scale)


def _negative_row(negative: Negative, benches: dict[str, Bench], scale: Scale) -> str:
    every = scale.every if negative.is_deep else 1
    tallies = {kind: NegativeTally() for kind in KINDS}
    for kind, bench in benches.items():
        for library in LIBRARIES:
            for number in range(min(negative.samples, scale.samples)):
                tallies[kind].add(measure_sample(bench, negative, library, number, every))
        for example in tallies[kind].examples:
            log.info("%s %s", kind, example)
    found = ", ".join(str(tallies[kind].candidates) for kind in KINDS)
    wrong = ", ".join(str(tallies[kind].false_calls) for kind in KINDS)
    return f"| {negative.name} | {tallies['exons'].samples} | {found} | {wrong} |"


def tables(scale: Scale) -> Iterator[str]:
    """Both tables, as Markdown."""
    parts: tuple[tuple[str, Callable[[Path, Scale], Iterator[str]]], ...] = (
        ("recall", recall_rows),
        ("negatives", negative_rows),
    )
    for name, rows in parts:
        with tempfile.TemporaryDirectory() as folder:
            yield from rows(Path(folder) / name, scale)
        yield ""


def main(argv: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few junctions and samples")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    logging.getLogger("fusioncall").setLevel(logging.WARNING)
    for line in tables(QUICK if args.quick else FULL):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
