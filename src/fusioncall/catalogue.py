"""The catalogue of known partners, and what it says of a junction."""

from __future__ import annotations

import csv
import enum
import gzip
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from fusioncall.coords import breakpoint_text, parse_breakpoint
from fusioncall.errors import SettingsError
from fusioncall.gtf import contig_key
from fusioncall.model import Fusion, Partner

COLUMNS = ("partner", "target", "tumour_types", "references", "source")
"""Columns that a catalogue must have; `recurrence` and `junctions` may follow."""

_GZIP = b"\x1f\x8b"
SEPARATOR = "; "
"""What stands between the entries of a cell."""


@enum.unique
class Knowledge(enum.Enum):
    """How much of a pair the catalogue knows."""

    PAIR = "known-pair"
    PARTNER = "partner-of-other-target"
    TARGET = "target-only"


@enum.unique
class Match(enum.Enum):
    """How near a junction is to a known one, nearest first, in the words and order of VICC.

    The words are those of fusor's `MatchType` (github.com/cancervariants/fusor).
    """

    EXACT = "EXACT"
    SHARED_GENES_FIVE_PRIME_EXACT = "SHARED_GENES_FIVE_PRIME_EXACT"
    SHARED_GENES_THREE_PRIME_EXACT = "SHARED_GENES_THREE_PRIME_EXACT"
    SHARED_GENES = "SHARED_GENES"
    FIVE_PRIME_EXACT = "FIVE_PRIME_EXACT"
    THREE_PRIME_EXACT = "THREE_PRIME_EXACT"
    FIVE_PRIME_GENE = "FIVE_PRIME_GENE"
    THREE_PRIME_GENE = "THREE_PRIME_GENE"


KnownJunction = tuple[str, str]
"""Both breakpoints as `place_key` writes them."""


@dataclass(frozen=True, slots=True)
class KnownPair:
    """A pair of 5' partner and 3' target, and what is known of it."""

    partner: str
    target: str
    tumour_types: str
    references: str
    source: str
    recurrence: str = ""
    junctions: tuple[KnownJunction, ...] = ()

    def joined(self, other: KnownPair) -> KnownPair:
        """What two catalogues know of one pair; what the first one says stands first."""
        return replace(
            self,
            tumour_types=joined_text([self.tumour_types, other.tumour_types]),
            references=joined_text([self.references, other.references]),
            source=joined_text([self.source, other.source]),
            recurrence=self.recurrence or other.recurrence,
            junctions=tuple(dict.fromkeys((*self.junctions, *other.junctions))),
        )


@dataclass(frozen=True)
class Catalogue:
    """Known pairs of 5' partner and target."""

    pairs: tuple[KnownPair, ...]

    @cached_property
    def _by_genes(self) -> Mapping[tuple[str, str], KnownPair]:
        return {(pair.partner, pair.target): pair for pair in self.pairs}

    def find(self, partner: str, target: str) -> tuple[Knowledge, KnownPair | None]:
        """What is known of a partner before a target; a pair that is not listed is no less true."""
        pair = self._by_genes.get((partner, target))
        if pair is not None:
            return Knowledge.PAIR, pair
        if any(pair.partner == partner for pair in self.pairs):
            return Knowledge.PARTNER, None
        return Knowledge.TARGET, None

    def match(self, fusion: Fusion) -> Match | None:
        """How near a fusion comes to a known junction; None if no gene is known on its side."""
        five, three = place_key(fusion.five), place_key(fusion.three)
        found: set[Match] = set()
        for pair in self.pairs:
            same5, same3 = pair.partner == fusion.five.gene, pair.target == fusion.three.gene
            if not (same5 or same3):
                continue
            near = {(five == known5, three == known3) for known5, known3 in pair.junctions}
            found |= {_match(same5, same3, *each) for each in (near or {(False, False)})}
        return next((each for each in Match if each in found), None)

    def joined(self, other: Catalogue) -> Catalogue:
        """This catalogue with the rows of another one: those of a known pair are joined to it."""
        pairs = dict(self._by_genes)
        for pair in other.pairs:
            key = (pair.partner, pair.target)
            pairs[key] = pairs[key].joined(pair) if key in pairs else pair
        return Catalogue(tuple(pairs.values()))


def _match(same5: bool, same3: bool, near5: bool, near3: bool) -> Match:
    """The word for a side that agrees in gene and for one that agrees in breakpoint too."""
    exact5, exact3 = same5 and near5, same3 and near3
    if same5 and same3:
        if exact5:
            return Match.EXACT if exact3 else Match.SHARED_GENES_FIVE_PRIME_EXACT
        return Match.SHARED_GENES_THREE_PRIME_EXACT if exact3 else Match.SHARED_GENES
    if same5:
        return Match.FIVE_PRIME_EXACT if exact5 else Match.FIVE_PRIME_GENE
    return Match.THREE_PRIME_EXACT if exact3 else Match.THREE_PRIME_GENE


def place_key(side: Partner) -> str:
    """A breakpoint for comparison, however the contig is spelt: `12:11869969:+`."""
    return breakpoint_text(contig_key(side.contig), side.position, side.strand)


def joined_text(texts: Iterable[str]) -> str:
    """The entries of some cells, each once, in their order.

    >>> joined_text(["a; b", "", "b; c"])
    'a; b; c'
    """
    entries = (entry for text in texts for entry in text.split(SEPARATOR))
    return SEPARATOR.join(dict.fromkeys(filter(None, entries)))


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text: the names of its columns, and its rows; a cell that a row lacks is None."""

    columns: tuple[str, ...]
    rows: tuple[dict[str | None, str | None], ...]


def read_table(path: Path, columns: Sequence[str] = (), encoding: str = "utf-8") -> Table:
    """Read a tab-separated table, plain or gzip, without its `#` comments.

    Args:
        path: the file.
        columns: that it must have.
        encoding: of its text.

    Raises:
        SettingsError: the file cannot be read or lacks a column.
    """
    try:
        packed = path.read_bytes()
        text = (gzip.decompress(packed) if packed[:2] == _GZIP else packed).decode(encoding)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = f"cannot be unpacked: {error}"
        raise SettingsError(what, where=path, cure="Get the file anew") from error
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise SettingsError(what, where=path, cure="Check the path") from error
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text: {error}"
        raise SettingsError(what, where=path, cure="Save the table as UTF-8") from error
    lines = (line.rstrip("\r") for line in text.split("\n"))
    kept = [line for line in lines if line.strip() and not line.startswith("#")]
    reader = csv.DictReader(kept, delimiter="\t", quoting=csv.QUOTE_NONE)
    found = tuple(reader.fieldnames or ())
    missing = [name for name in columns if name not in found]
    if missing:
        what = f"lacks the column {missing[0]}"
        raise SettingsError(what, where=path, cure=f"Its columns are {', '.join(columns)}")
    return Table(found, tuple(reader))


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue: tab-separated, `#` comments, the columns of `COLUMNS`.

    Raises:
        SettingsError: the file cannot be read, lacks a column or lists a pair twice.
    """
    pairs = tuple(_pair(row, path) for row in read_table(path, COLUMNS).rows)
    _refuse_doubles(pairs, path)
    return Catalogue(pairs)


def _pair(row: Mapping[str | None, str | None], path: Path) -> KnownPair:
    cells = {name: cell for name, cell in row.items() if name is not None and cell is not None}
    if len(cells) < len(row):
        what = f"the row of {row[COLUMNS[0]]} has another number of cells than the header"
        cure = "Separate the cells by tabs; leave an unknown one empty"
        raise SettingsError(what, where=path, cure=cure)
    try:
        texts = cells.get("junctions", "").split(SEPARATOR)
        junctions = tuple(_junction(text) for text in texts if text)
    except ValueError as error:
        what = f"the row of {cells['partner']}::{cells['target']} has no junction: {error}"
        cure = "Write it like chr12:11869969:+>chr15:87940753:-"
        raise SettingsError(what, where=path, cure=cure) from error
    named = {name: cells[name] for name in COLUMNS}
    return KnownPair(**named, recurrence=cells.get("recurrence", ""), junctions=junctions)


def _junction(text: str) -> KnownJunction:
    five, _, three = text.partition(">")
    return known_place(five), known_place(three)


def known_place(text: str) -> str:
    """A breakpoint of a table as `place_key` writes it.

    Raises:
        ValueError: the text is not a breakpoint.
    """
    contig, position, strand = parse_breakpoint(text)
    return breakpoint_text(contig_key(contig), position, strand)


def _refuse_doubles(pairs: Iterable[KnownPair], path: Path) -> None:
    seen: set[tuple[str, str]] = set()
    for pair in pairs:
        key = (pair.partner, pair.target)
        if key in seen:
            what = f"lists {pair.partner}::{pair.target} twice"
            raise SettingsError(what, where=path, cure="Join the two rows")
        seen.add(key)
