"""Measure how carry-over between samples is told from own fusions, and write docs/carry_over.md.

python -m benchmarks.carry_over

Lanes are simulated as counts of molecules: fragments of a fusion, copies included, of which some
get the name of another sample. Judgement and comparison of the samples are those of the program.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.common import (
    Random,
    default_settings,
    seeded,
    settings_digest,
    share_text,
    table_lines,
)

from fusioncall.carry_over import compare, with_carry_over
from fusioncall.coords import Strand
from fusioncall.evaluate import Proportion
from fusioncall.files import whole_file
from fusioncall.filters import judge
from fusioncall.model import (
    AlignmentCounts,
    Census,
    Fusion,
    FusionClass,
    Partner,
    SampleCalls,
    Site,
    Support,
)
from fusioncall.settings import Settings

CHECKOUT = Path(__file__).parents[1]
LANES = 300
FRAGMENTS = 1_000_000
SIZE_SPREAD = 0.5
"""Standard deviation of the logarithm of a sample's fragments."""
SPLIT_SHARE = 0.7
COPIES = 0.5
"""Further copies of a molecule, on average."""

RATES = (0.002, 0.006, 0.025, 0.06)
POOLS = (8, 24, 96)
SOURCES = (30, 300, 2000)
OWN = (3, 5, 10, 30, 100)
DROPS = (0.0005, 0.002, 0.005, 0.02)
MEASURED_RATE = 0.006
"""Index hopping in lanes in which own fusions and drops are looked at."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane of samples, the first of which has a fusion.

    Args:
        samples: how many.
        source: molecules of the fusion in the first one, in a sample of average size.
        rate: share of all fragments that are read under the name of another sample.
        own: molecules of the same fusion in the second one, its own.
        drop: share of the second one's fragments that are the first one's.
    """

    samples: int
    source: int
    rate: float
    own: int = 0
    drop: float = 0.0


@dataclass(slots=True)
class Tally:
    """What was seen in all lanes of a kind.

    `carried` samples have the fusion under their name and not by themselves. Of these, `called`
    would be DETECTED if nothing was compared, `missed` are so all the same. Of `owners`, second
    samples with a fusion of their own that is called, so many are `suspected` when compared.
    """

    carried: int = 0
    called: int = 0
    missed: int = 0
    owners: int = 0
    suspected: int = 0


def measure(lane: Lane, settings: Settings, lanes: int = LANES) -> Tally:
    """Simulate lanes of a kind, and count both errors."""
    tally = Tally()
    random = seeded("carry-over", *(getattr(lane, name) for name in Lane.__slots__))
    for _ in range(lanes):
        samples = _samples(lane, settings, random)
        found = compare(samples, settings.carry_over, is_run=False)
        for number, each in enumerate(samples[1:], start=1):
            if not each.calls or (lane.drop and number > 1):
                continue
            alone = each.calls[0].passed
            (judged,) = with_carry_over(each.calls, found.samples[each.sample])
            if number == 1 and lane.own:
                tally.owners += alone
                tally.suspected += alone and not judged.passed
            else:
                tally.carried += 1
                tally.called += alone
                tally.missed += judged.passed
    return tally


def _samples(lane: Lane, settings: Settings, random: Random) -> list[SampleCalls]:
    """The samples of a lane as `fusioncall call` leaves them."""
    sizes = (FRAGMENTS * random.lognormal(0, SIZE_SPREAD, lane.samples)).astype(int)
    held: list[list[int]] = [[] for _ in sizes]
    mean = lane.source * sizes[0] / FRAGMENTS
    parts = [(0, int(random.poisson(mean))), (1, lane.own)]
    parts.append((1, int(random.poisson(mean * lane.drop * sizes[1] / sizes[0]))))
    molecule = 0
    for owner, count in parts:
        for copies in (1 + random.poisson(COPIES, count)).tolist():
            molecule += 1
            for _ in range(copies):
                held[_name_of(owner, lane.rate, sizes, random)].append(molecule)
    return [
        _sample(f"S{number:03}", int(size), molecules, settings)
        for number, (size, molecules) in enumerate(zip(sizes, held, strict=True))
    ]


def _name_of(owner: int, rate: float, sizes: Sequence[int], random: Random) -> int:
    """The sample under whose name a fragment is read: seldom another, the larger the likelier."""
    if random.random() >= rate:
        return owner
    weights = [0 if number == owner else size for number, size in enumerate(sizes)]
    total = sum(weights)
    return int(random.choice(len(sizes), p=[weight / total for weight in weights]))


def _sample(name: str, fragments: int, held: Sequence[int], settings: Settings) -> SampleCalls:
    molecules = set(held)
    # the same molecule is split under every name
    split = sum(number * 0.618 % 1 < SPLIT_SHARE for number in molecules)
    support = replace(
        _NO_SUPPORT,
        split_molecules=split,
        spanning_molecules=len(molecules) - split,
        copies=len(held) - len(molecules),
    )
    calls = (judge(replace(_FUSION, support=support), settings),) if molecules else ()
    census = Census(
        source="fastq",
        fragments=fragments,
        reads=2 * fragments,
        bases=200 * fragments,
        min_read_bp=100,
        max_read_bp=100,
        kept_molecules=0,
        target_reads={},
        control_reads={},
        lanes={"SIM:1:FC:1": fragments},
        inputs=(),
    )
    return SampleCalls(
        schema=0,
        sample=name,
        fusioncall="",
        settings=settings,
        reference="",
        reference_sha256="",
        census=census,
        alignments=AlignmentCounts(),
        molecules=0,
        proposals=0,
        normal_splices=0,
        calls=calls,
    )


def _side(gene: str, exon: int) -> Partner:
    return Partner(
        gene=gene,
        gene_id=gene,
        biotype="protein_coding",
        transcript=gene,
        exon=exon,
        site=Site.SPLICE_SITE,
        is_sense=True,
        contig=gene,
        position=exon,
        strand=Strand.FORWARD,
    )


_NO_SUPPORT = Support(
    split_molecules=0,
    spanning_molecules=0,
    unfused3_molecules=0,
    unfused5_molecules=None,
    rivals=(),
    excess_edits=0,
    misfit_molecules=0,
    copies=0,
    distinct_starts=0,
    best_anchor_bp=40,
    donor_anchor_bp=40,
    acceptor_anchor_bp=40,
    split_names=(),
    spanning_names=(),
)
_FUSION = Fusion(
    five=_side("ETV6", 5),
    three=_side("NTRK3", 15),
    target="NTRK3",
    fusion_class=FusionClass.KINASE_FUSION,
    inserted="",
    homology_bp=0,
    shared_bp=0,
    mapq_phred=60,
    distance_bp=None,
    triplets=18,
    rivals=(),
    support=_NO_SUPPORT,
    partners=1,
    partner_share=1.0,
)


def render(settings: Settings, lanes: int) -> Iterator[str]:
    """The page, line by line."""
    limits = settings.carry_over
    yield from (
        "# Carry-over between samples",
        "",
        "Made by `python -m benchmarks.carry_over`; do not edit. Lanes are simulated as counts of",
        "molecules; the judgement and the comparison of the samples are those of the program. The",
        f"samples of a lane have {FRAGMENTS:,} fragments each, give or take (log-normal, sigma",
        f"{SIZE_SPREAD}); a molecule has {COPIES} copies more on average, each of which can hop to",
        "another sample, the larger the likelier. What was not simulated: libraries that differ in",
        "their free primers, and plates on which a drop falls to the neighbour.",
        "",
        f"- SHA-256 of the settings: {settings_digest(settings)}",
        f"- settings: hopped_share {limits.hopped_share}, soiled_share {limits.soiled_share},",
        f"  max_chance {limits.max_chance}",
        f"- {lanes} lanes for each row; in percent, with Wilson's 95 % interval",
        "",
        "## Index hopping",
        "",
        "One sample of the lane has a fusion. Of the others that got molecules of it, how many are",
        "DETECTED if samples are not compared, and how many are so all the same.",
        "",
    )
    header = ("rate", "samples", "molecules of the source", "got some, per lane")
    yield from table_lines(
        (*header, "DETECTED alone", "DETECTED compared"), _hopped(settings, lanes)
    )
    yield from (
        "## Fusions of the sample's own",
        "",
        "A second sample of the lane has the same junction by itself, and is DETECTED if samples",
        f"are not compared; how often it is suspected. {MEASURED_RATE:.1%} of all fragments hop.",
        "",
    )
    header = ("samples", "molecules of the source", "own molecules", "called alone", "suspected")
    yield from table_lines(header, _own(settings, lanes))
    yield from (
        "## A drop of another sample",
        "",
        "A share of the second sample's fragments are those of the first, which has 300 molecules",
        f"of a fusion per {FRAGMENTS:,} fragments. {MEASURED_RATE:.1%} of all fragments hop.",
        "The other samples are left out here.",
        "",
    )
    header = ("share", "samples", "got some, per lane", "DETECTED alone", "DETECTED compared")
    yield from table_lines(header, _dropped(settings, lanes))


def _hopped(settings: Settings, lanes: int) -> Iterator[tuple[object, ...]]:
    for rate in RATES:
        for samples in POOLS:
            for source in SOURCES:
                found = measure(Lane(samples, source, rate), settings, lanes)
                yield f"{rate:.1%}", samples, source, *_shares(found, lanes)


def _dropped(settings: Settings, lanes: int) -> Iterator[tuple[object, ...]]:
    for drop in DROPS:
        for samples in POOLS[:2]:
            lane = Lane(samples, 300, MEASURED_RATE, drop=drop)
            found = measure(lane, settings, lanes)
            yield f"{drop:.2%}", samples, *_shares(found, lanes)


def _shares(found: Tally, lanes: int) -> tuple[str, str, str]:
    shares = (share_text(Proportion(each, found.carried)) for each in (found.called, found.missed))
    return f"{found.carried / lanes:.2f}", *shares


def _own(settings: Settings, lanes: int) -> Iterator[tuple[object, ...]]:
    for samples in POOLS:
        for source in SOURCES[1:]:
            for own in OWN:
                found = measure(Lane(samples, source, MEASURED_RATE, own), settings, lanes)
                told = share_text(Proportion(found.suspected, found.owners))
                yield samples, source, own, found.owners, told


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lanes", type=int, default=LANES, help="of each kind")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "docs" / "carry_over.md")
    args = parser.parse_args()
    text = "\n".join(render(default_settings(), args.lanes))
    with whole_file(args.out) as temporary:
        temporary.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
