"""Samples without a fusion, each made to look like one in some way. Every passing call is false."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.common import (
    Bench,
    Library,
    Random,
    Template,
    fastq,
    fragments_over,
    many_fragments,
    molecule_of,
    plain_template,
    seeded,
    sequenced,
)
from benchmarks.hard_world import (
    IDENTITIES_PERCENT,
    KINASE_EXONS,
    PSEUDOGENES_PERCENT,
    REPEATS,
    mutated,
    paralogue_name,
)
from benchmarks.recall import describe

from fusioncall.model import Call, Molecule
from fusioncall.plants import Molecules, fused_parts, parse_fusion
from fusioncall.screen import ReadFiles, Screen
from fusioncall.simulate import background_of
from fusioncall.world import World

TARGETS = ("NTRK1", "NTRK2", "NTRK3")
CONTROLS = ("GAPDH", "POLR2A", "GUSB", "OAZ1")
ABUNDANT = (*CONTROLS, "LMNA", "TPM3", "SQSTM1")
"""Genes that chimeras are made of."""

LIBRARIES = (
    Library(read_length_bp=101, fragment_min_bp=101),
    Library(read_length_bp=75, error_rate=0.01),
)
_POLY_A_BP = 40

Make = Callable[[World, Library, Random], Iterator[Molecule]]


@dataclass(frozen=True, slots=True)
class Negative:
    """A kind of sample without a fusion.

    Args:
        name: of its row.
        make: gives the molecules of one sample.
        samples: how many are made with each library.
        libraries: how they are sequenced.
        bench: name of the world.
        is_large: left out of the quick version.
        is_deep: its samples are sequenced deeply; a tenth of each is enough for the quick version.
        has_true_calls: the reads show a fusion that a single sample cannot tell from its own.
    """

    name: str
    make: Make
    samples: int
    libraries: tuple[Library, ...] = LIBRARIES
    bench: str = "hard"
    has_true_calls: bool = False
    is_large: bool = False
    is_deep: bool = False


@dataclass(slots=True)
class NegativeTally:
    """What was seen in the samples of one kind."""

    samples: int = 0
    fragments: int = 0
    kept: int = 0
    candidates: int = 0
    false_calls: int = 0
    samples_with_call: int = 0
    indeterminate: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, other: NegativeTally) -> None:
        """Add the counts of another tally."""
        for name in NegativeTally.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def measure_sample(
    bench: Bench, negative: Negative, library: Library, number: int, every: int = 1
) -> NegativeTally:
    """Make one sample, and run it from FASTQ files to statuses.

    Args:
        bench: the world.
        negative: kind of the sample.
        library: how it is sequenced.
        number: of the sample; part of its seed.
        every: leaves out all molecules but every so-manyth.
    """
    random = seeded(negative.name, library.layout, number)
    molecules = list(negative.make(bench.world, library, random))[::every]
    with tempfile.TemporaryDirectory() as folder:
        files = _write(molecules, Path(folder))
        screen = Screen(
            bench.reference.kmers, len(bench.reference.targets), bench.settings.screen, 1
        )
        kept = list(screen.fastq(files))
        census = screen.census("fastq", len(kept), ())
    statuses, calls = bench.answers(kept, census)
    words = [each.status.value for each in statuses]
    passing = [call for call in calls if call.passed]
    where = f"{negative.name}, {library.layout}, sample {number}"
    return NegativeTally(
        samples=1,
        fragments=len(molecules),
        kept=len(kept),
        candidates=len(calls),
        false_calls=len(passing),
        samples_with_call=bool(passing),
        indeterminate=words.count("INDETERMINATE"),
        examples=[f"{where}: {describe(_first(passing))}"] if passing else [],
    )


def _first(calls: Sequence[Call]) -> Sequence[Call]:
    return calls[:3]


def _write(molecules: Sequence[Molecule], folder: Path) -> ReadFiles:
    paths = []
    for mate in range(len(molecules[0].reads)):
        path = folder / f"S_{mate + 1}.fq"
        path.write_text("".join(fastq(molecules, mate)), encoding="ascii")
        paths.append((path,))
    return ReadFiles(*paths)


def _all_of(
    template: Template, library: Library, count: int, random: Random, name: str
) -> Iterator[Molecule]:
    for number, fragment in enumerate(many_fragments(template, library, count, random)):
        yield sequenced(f"{name}.{number}", template, fragment, library, random)


def _over_junction(
    parts: tuple[str, str], library: Library, count: int, random: Random, name: str
) -> Iterator[Molecule]:
    """Distinct fragments over the place where two sequences are joined."""
    five, three = parts
    template = Template(five + three, len(five), len(five))
    reach = library.fragment_mean_bp + 3 * library.fragment_sd_bp
    starts = range(max(0, len(five) - reach), max(1, len(five) - 10))
    wanted = [
        fragment
        for fragment in fragments_over(template, library, 8 * count, random, starts)
        if fragment.end > len(five) + 10
    ]
    for number, fragment in enumerate(wanted[:count]):
        yield sequenced(f"{name}.{number}", template, fragment, library, random)


def background(world: World, library: Library, count: int, random: Random) -> Iterator[Molecule]:
    """Unfused molecules of every transcript of the world."""
    for name, fragments in background_of(world, count):
        template = plain_template(world.sequence(world.transcript(name)))
        yield from _all_of(template, library, fragments, random, f"b.{name}")


def wild_type_targets(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """Every transcript of the targets, truncated forms included, highly expressed."""
    for transcript in world.transcripts:
        if transcript.role == "target":
            template = plain_template(world.sequence(transcript))
            yield from _all_of(template, library, 2_000, random, transcript.refseq_id)


def wild_type_all(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """Every transcript of the world."""
    yield from background(world, library, 300_000, random)


def lamin(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """LMNA, NTRK1's neighbour on the same strand, beside NTRK1, both at depth."""
    for gene, count in (("LMNA", 20_000), ("NTRK1", 5_000), ("PRCC", 5_000), ("BCAN", 5_000)):
        template = plain_template(world.sequence(world.transcript(gene)))
        yield from _all_of(template, library, count, random, gene)


def genomic(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """DNA or unspliced RNA of all contigs."""
    whole = sum(map(len, world.genome.values()))
    for contig, bases in world.genome.items():
        count = 30_000 * len(bases) // whole
        yield from _all_of(plain_template(bases), library, count, random, contig)


def paralogues(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """Genes of the reference that resemble the targets' kinase exons."""
    for target in TARGETS:
        for percent in IDENTITIES_PERCENT:
            name = paralogue_name(target, percent)
            template = plain_template(world.sequence(world.transcript(name)))
            yield from _all_of(template, library, 3_000, random, name)
    yield from background(world, library, 2_000, random)


def _partner_end(world: World, random: Random) -> str:
    """The 5' part of a partner, up to the end of one of its exons."""
    gene = ("ETV6", "TPM3", "TPR", "STRN", "EML4", "LMNA")[int(random.integers(6))]
    transcript = world.transcript(gene)
    count = int(random.integers(2, len(transcript.exons)))
    return "".join(world.bases(exon, transcript.strand) for exon in transcript.exons[:count])


def paralogue_fusions(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """A partner spliced to a paralogue's kinase exons: a fusion, but of another kinase."""
    for target, first in KINASE_EXONS.items():
        for percent in IDENTITIES_PERCENT:
            paralogue = world.transcript(paralogue_name(target, percent))
            exon = int(random.integers(first, first + 4))
            three = "".join(world.bases(e, paralogue.strand) for e in paralogue.exons[exon - 1 :])
            parts = (_partner_end(world, random), three)
            yield from _over_junction(parts, library, 40, random, f"{paralogue.gene}.{exon}")


def foreign_paralogues(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """The same with kinase exons that the reference lacks."""
    for target, first in KINASE_EXONS.items():
        transcript = world.transcript(target)
        for percent in IDENTITIES_PERCENT:
            exon = int(random.integers(first, first + 4))
            alike = "".join(world.bases(e, transcript.strand) for e in transcript.exons[exon - 1 :])
            parts = (_partner_end(world, random), mutated(alike, percent, random))
            yield from _over_junction(parts, library, 40, random, f"{target}.{percent}")


def read_through(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """PRCC and BCAN spliced from their last donor to NTRK1's second exon."""
    target = world.transcript("NTRK1")
    three = "".join(world.bases(exon, target.strand) for exon in target.exons[1:])
    for gene in ("PRCC", "BCAN"):
        neighbour = world.transcript(gene)
        five = "".join(world.bases(exon, neighbour.strand) for exon in neighbour.exons[:-1])
        yield from _over_junction((five, three), library, 20, random, gene)
        yield from _all_of(plain_template(five), library, 500, random, f"w.{gene}")


def pseudogenes(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """Partners with a processed pseudogene, and the targets, at depth."""
    for gene in (*PSEUDOGENES_PERCENT, *TARGETS):
        copy = plain_template(world.sequence(world.transcript(gene)))
        yield from _all_of(copy, library, 2_000, random, gene)
        if gene in PSEUDOGENES_PERCENT:
            percent = PSEUDOGENES_PERCENT[gene]
            changed = mutated(copy.bases, 100 - percent, seeded("pseudogene", gene))
            yield from _all_of(plain_template(changed), library, 2_000, random, f"p.{gene}")


def _cut(world: World, gene: str, random: Random, *, keeps_start: bool) -> str:
    text = world.sequence(world.transcript(gene))
    place = int(random.integers(100, len(text) - 100))
    return text[:place] if keeps_start else text[place:]


def _pick(names: Sequence[str], random: Random) -> str:
    return names[int(random.integers(len(names)))]


def switches(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """Single chimeras of an abundant transcript and a target, cut at random places."""
    for number in range(300):
        parts = (
            _cut(world, _pick(ABUNDANT, random), random, keeps_start=True),
            _cut(world, _pick(TARGETS, random), random, keeps_start=False),
        )
        yield from _over_junction(parts, library, 1, random, f"switch{number}")
    yield from background(world, library, 3_000, random)


def control_switches(
    world: World, library: Library, count: int, random: Random
) -> Iterator[Molecule]:
    """Single chimeras of two control genes, as every library holds some."""
    for number in range(count):
        parts = (
            _cut(world, _pick(CONTROLS, random), random, keeps_start=True),
            _cut(world, _pick(CONTROLS, random), random, keeps_start=False),
        )
        yield from _over_junction(parts, library, 1, random, f"control{number}")


def homologous_switches(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """Chimeras at places where both transcripts share six bases or more; two molecules of each."""
    for number in range(60):
        gene, target = _pick(ABUNDANT, random), _pick(TARGETS, random)
        five, three = (world.sequence(world.transcript(name)) for name in (gene, target))
        words = {five[i : i + 6]: i for i in range(100, len(five) - 100)}
        shared = [i for i in range(100, len(three) - 100) if three[i : i + 6] in words]
        if shared:
            place = shared[int(random.integers(len(shared)))]
            parts = (five[: words[three[place : place + 6]]], three[place:])
            yield from _over_junction(parts, library, 2, random, f"switch{number}")
    yield from background(world, library, 3_000, random)


def copied_switches(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """Chimeras of one molecule each, with 20 PCR copies of it."""
    for number in range(40):
        parts = (
            _cut(world, _pick(ABUNDANT, random), random, keeps_start=True),
            _cut(world, _pick(TARGETS, random), random, keeps_start=False),
        )
        template = Template("".join(parts), len(parts[0]), len(parts[0]))
        reach = range(max(0, len(parts[0]) - 150), len(parts[0]) - 20)
        for fragment in fragments_over(template, library, 1, random, reach):
            for copy in range(20):
                yield sequenced(f"c{number}.{copy}", template, fragment, library, random)
    yield from background(world, library, 3_000, random)


def adapters(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """Fragments shorter than the reads, which run on into the adapter and a run of G."""
    short = Library(
        library.read_length_bp, library.is_paired, library.error_rate, 55, 15, 25, has_adapters=True
    )
    for gene in (*TARGETS, "ETV6", "LMNA", "TPM3"):
        template = plain_template(world.sequence(world.transcript(gene)))
        yield from _all_of(template, short, 3_000, random, gene)


def simple_repeats(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """Runs of one base and other repeats joined to targets, at exon starts and elsewhere."""
    for number, unit in enumerate(REPEATS):
        repeat = (unit * 400)[:400]
        for target, first in KINASE_EXONS.items():
            transcript = world.transcript(target)
            exons = transcript.exons[first - 1 + number % 3 :]
            three = "".join(world.bases(exon, transcript.strand) for exon in exons)
            offset = int(random.integers(0, 60)) * (number % 2)
            parts = (repeat, three[offset:])
            yield from _over_junction(parts, library, 30, random, f"{target}.{number}")
    for number in range(400):
        texts = [("ACGT"[number % 4] * library.read_length_bp), "G" * library.read_length_bp]
        yield molecule_of(f"homo{number}", texts, library.error_rate, random)
    yield from background(world, library, 1_000, random)


def circles(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """Circular RNA: the end of a target's exon joined to the start of an earlier one."""
    for target in TARGETS:
        transcript = world.transcript(target)
        first = int(random.integers(3, len(transcript.exons) - 5))
        exons = transcript.exons[first : first + 3]
        once = "".join(world.bases(exon, transcript.strand) for exon in exons)
        yield from _over_junction((once, once), library, 40, random, f"circle.{target}")
        yield from _all_of(plain_template(world.sequence(transcript)), library, 500, random, target)


def deletions(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """Targets that lack some of their exons, or a stretch that ends inside exons."""
    for target in TARGETS:
        transcript = world.transcript(target)
        texts = [world.bases(exon, transcript.strand) for exon in transcript.exons]
        first = int(random.integers(2, 6))
        parts = ("".join(texts[:first]), "".join(texts[first + 5 :]))
        yield from _over_junction(parts, library, 40, random, f"skip.{target}")
        parts = (parts[0][:-17], parts[1][23:])
        yield from _over_junction(parts, library, 40, random, f"delete.{target}")


def no_kinase_fusion(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """True joins without a whole kinase domain: reciprocal, truncated form, cut domain."""
    for text in ("NTRK3:14-ETV6:6", "EML4:2-NTRK3/NM_001007156:15", "TRIM24:12-NTRK2:18"):
        five, _, three = fused_parts(world, parse_fusion(world, text, Molecules()))
        yield from _over_junction((five, three), library, 20, random, text.replace("/", "."))


def carry_over(world: World, library: Library, random: Random) -> Iterator[Molecule]:
    """0.01, 0.1 or 1 percent of a sample in which 1000 molecules show ETV6::NTRK3."""
    share = (0.0001, 0.001, 0.01)[int(random.integers(3))]
    five, _, three = fused_parts(world, parse_fusion(world, "ETV6:5-NTRK3:15", Molecules()))
    count = int(random.poisson(1000 * share))
    yield from _over_junction((five, three), library, count, random, "carried")
    yield from background(world, library, 10_000, random)


NEGATIVES = (
    Negative("wild-type targets, all forms, high", wild_type_targets, 3, is_deep=True),
    Negative("wild type of all genes, 300 000 fragments", wild_type_all, 1, is_large=True),
    Negative("LMNA, PRCC, BCAN and NTRK1 at depth", lamin, 1, is_deep=True),
    Negative("genomic DNA, unspliced RNA", genomic, 3, is_deep=True),
    Negative("paralogues in the reference, 75 to 90 %", paralogues, 3, is_deep=True),
    Negative("fusions of such paralogues", paralogue_fusions, 10),
    Negative("fusions of kinases that the reference lacks, 75 to 90 %", foreign_paralogues, 10),
    Negative("read-through of neighbours into NTRK1", read_through, 10),
    Negative("processed pseudogenes of partners", pseudogenes, 3, is_deep=True),
    Negative("template switches, single molecules", switches, 10),
    Negative("template switches, two molecules, homology of 6", homologous_switches, 10),
    Negative("template switches, 20 copies of one molecule", copied_switches, 10),
    Negative("adapter behind short fragments", adapters, 3, is_deep=True),
    Negative("homopolymers and repeats joined to targets", simple_repeats, 10),
    Negative("circular RNA of targets", circles, 10),
    Negative("exon skipping and deletions within targets", deletions, 10),
    Negative("reciprocal, truncated, kinase cut", no_kinase_fusion, 3),
    Negative("carry-over of a positive sample", carry_over, 30, has_true_calls=True),
)
