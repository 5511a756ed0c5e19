"""What is measured: the series of the full benchmark and of the quick one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.common import Library
from benchmarks.hard_world import PSEUDOGENES_PERCENT
from benchmarks.planted import Case, Shape, annotated_cases, shaped_cases
from benchmarks.recall import (
    ANCHOR_RANGES,
    BASE,
    LAYOUTS,
    Mix,
    Series,
    with_long_fragments,
    with_short_fragments,
)

from fusioncall.world import World

GRID = "grid"
SPLIT = "split"
FACTORS = "factors"
SHAPES = "shapes"
SHORT_ANCHORS = "anchors"

PER_ACCEPTOR = 24
"""Junctions of each acceptor in the full benchmark: the partner genes' exons in turn."""

ALL_SIZES = (1, 2, 3, 5, 10, 30)
BY_LAYOUT = {library.layout: library for library in LAYOUTS}


def plan(
    world: World, per_acceptor: int = PER_ACCEPTOR, sizes: tuple[int, ...] = ALL_SIZES
) -> list[Series]:
    """All series; with fewer junctions per acceptor and sizes the same plan on a smaller scale."""
    base = tuple(annotated_cases(world, per_acceptor))
    third = base[::3]
    series = [
        *_grid(base),
        *_factors(third, world, per_acceptor),
        *_shapes(world, base, max(1, len(base) // 3)),
        *_anchors(third),
    ]
    return [
        replace(each, sizes=tuple(size for size in each.sizes if size in sizes)) for each in series
    ]


def _grid(base: tuple[Case, ...]) -> Iterator[Series]:
    """Read length against number of molecules, on annotated junctions."""
    for library in LAYOUTS:
        yield Series(GRID, library.layout, base, library, ALL_SIZES)
        if library.is_paired:
            yield Series(SPLIT, library.layout, base, library, (1, 2, 3), Mix.SPLIT)


def _factors(cases: tuple[Case, ...], world: World, per_acceptor: int) -> Iterator[Series]:
    """One factor at a time around 2x75, 0.1 % errors and fragments of 250 bases; then corners."""
    noisy = replace(BASE, error_rate=0.01)
    libraries = {
        "2x75 (base)": BASE,
        "2x75, 1 % errors": noisy,
        "2x75, short fragments": with_short_fragments(BASE),
        "2x75, long fragments": with_long_fragments(BASE),
        "2x75, 1 % errors, short fragments": with_short_fragments(noisy),
        "2x75, 1 % errors, long fragments": with_long_fragments(noisy),
        "2x50, 1 % errors": replace(BY_LAYOUT["2x50"], error_rate=0.01),
        "2x101, 1 % errors": replace(BY_LAYOUT["2x101"], error_rate=0.01),
        "2x101, short fragments": with_short_fragments(BY_LAYOUT["2x101"]),
        "2x150, 1 % errors": replace(BY_LAYOUT["2x150"], error_rate=0.01),
        "2x150, short fragments": with_short_fragments(BY_LAYOUT["2x150"]),
        "1x75, 1 % errors": replace(BY_LAYOUT["1x75"], error_rate=0.01),
        "1x101, short fragments": with_short_fragments(BY_LAYOUT["1x101"]),
        "2x101, short fragments, adapters": _with_adapters("2x101"),
        "2x150, short fragments, adapters": _with_adapters("2x150"),
        "1x101, short fragments, adapters": _with_adapters("1x101"),
    }
    for name, library in libraries.items():
        yield Series(FACTORS, name, cases, library, (2, 3, 5, 10))
    name = "2x75, with wild type of both genes"
    yield Series(FACTORS, name, cases, BASE, (2, 3, 5, 10), has_wild_type=True)
    copied = tuple(annotated_cases(world, max(1, per_acceptor // 3), list(PSEUDOGENES_PERCENT)))
    name = "2x75, partner has a processed pseudogene"
    yield Series(FACTORS, name, copied, BASE, (2, 3, 5, 10), bench="hard")


def _with_adapters(layout: str) -> Library:
    """Short fragments with all that is read behind their ends."""
    return replace(with_short_fragments(BY_LAYOUT[layout]), has_adapters=True)


def _shapes(world: World, base: tuple[Case, ...], count: int) -> Iterator[Series]:
    """The junctions that are not plain joins of annotated exons."""
    for shape in Shape:
        if shape is Shape.ANNOTATED:
            continue
        cases = tuple(shaped_cases(world, shape, base, count))
        for layout in ("2x75", "2x150"):
            yield Series(
                SHAPES, f"{shape.value}, {layout}", cases, BY_LAYOUT[layout], (2, 3, 5, 10)
            )


def _anchors(cases: tuple[Case, ...]) -> Iterator[Series]:
    """Only split reads whose shorter side has so many bases."""
    for low, high in ANCHOR_RANGES:
        name = f"2x101, shorter side {low} to {high} bases"
        library = BY_LAYOUT["2x101"]
        yield Series(SHORT_ANCHORS, name, cases, library, (1, 2, 3), Mix.SPLIT, (low, high))


def chunks(series: list[Series], size: int) -> Iterator[tuple[int, Series]]:
    """Parts of each series, with its index: what one task measures."""
    for index, each in enumerate(series):
        for start in range(0, len(each.cases), size):
            yield index, replace(each, cases=each.cases[start : start + size])
