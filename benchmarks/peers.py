"""How Fuzzion2 and Arriba are run, and what they tell."""

from __future__ import annotations

import csv
import shlex
import struct
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam
from benchmarks.planted import Case

from fusioncall.resources import resource_path

FLANK_BP = 500
"""Of a pattern on each side, the upper end of what Fuzzion2's authors recommend."""

_NOTHING = "no split reads or discordant mates found"
_SIGNATURE = 0x1A412743
_CODES = np.full(256, 255, dtype=np.uint8)
_CODES[np.frombuffer(b"TCAG", dtype=np.uint8)] = range(4)


@dataclass(frozen=True, slots=True)
class Told:
    """A fusion that a program calls.

    Args:
        genes: 5' and 3' gene.
        places: both breakpoints as `contig:position`.
        confidence: of Arriba.
    """

    genes: tuple[str, str]
    places: tuple[str, str]
    confidence: str = ""


def commit_of(folder: Path) -> str:
    """Short commit of a checkout."""
    git = ("git", "-C", str(folder), "rev-parse", "--short", "HEAD")
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def run(command: str) -> str:
    """Run a shell command; gives its standard output."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command}\n{done.stderr}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Arriba:
    """Arriba, built in `folder`.

    Args:
        folder: its checkout.
        known: pairs of genes that it is to be most sensitive for.
    """

    folder: Path
    known: Path

    @property
    def _program(self) -> str:
        return shlex.quote(str(self.folder / "arriba"))

    def command(self, bam: Path, fasta: Path, gtf: Path, out: Path) -> str:
        """From STAR's BAM to a table; without a blacklist, which no invented genome has."""
        return (
            f"{self._program} -x {bam} -a {fasta} -g {gtf} -k {self.known} -f blacklist"
            f" -o {out} -O {out}.discarded"
        )

    def calls(self, bam: Path, fasta: Path, gtf: Path, out: Path) -> list[Told]:
        """The rows of its table; none where it ends because no read looks like a fusion."""
        done = subprocess.run(
            self.command(bam, fasta, gtf, out),
            shell=True,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and _NOTHING in done.stderr:
            return []
        if done.returncode:
            raise SystemExit(done.stderr)
        with out.open(encoding="utf-8") as stream:
            return [
                Told(
                    (row["#gene1"], row["gene2"]),
                    (row["breakpoint1"], row["breakpoint2"]),
                    row["confidence"],
                )
                for row in csv.DictReader(stream, delimiter="\t")
            ]

    def version(self) -> str:
        """Version and commit."""
        text = run(f"{self._program} -h")
        number = text.partition("Version: ")[2].split()[0]
        return f"Arriba {number}, commit {commit_of(self.folder)}"


def write_known(path: Path) -> Path:
    """The known partners of fusioncall as Arriba's list of known fusions."""
    with resource_path("known_partners.tsv").open(encoding="utf-8") as stream:
        rows = csv.DictReader((line for line in stream if line[0] != "#"), delimiter="\t")
        pairs = [f"{row['partner']}\t{row['target']}\n" for row in rows]
    path.write_text("".join(pairs), encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class Fuzzion2:
    """Fuzzion2, built in `folder`.

    Args:
        folder: its checkout.
        rank: the k-mer rank table.
        patterns: the pattern file.
    """

    folder: Path
    rank: Path
    patterns: Path

    def program(self, name: str) -> str:
        """One of its programs."""
        return shlex.quote(str(self.folder / "build" / "bin" / name))

    def command(self, first: Path, second: Path) -> str:
        """From FASTQ to hits, on standard output."""
        return (
            f"{self.program('fuzzion2')} -pattern={self.patterns} -rank={self.rank}"
            f" -fastq1={first} -fastq2={second} -threads=2"
        )

    def version(self) -> str:
        """Version and commit."""
        done = subprocess.run(
            self.program("fuzzion2"), shell=True, capture_output=True, text=True, check=False
        )
        number = done.stderr.partition("fuzzion2 ")[2].partition(",")[0]
        return f"Fuzzion2 {number}, commit {commit_of(self.folder)}"

    def make_rank(self, fasta: Path, kmer_bp: int) -> None:
        """The rank table of a genome."""
        twobit = self.rank.with_suffix(".2bit")
        write_twobit(fasta, twobit)
        run(f"{self.program('kmerank')} -ref={twobit} -bin={self.rank} -k={kmer_bp}")

    def write_patterns(self, cases: Iterable[Case]) -> None:
        """One pattern for each junction, named by it."""
        lines = ["pattern\tsequence\n"]
        for case in cases:
            bases, at = case.template.bases, case.template.five_end
            five, three = bases[max(0, at - FLANK_BP) : at], bases[at : at + FLANK_BP]
            lines.append(f"{case.text}\t{five}][{three}\n")
        self.patterns.write_text("".join(lines), encoding="ascii")

    def hits(self, first: Path, second: Path) -> Mapping[str, Counter[str]]:
        """For each sample, the first part of a read's name, the read pairs of each pattern."""
        pairs: dict[str, Counter[str]] = {}
        pattern = ""
        for line in run(self.command(first, second)).splitlines():
            kind, _, rest = line.partition(" ")
            word = rest.split(None, 1)[0] if rest else ""
            if kind == "pattern":
                pattern = word
            elif kind == "read" and pattern:
                pairs.setdefault(word.partition(":")[0], Counter())[pattern] += 1
                pattern = ""
        return pairs


def write_twobit(fasta: Path, path: Path) -> None:
    """A genome in UCSC's 2-bit format, as kmerank reads it; it may not hold an N."""
    with pysam.FastxFile(str(fasta)) as stream:
        contigs = [(each.name or "", each.sequence or "") for each in stream]
    records = [_packed(sequence) for _, sequence in contigs]
    at = 16 + sum(len(name) + 5 for name, _ in contigs)
    index = b""
    for (name, _), record in zip(contigs, records, strict=True):
        index += struct.pack("B", len(name)) + name.encode() + struct.pack("<I", at)
        at += len(record)
    path.write_bytes(struct.pack("<4I", _SIGNATURE, 0, len(contigs), 0) + index + b"".join(records))


def _packed(sequence: str) -> bytes:
    codes = _CODES[np.frombuffer(sequence.upper().encode(), dtype=np.uint8)]
    if codes.max() > 3:
        raise SystemExit("The genome holds other letters than A, C, G and T.")
    fours = np.pad(codes, (0, -codes.size % 4)).reshape(-1, 4)
    packed = (fours << np.array([6, 4, 2, 0], dtype=np.uint8)).sum(axis=1, dtype=np.uint8)
    return struct.pack("<4I", codes.size, 0, 0, 0) + packed.tobytes()


def gene_names(text: str) -> Sequence[str]:
    """The genes of a column of Arriba: one, or the neighbours with their distances."""
    return [each.partition("(")[0] for each in text.split(",")]
