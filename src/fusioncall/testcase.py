"""The molecules of one call as small files without names, for a bug report.

Reads get numbers for names. Sample, read groups, programs and paths are nowhere in the files. The
sequence itself stays, and with it what a person was born with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import yaml

from fusioncall import __version__
from fusioncall.adapters import without_adapters
from fusioncall.bam import sort_and_index, umi_of, write_molecules
from fusioncall.errors import InputError, OutputError
from fusioncall.files import whole_folder, write_gzip, write_json
from fusioncall.model import Call, Molecule, Read, SampleCalls
from fusioncall.nomenclature import junction_of
from fusioncall.question import Question
from fusioncall.reference import Reference
from fusioncall.tables import breakpoint_cell
from fusioncall.unfused import count_unfused, over_acceptors

_SCHEMA = 1
_NOTICE = """\
The molecules of one call of fusioncall, cut out for a bug report.

Read names are numbers. The files hold no name of a sample, a person, a machine or a folder, and no
header but the contigs of the reference. testcase.json names the reference as its bundle is called.

THE SEQUENCE ITSELF CAN STILL IDENTIFY A PERSON: reads show germline variants. Look at the rules of
your institution before you hand these files on, and do not publish reads of a patient without the
consent that this needs.

testcase_1.fq.gz, testcase_2.fq.gz   the reads (one file if they are single)
testcase.bam, testcase.bam.bai       the same with their alignments
settings.yaml                        the settings of the call
testcase.json                        the call, the version and the reference
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A call, and the molecules that are cut out for it, under their new names."""

    call: Call
    supporting: int
    molecules: tuple[Molecule, ...]


def chosen_call(question: Question, made: SampleCalls, where: Path) -> Call:
    """The one call or candidate that is asked for.

    Raises:
        InputError: there is none, or there are several.
    """
    own = [call for call in made.calls if question.is_asked(call.fusion)]
    found = [call for call in own if call.passed] or own
    if len(found) == 1:
        return found[0]
    if not found:
        what, cure = f"holds no candidate of {question.text}", "candidates.tsv has them all"
        raise InputError(what, where=where, cure=cure)
    places = ", ".join(_place(call) for call in found)
    what = f"holds several junctions of {question.text}: {places}"
    raise InputError(what, where=where, cure="Name one of them by its two breakpoints")


def cut_out(
    call: Call,
    molecules: Sequence[Molecule],
    made: SampleCalls,
    reference: Reference,
    *,
    with_unfused: bool,
) -> Case:
    """The molecules that support a call, and on request those unfused at its acceptor.

    Args:
        call: the call.
        molecules: of the sample, in the order of their names.
        made: all calls, whose molecules are no unfused ones.
        reference: genome and genes.
        with_unfused: whether they are wanted.
    """
    names = set(call.fusion.support.names)
    chosen = [each for each in molecules if each.name in names]
    others = list(_unfused(call, molecules, made, reference)) if with_unfused else []
    renamed = (_renamed(each, n) for n, each in enumerate((*chosen, *others), start=1))
    return Case(call, len(chosen), tuple(renamed))


def _unfused(
    call: Call, molecules: Sequence[Molecule], made: SampleCalls, reference: Reference
) -> Iterator[Molecule]:
    fused = {name for each in made.calls for name in each.fusion.support.names}
    settings = made.settings.recount
    unfused = over_acceptors([junction_of(call.fusion).acceptor], reference, settings)
    fragments = without_adapters(molecules, made.settings.trim)
    for molecule, fragment in zip(molecules, fragments, strict=True):
        if any(count_unfused([fragment], unfused, fused, settings).values()):
            yield molecule


def _renamed(molecule: Molecule, number: int) -> Molecule:
    """The molecule with a number for its name; its molecular identifier stays behind it."""
    name = f"m{number}"
    tagged = f"{name}_{molecule.umi}"
    is_read = molecule.umi and umi_of(tagged) == molecule.umi
    return replace(molecule, name=tagged if is_read else name)


def write_testcase(out: Path, case: Case, made: SampleCalls, reference: Reference) -> None:
    """Write the files of a test case into a new folder.

    Raises:
        OutputError: the folder is there and not empty, or cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        what, cure = "is there and not empty", "Choose a folder that does not exist yet"
        raise OutputError(what, where=out, cure=cure)
    with whole_folder(out) as folder:
        _write_reads(folder, case.molecules)
        bam = folder / "testcase.bam"
        tags = {each.name: {"RX": each.umi} for each in case.molecules if each.umi}
        write_molecules(bam, case.molecules, reference.contigs, tags)
        sort_and_index(bam)
        settings = yaml.safe_dump(msgspec.to_builtins(made.settings), sort_keys=False)
        (folder / "settings.yaml").write_text(settings, encoding="utf-8")
        (folder / "README.txt").write_text(_NOTICE, encoding="utf-8")
        write_json(folder / "testcase.json", _record(case, made))


def _write_reads(folder: Path, molecules: Sequence[Molecule]) -> None:
    """FASTQ of the molecules that have as many reads as most; a lone mate has no file to be in."""
    size = max((len(each.reads) for each in molecules), default=1)
    whole = [each for each in molecules if len(each.reads) == size]
    for index in range(size):
        lines = (_record_of(each.name, each.reads[index]) for each in whole)
        write_gzip(folder / f"testcase_{index + 1}.fq.gz", lines)


def _record_of(name: str, read: Read) -> str:
    quality = read.quality or "I" * len(read.sequence)
    return f"@{name}\n{read.sequence}\n+\n{quality}\n"


def _record(case: Case, made: SampleCalls) -> dict[str, object]:
    fusion = case.call.fusion
    return {
        "schema": _SCHEMA,
        "fusioncall": __version__,
        "called_with": made.fusioncall,
        "reference": {"name": made.reference, "manifest_sha256": made.reference_sha256},
        "fusion": fusion.name,
        "breakpoint5": breakpoint_cell(fusion.five),
        "breakpoint3": breakpoint_cell(fusion.three),
        "inserted": fusion.inserted,
        "split_molecules": fusion.support.split_molecules,
        "spanning_molecules": fusion.support.spanning_molecules,
        "verdicts": case.call.verdicts,
        "supporting": case.supporting,
        "unfused": len(case.molecules) - case.supporting,
    }


def _place(call: Call) -> str:
    return f"{breakpoint_cell(call.fusion.five)} {breakpoint_cell(call.fusion.three)}"
