"""Inline SVG: the two genes of a fusion with their exons, and its molecules over the junction.

Colours only repeat what fill, outline and words say, so that the drawings hold in black and white.
Every drawing has a title and a description, and every name in them is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from fusioncall.coords import Breakend, Strand
from fusioncall.genes import Block, Transcript
from fusioncall.model import Fusion, Kind, Partner
from fusioncall.nomenclature import junction_of
from fusioncall.pileup import LaidMolecule, Pileup
from fusioncall.targets import Target

_WIDTH = 960.0
_LEFT = 8.0
_GAP = 5.0
_CUT_BP = 1000
_EXON_PX = 22.0
_ROW_PX = 7.0
_REACH_BP = 300
_DEPTH_PX = 30.0


@dataclass(frozen=True, slots=True)
class _Box:
    """An exon of a track: its number, bases, how wide it is drawn, and where it begins."""

    number: int
    block: Block
    x: float
    width: float

    def at(self, position: int, strand: Strand) -> float:
        """Where the left edge of the 0-based position is drawn, as transcribed."""
        start, end = self.block
        before = position - start if strand is Strand.FORWARD else end - 1 - position
        return self.x + self.width * min(max(before, 0), end - start) / (end - start)


@dataclass(frozen=True, slots=True)
class _Track:
    """One gene of the drawing, in the direction of transcription."""

    partner: Partner
    transcript: Transcript
    end: Breakend
    boxes: tuple[_Box, ...]
    is_donor: bool

    @property
    def cut(self) -> float:
        """Where the junction is drawn."""
        position, strand = self.end.position, self.partner.strand
        for box in self.boxes:
            if box.block[0] <= position < box.block[1]:
                inside = box.at(position, strand)
                return inside + box.width / (box.block[1] - box.block[0]) * self.is_donor
        later = [box.x for box in self.boxes if self._is_behind(box)]
        return min(later, default=self.boxes[-1].x + self.boxes[-1].width) - 1.0

    def _is_behind(self, box: _Box) -> bool:
        if self.partner.strand is Strand.FORWARD:
            return box.block[0] > self.end.position
        return box.block[1] <= self.end.position

    def is_kept(self, x: float) -> bool:
        """Whether what is drawn there is part of the fusion."""
        return x < self.cut if self.is_donor else x >= self.cut - 1e-6


def draw_fusion(
    fusion: Fusion,
    transcripts: tuple[Transcript | None, Transcript | None],
    target: Target,
    name: str,
    depth: Mapping[Block, float],
) -> str:
    """Both genes with their exons to scale, the breakpoints, the kinase domain, and the fusion.

    Args:
        fusion: what is drawn.
        transcripts: of its 5' and 3' side.
        target: whose domain is marked.
        name: unique among the drawings of a page.
        depth: reads over the exons of the target, drawn above them; empty where not counted.
    """
    junction = junction_of(fusion)
    ends = (junction.donor, junction.acceptor)
    sides = (fusion.five, fusion.three)
    known = [each for each in transcripts if each is not None]
    layout = _layout(known)
    parts = []
    tracks: list[_Track | None] = []
    y = 30.0
    for row, (partner, transcript, end) in enumerate(zip(sides, transcripts, ends, strict=True)):
        side = "3'" if row else "5'"
        head = f"{side} gene {_side_words(partner)}"
        parts.append(_text(_LEFT, y - 12, head, "head"))
        shown = depth if partner.gene_id == target.gene.id else {}
        y += _DEPTH_PX + 6 if shown else 0
        if transcript is None:
            parts.append(_text(_LEFT, y + 14, "No transcript is annotated here.", "small"))
            tracks.append(None)
        else:
            track = _track(partner, transcript, end, layout, is_donor=row == 0)
            tracks.append(track)
            parts += _draw_track(track, target, y, f"{name}-hatch")
            parts += _draw_depth(track, shown, y - 4)
        y += 92
    five, three = tracks
    if five is not None and three is not None:
        parts.append(_text(_LEFT, y - 14, f"Fused transcript {fusion.name}", "head"))
        parts += _draw_fused(five, three, target, fusion.inserted, (y - 2, f"{name}-hatch"))
    told = _describe(fusion, target, [each for each in tracks if each is not None], depth)
    return _svg(name, f"Genes of {fusion.name}", told, y + 48, [_hatch(f"{name}-hatch"), *parts])


def draw_pileup(pileup: Pileup, fusion: Fusion, name: str) -> str:
    """Each molecule on a line of its own: its reads as bars, what lies between them as a thin line.

    Args:
        pileup: of the fusion.
        fusion: for its names.
        name: unique among the drawings of a page.
    """
    size = len(pileup.inserted)
    low, high = -_REACH_BP, size + _REACH_BP
    step = (_WIDTH - 2 * _LEFT) / (high - low)

    def x(position: int) -> float:
        return _LEFT + step * (min(max(position, low), high) - low)

    height = 34 + _ROW_PX * len(pileup.molecules) + 22
    parts = [
        _text(x(0) - 6, 14, f"{fusion.five.gene} ends here", "head end"),
        _text(x(size) + 6, 14, f"{fusion.three.gene} begins here", "head"),
    ]
    for row, molecule in enumerate(pileup.molecules):
        parts += _draw_molecule(molecule, 28 + _ROW_PX * row, x)
    bottom = 28 + _ROW_PX * len(pileup.molecules)
    parts += [_line(x(cut), 18, x(cut), bottom, "cut") for cut in sorted({0, size})]
    for distance in range(-_REACH_BP, _REACH_BP + 1, 100):
        at = x(distance + size * (distance > 0))
        parts.append(_line(at, bottom, at, bottom + 4, "axis"))
        parts.append(_text(at, bottom + 16, f"{abs(distance)}", _anchor(distance)))
    split = sum(each.kind is Kind.SPLIT for each in pileup.molecules)
    told = (
        f"{split} split molecules with a read across the junction and "
        f"{len(pileup.molecules) - split} spanning molecules with a read on each side, "
        f"up to {_REACH_BP} bases from the junction."
    )
    return _svg(name, f"Molecules of {fusion.name}", told, height, parts)


def _anchor(distance: int) -> str:
    if abs(distance) < _REACH_BP:
        return "small middle"
    return "small" if distance < 0 else "small end"


def _draw_molecule(molecule: LaidMolecule, y: float, x: Callable[[int], float]) -> list[str]:
    start = min(read.start for read in molecule.reads)
    end = max(read.end for read in molecule.reads)
    parts = [_line(x(start), y, x(end), y, "mate")]
    kind = "split" if molecule.kind is Kind.SPLIT else "spanning"
    for read in molecule.reads:
        left, right = x(read.start), x(read.end)
        if right > left:
            parts.append(_rect(left, y - 2, right - left, 4, kind))
        for position, symbol in enumerate(read.symbols, start=read.start):
            if symbol != "." and x(position + 1) > x(position):
                parts.append(_rect(x(position) - 0.4, y - 3, 2.2, 6, "differs"))
    return parts


@dataclass(frozen=True, slots=True)
class _Layout:
    """Pixels for a base of an exon, and for an intron."""

    base: float
    intron: float


def _layout(transcripts: Sequence[Transcript]) -> _Layout:
    """As large as the transcripts can be drawn, both on one scale."""
    room = _WIDTH - 2 * _LEFT
    bases = [1.0]
    intron = min([_GAP, *(0.4 * room / len(each.exons) for each in transcripts)])
    for each in transcripts:
        size = sum(min(end - start, _CUT_BP) for start, end in each.exons)
        bases.append((room - intron * len(each.exons)) / size)
    return _Layout(min(bases), intron)


def _track(
    partner: Partner, transcript: Transcript, end: Breakend, layout: _Layout, *, is_donor: bool
) -> _Track:
    boxes, x = [], _LEFT
    for number, block in enumerate(transcript.exons_transcribed, start=1):
        width = max(1.0, layout.base * min(block[1] - block[0], _CUT_BP))
        boxes.append(_Box(number, block, x, width))
        x += width + layout.intron
    return _Track(partner, transcript, end, tuple(boxes), is_donor)


def _draw_track(track: _Track, target: Target, y: float, hatch: str) -> list[str]:
    first, last = track.boxes[0], track.boxes[-1]
    middle = y + _EXON_PX / 2
    parts = [_line(first.x, middle, last.x + last.width, middle, "intron")]
    for box in track.boxes:
        parts += _draw_box(track, box, y, hatch)
    parts += _numbers(track, y + _EXON_PX + 12)
    for start, end in _domain(track, target):
        parts.append(_rect(start, y + _EXON_PX + 17, end - start, 5, "domain"))
    spans = _domain(track, target)
    if spans:
        words = f"{target.domain} domain"
        at = (spans[0][0] + spans[-1][1]) / 2
        parts.append(_text(at, y + _EXON_PX + 34, words, "small middle"))
    parts.append(_line(track.cut, y - 6, track.cut, y + _EXON_PX + 6, "cut"))
    return parts


def _draw_depth(track: _Track, depth: Mapping[Block, float], bottom: float) -> list[str]:
    """A bar above each exon, as high as reads lie over it; the highest fills the room."""
    top = max(depth.values(), default=0.0)
    if not depth:
        return []
    parts = [_line(_LEFT, bottom, track.boxes[-1].x + track.boxes[-1].width, bottom, "axis")]
    for box in track.boxes:
        height = _DEPTH_PX * _depth_of(box, depth) / top if top else 0.0
        if height:
            parts.append(_rect(box.x, bottom - height, box.width, height, "depth"))
    words = f"reads over each exon, {top:,.1f} at most"
    at = track.boxes[-1].x + track.boxes[-1].width
    parts.append(_text(at, bottom - _DEPTH_PX - 8, words, "small end"))
    return parts


def _depth_of(box: _Box, depth: Mapping[Block, float]) -> float:
    """The depth of the counted exon that an exon shares most bases with; 0 where there is none."""
    start, end = box.block
    shared = {each: min(end, each[1]) - max(start, each[0]) for each in depth}
    best = max(shared, key=lambda each: shared[each])
    return depth[best] if shared[best] > 0 else 0.0


def _draw_box(track: _Track, box: _Box, y: float, hatch: str) -> list[str]:
    """An exon; one with the junction inside in two parts."""
    left, right = box.x, box.x + box.width
    edges = [left, track.cut, right] if left < track.cut < right else [left, right]
    parts = []
    for start, end in pairwise(edges):
        kept = track.is_kept((start + end) / 2)
        kind = ("five" if track.is_donor else "three") if kept else "lost"
        parts.append(_rect(start, y, end - start, _EXON_PX, kind, hatch))
    if box.block[1] - box.block[0] > _CUT_BP:
        parts.append(_text(left + box.width / 2, y + 15, "//", "cutmark middle"))
    return parts


def _numbers(track: _Track, y: float) -> list[str]:
    """Exon numbers where there is room; that of the junction always."""
    parts, free = [], 0.0
    own = track.partner.exon
    reserved = [box.x + box.width / 2 for box in track.boxes if box.number == own]
    for box in track.boxes:
        at = box.x + box.width / 2
        is_own = box.number == own
        if not is_own and (at - 7 < free or any(abs(at - each) < 16 for each in reserved)):
            continue
        parts.append(_text(at, y, str(box.number), "own middle" if is_own else "small middle"))
        free = at + 7
    return parts


def _domain(track: _Track, target: Target) -> list[tuple[float, float]]:
    """Where the kinase domain is drawn, exon by exon; nothing on another gene."""
    if track.partner.gene_id != target.gene.id:
        return []
    low, high = sorted((target.domain_first, target.domain_last))
    spans = []
    for box in track.boxes:
        start, end = max(box.block[0], low), min(box.block[1], high + 1)
        if start < end:
            strand = track.partner.strand
            edges = sorted((box.at(start, strand), box.at(end - 1, strand)))
            spans.append((edges[0], edges[1] + box.width / (box.block[1] - box.block[0])))
    return spans


def _draw_fused(
    five: _Track, three: _Track, target: Target, inserted: str, drawn_as: tuple[float, str]
) -> list[str]:
    """What is kept of both genes, one behind the other, smaller where it is too long.

    `drawn_as` is where it begins from above, and the hatch of the 3' gene.
    """
    (y, hatch), begin = drawn_as, five.boxes[0].x
    last = three.boxes[-1]
    before, after = five.cut - begin, last.x + last.width - three.cut
    step = min(1.0, (_WIDTH - 2 * _LEFT) / (before + after))
    middle = _LEFT + step * before

    def kept5(box: _Box) -> tuple[float, float]:
        right = min(box.x + box.width, five.cut)
        return _LEFT + step * (box.x - begin), _LEFT + step * (right - begin)

    def kept3(left: float, right: float) -> tuple[float, float]:
        return middle + step * (max(left, three.cut) - three.cut), middle + step * (
            right - three.cut
        )

    parts = [_line(_LEFT, y + _EXON_PX / 2, middle + step * after, y + _EXON_PX / 2, "intron")]
    drawn = [(*kept5(box), "five") for box in five.boxes]
    drawn += [(*kept3(box.x, box.x + box.width), "three") for box in three.boxes]
    for left, right, kind in drawn:
        if right - left > 0.01:
            parts.append(_rect(left, y, right - left, _EXON_PX, kind, hatch))
    for start, end in _domain(three, target):
        left, right = kept3(start, end)
        if right > left:
            parts.append(_rect(left, y + _EXON_PX + 3, right - left, 5, "domain"))
    parts.append(_line(middle, y - 4, middle, y + _EXON_PX + 10, "cut"))
    if inserted:
        shown = inserted if len(inserted) <= 12 else f"{len(inserted)} bases"
        parts.append(_text(middle, y + _EXON_PX + 22, f"inserted: {shown}", "small middle"))
    return parts


def _side_words(partner: Partner) -> str:
    exon = f", exon {partner.exon}" if partner.exon else ""
    transcript = f" ({partner.transcript})" if partner.transcript else ""
    place = f"{partner.contig} {partner.strand.value}"
    return f"{partner.gene}{transcript}: {partner.site.value}{exon}, {place}"


def _describe(
    fusion: Fusion, target: Target, tracks: Sequence[_Track], depth: Mapping[Block, float]
) -> str:
    inserted = (
        f", with {len(fusion.inserted)} inserted bases between them" if fusion.inserted else ""
    )
    return (
        f"{_side_words(fusion.five)}; joined to {_side_words(fusion.three)}{inserted}. "
        "Exons are to scale, introns are not. "
        f"The bar marks the {target.domain} domain of {target.name}."
        f"{''.join(_depth_words(each, depth) for each in tracks if depth)}"
    )


def _depth_words(track: _Track, depth: Mapping[Block, float]) -> str:
    """What the bars of depth show, in words; nothing of another gene."""
    told = [
        f"exon {box.number} {_depth_of(box, depth):.1f}"
        for box in track.boxes
        if any(min(box.block[1], end) > max(box.block[0], start) for start, end in depth)
    ]
    return f" Reads over the exons of {track.partner.gene}: {', '.join(told)}." if told else ""


def _svg(name: str, title: str, told: str, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" aria-labelledby="{name}-title" aria-describedby="{name}-desc" '
        f'viewBox="0 0 {_WIDTH:.0f} {height:.0f}">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(told)}</desc>{"".join(parts)}</svg>'
    )


def _hatch(name: str) -> str:
    """The pattern of the 3' gene, told from the filled 5' gene without colour."""
    return (
        f'<defs><pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/>'
        '<rect class="hatch-line" width="2.4" height="6"/></pattern></defs>'
    )


def _rect(x: float, y: float, width: float, height: float, kind: str, hatch: str = "") -> str:
    fill = f' fill="url(#{hatch})"' if kind == "three" and hatch else ""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {place}{fill}/>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line class="{kind}" {place}/>'


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'
