"""A laboratory's own panel of normals: the junctions of samples that hold no fusion.

The panel is a table of junctions with the samples that hold each. The line above it tells what it
was made of: version of the layout and of fusioncall, reference, and each sample with the SHA-256 of
its candidates. `with_normals` looks calls up in it; the filter `panel` judges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import msgspec

from fusioncall import __version__
from fusioncall.catalogue import Catalogue, Knowledge, read_table
from fusioncall.coords import Breakend, Side, breakpoint_text, parse_breakpoint
from fusioncall.errors import InputError, SettingsError
from fusioncall.files import sha256, whole_file
from fusioncall.filters import judged_anew
from fusioncall.model import Call, Junction, PanelHit
from fusioncall.nomenclature import junction_of
from fusioncall.settings import FilterSettings, Record, Settings

PANEL_SCHEMA = 1
"""Version of the panel's layout."""

_MARK = "#panel of normals\t"
_COLUMNS = ("breakpoint5", "breakpoint3", "gene5", "gene3", "samples", "max_ffpm")
_CANDIDATES, _PROVENANCE = "candidates.tsv", "provenance.json"
_PLACE = _COLUMNS[:4]
_NEEDED = (*_PLACE, "split_molecules", "spanning_molecules", "ffpm")
_UNKNOWN = "."  # as in the tables
_CURE = "Make it with this version: fusioncall pon build"


class PanelSample(Record, frozen=True):
    """A sample of the panel: its name, and the SHA-256 of its candidates."""

    sample: str
    candidates_sha256: str


class PanelHead(Record, frozen=True):
    """What a panel was made of and with."""

    schema: int
    fusioncall: str
    reference: str
    reference_sha256: str
    samples: tuple[PanelSample, ...]


class _Reference(msgspec.Struct, frozen=True):
    name: str
    manifest_sha256: str


class _Provenance(msgspec.Struct, frozen=True):
    """What a panel takes from a sample's `provenance.json`."""

    sample: str
    fusioncall: str
    reference: _Reference


@dataclass(frozen=True, slots=True)
class PanelJunction:
    """A junction of the panel.

    `samples` are the places of its samples in the panel's list, from 1; `max_ffpm` the most
    molecules per million fragments in any of them, None where that is not known.
    """

    donor: Breakend
    acceptor: Breakend
    gene5: str
    gene3: str
    samples: tuple[int, ...]
    max_ffpm: float | None


_Key = tuple[str, Side, str, Side]


class Panel:
    """A panel of normals, to look junctions up in.

    Args:
        head: what it was made of.
        junctions: in any order.
    """

    def __init__(self, head: PanelHead, junctions: Iterable[PanelJunction]) -> None:
        self.head = head
        self.junctions = tuple(sorted(junctions, key=_order))
        self._by_sides: dict[_Key, list[PanelJunction]] = defaultdict(list)
        for each in self.junctions:
            self._by_sides[_key(each.donor, each.acceptor)].append(each)

    def near(self, junction: Junction, window_bp: int) -> list[PanelJunction]:
        """The junctions of which both sides lie within so many bases of this one's."""
        donor, acceptor = junction.donor, junction.acceptor
        return [
            each
            for each in self._by_sides.get(_key(donor, acceptor), ())
            if abs(each.donor.position - donor.position) <= window_bp
            and abs(each.acceptor.position - acceptor.position) <= window_bp
        ]


def _key(donor: Breakend, acceptor: Breakend) -> _Key:
    return donor.contig, donor.keeps, acceptor.contig, acceptor.keeps


def _order(each: PanelJunction) -> tuple[object, ...]:
    return Junction(each.donor, each.acceptor).sort_key


def build_panel(folders: Sequence[Path]) -> Panel:
    """Gather the candidates of samples that the laboratory knows to hold no fusion.

    Args:
        folders: of the samples' results, each with `candidates.tsv` and `provenance.json`.

    Raises:
        InputError: a folder lacks a file, a sample comes twice, or two were made with different
            reference bundles.
        SettingsError: a table of candidates cannot be read.
    """
    made = sorted(
        ((_read_provenance(folder / _PROVENANCE), folder) for folder in folders),
        key=lambda pair: pair[0].sample,
    )
    _check(made)
    samples = []
    seen: dict[tuple[str, ...], dict[int, float | None]] = defaultdict(dict)
    for number, (provenance, folder) in enumerate(made, start=1):
        path = folder / _CANDIDATES
        for row in read_table(path, _NEEDED).rows:
            cells = {name: row[name] or "" for name in _NEEDED}
            if (cells["split_molecules"], cells["spanning_molecules"]) != ("0", "0"):
                found = seen[tuple(cells[name] for name in _PLACE)]
                found[number] = _larger(found.get(number, 0.0), _ffpm(cells["ffpm"], path))
        digest = sha256(path)
        samples.append(PanelSample(sample=provenance.sample, candidates_sha256=digest))
    reference = made[0][0].reference
    head = PanelHead(
        schema=PANEL_SCHEMA,
        fusioncall=__version__,
        reference=reference.name,
        reference_sha256=reference.manifest_sha256,
        samples=tuple(samples),
    )
    return Panel(head, (_gathered(cells, found) for cells, found in seen.items()))


def _read_provenance(path: Path) -> _Provenance:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Provenance)
    except OSError as error:
        what, cure = f"cannot be read: {error.strerror}", "Name folders of finished samples"
        raise InputError(what, where=path, cure=cure) from error
    except msgspec.MsgspecError as error:
        what, cure = f"is no provenance.json: {error}", "Make the results of this sample anew"
        raise InputError(what, where=path, cure=cure) from error


def _check(made: Sequence[tuple[_Provenance, Path]]) -> None:
    """That there are samples, each once, and all of one reference."""
    if not made:
        raise InputError("no sample was given", cure="Name the folders of negative samples")
    for (one, folder), (other, second) in pairwise(made):
        if one.sample == other.sample:
            what = f"is of the sample {one.sample}, as {folder} is"
            raise InputError(what, where=second, cure="Give each sample once, under its own name")
    first, where = made[0]
    for each, folder in made:
        if each.reference != first.reference:
            what = f"was made with another reference bundle than {where}"
            cure = "Take samples of one bundle into a panel"
            raise InputError(what, where=folder, cure=cure)


def _gathered(cells: tuple[str, ...], found: Mapping[int, float | None]) -> PanelJunction:
    """A junction of some samples, each with its molecules per million fragments."""
    five, three, gene5, gene3 = cells
    known = [value for value in found.values() if value is not None]
    return PanelJunction(
        donor=Breakend.donor(*parse_breakpoint(five)),
        acceptor=Breakend.acceptor(*parse_breakpoint(three)),
        gene5=gene5,
        gene3=gene3,
        samples=tuple(sorted(found)),
        max_ffpm=max(known) if len(known) == len(found) else None,
    )


def _larger(one: float | None, other: float | None) -> float | None:
    """The larger of two numbers; None if one is not known."""
    return None if one is None or other is None else max(one, other)


def _ffpm(text: str, path: Path) -> float | None:
    if text == _UNKNOWN:
        return None
    try:
        return float(text)
    except ValueError as error:
        what = f"has {text!r} for a number of molecules per million fragments"
        raise InputError(what, where=path, cure="Make the table anew") from error


def write_panel(path: Path, panel: Panel) -> None:
    """Write a panel: a line of JSON that tells what it was made of, and a table."""
    rows = [
        (
            breakpoint_text(each.donor.contig, each.donor.position, each.donor.donor_strand),
            breakpoint_text(
                each.acceptor.contig, each.acceptor.position, each.acceptor.acceptor_strand
            ),
            each.gene5,
            each.gene3,
            ",".join(map(str, each.samples)),
            _UNKNOWN if each.max_ffpm is None else f"{each.max_ffpm:.3f}",
        )
        for each in panel.junctions
    ]
    with whole_file(path) as temporary:
        lines = ("\t".join(row) for row in (_COLUMNS, *rows))
        head = f"{_MARK}{msgspec.json.encode(panel.head).decode()}"
        temporary.write_text("\n".join((head, *lines, "")), encoding="utf-8")


def read_panel_of_normals(path: Path, reference_sha256: str) -> Panel:
    """Read a panel.

    Args:
        path: the file.
        reference_sha256: of the manifest of the bundle in use.

    Raises:
        SettingsError: it cannot be read, is of another version, or was made with another reference
            bundle.
    """
    table = read_table(path, _COLUMNS)
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    if not first.startswith(_MARK):
        raise SettingsError("is no panel of normals", where=path, cure=_CURE)
    try:
        head = msgspec.json.decode(first.removeprefix(_MARK), type=PanelHead)
        junctions = [_parsed(row, len(head.samples)) for row in table.rows]
    except (msgspec.MsgspecError, ValueError) as error:
        what = f"is no panel of normals of this version: {error}"
        raise SettingsError(what, where=path, cure=_CURE) from error
    if head.schema != PANEL_SCHEMA:
        what = f"has layout {head.schema}, this version reads {PANEL_SCHEMA}"
        raise SettingsError(what, where=path, cure=_CURE)
    if head.reference_sha256 != reference_sha256:
        what = f"was made with another reference bundle ({head.reference}) than the one in use"
        raise SettingsError(what, where=path, cure="Build the panel with results of this bundle")
    return Panel(head, junctions)


def _parsed(row: Mapping[str | None, str | None], size: int) -> PanelJunction:
    """A row of a panel of so many samples; ValueError if it cannot be."""
    cells = {name: row[name] or "" for name in _COLUMNS}
    samples = tuple(int(number) for number in cells["samples"].split(","))
    if not all(1 <= number <= size for number in samples):
        message = f"a junction is in sample {max(samples)} of {size}"
        raise ValueError(message)
    ffpm = cells["max_ffpm"]
    return PanelJunction(
        donor=Breakend.donor(*parse_breakpoint(cells["breakpoint5"])),
        acceptor=Breakend.acceptor(*parse_breakpoint(cells["breakpoint3"])),
        gene5=cells["gene5"],
        gene3=cells["gene3"],
        samples=samples,
        max_ffpm=None if ffpm == _UNKNOWN else float(ffpm),
    )


def with_normals(
    calls: Iterable[Call],
    fragments: int | None,
    panel: Panel,
    catalogue: Catalogue,
    settings: Settings,
) -> tuple[Call, ...]:
    """The calls of a sample, each looked up in a panel and judged by it.

    Args:
        calls: judged by the other filters.
        fragments: of the sample, None if not known.
        panel: of normals.
        catalogue: known pairs, which the panel marks and never removes.
        settings: how near a junction must be, and the limits of the filter.
    """
    made = []
    for call in calls:
        hit = _hit(call, fragments, panel, catalogue, settings.filters)
        made.append(judged_anew(replace(call, fusion=replace(call.fusion, normals=hit)), settings))
    return tuple(made)


def _hit(
    call: Call, fragments: int | None, panel: Panel, catalogue: Catalogue, limits: FilterSettings
) -> PanelHit:
    fusion = call.fusion
    near = panel.near(junction_of(fusion), limits.panel_window_bp)
    known, _ = catalogue.find(fusion.five.gene, fusion.three.gene)
    return PanelHit(
        samples=len({number for each in near for number in each.samples}),
        size=len(panel.head.samples),
        is_known_pair=known is Knowledge.PAIR,
        is_stronger=_is_stronger(fusion.support.total, fragments, near, limits),
    )


def _is_stronger(
    molecules: int, fragments: int | None, near: Sequence[PanelJunction], limits: FilterSettings
) -> bool:
    """Whether a junction has far more molecules than in the panel, or it is not known how many."""
    strongest = [each.max_ffpm for each in near if each.max_ffpm is not None]
    if not fragments or len(strongest) < len(near):
        return True
    return 1e6 * molecules / fragments > limits.max_panel_ratio * max(strongest, default=0.0)
