r"""Record a sample as failed whose step died in its last try, so that a batch goes on.

  fusioncall give-up screen --out screened.bam --census census.json --reference REF ...
  fusioncall give-up align --out aligned.bam ...
  fusioncall give-up call --sample S --calls calls.json --evidence evidence.bam --reference REF ...

The workflow calls this when a step has ended with an error. Before the last try nothing is written,
and the exit code is that of the step, so that Snakemake tries again. After it the files of the step
are written without molecules and with the reason, which the sample's results then tell. An exit
code of 2, and one of a program that cannot be started, is always passed on: such an error is one of
the run and not of the sample.

The file of --begun is there while a step works. If the last try finds it, the one before was ended
with its whole job, and the step is not tried again: its sample is recorded as failed.

Of several samples that one process aligned (--reads, --reference) each that lacks its file is first
aligned by a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from fusioncall.cli.common import add_reference, add_settings, add_setup, setup_of
from fusioncall.failures import Ended, failed_census, write_failed_bam, write_note

_OF_THE_RUN = (2, 126, 127)
"""Exit codes: an error that told its cure; and of the shell, a program that cannot be started."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall give-up`."""
    steps = parser.add_subparsers(dest="step", metavar="screen|align|call", required=True)
    screen = steps.add_parser("screen", help="no kept molecules, and a census with the reason")
    screen.add_argument("--out", type=Path, required=True, help="unaligned BAM to write")
    screen.add_argument("--census", type=Path, required=True, help="JSON of counts to write")
    add_setup(screen)
    align = steps.add_parser("align", help="for each sample that lacks it a BAM with the reason")
    help_text = "BAM to write, of one sample or of several"
    align.add_argument("--out", type=Path, nargs="+", required=True, metavar="BAM", help=help_text)
    help_text = "unaligned BAM of each sample, to align it alone"
    align.add_argument("--reads", type=Path, nargs="+", default=(), metavar="BAM", help=help_text)
    add_settings(align)
    add_reference(align, required=False)
    call = steps.add_parser("call", help="no calls, and the reason")
    call.add_argument("--sample", required=True, help="name of the sample")
    call.add_argument("--census", type=Path, help="JSON of counts that the screen wrote")
    call.add_argument("--calls", type=Path, required=True, help="JSON of calls to write")
    call.add_argument("--evidence", type=Path, required=True, help="BAM of molecules to write")
    add_setup(call)
    for step in (screen, align, call):
        _add_end(step)


def _add_end(parser: argparse.ArgumentParser) -> None:
    end = parser.add_argument_group("how the step ended")
    end.add_argument("--exit-code", type=int, required=True, help="its exit code")
    help_text = "file that is there while the step works"
    end.add_argument("--begun", type=Path, required=True, metavar="FILE", help=help_text)
    help_text = "which try it was, and of how many, such as 2/3"
    end.add_argument("--tried", type=_tried, required=True, metavar="N/M", help=help_text)
    help_text = "memory that it had asked for"
    end.add_argument("--memory-mb", type=int, required=True, metavar="MB", help=help_text)
    end.add_argument("--minutes", type=int, required=True, help="time that it had asked for")
    help_text = "text to write the reason to, one for each sample"
    end.add_argument("--note", type=Path, nargs="+", required=True, metavar="TXT", help=help_text)


def main(args: argparse.Namespace) -> int:
    """Give a sample up, or pass the exit code on."""
    attempt, tries = args.tried
    is_lost = 1 < tries == attempt and args.begun.exists()
    args.begun.unlink(missing_ok=True)
    if not is_lost and (attempt < tries or args.exit_code in _OF_THE_RUN):
        return int(args.exit_code)
    exit_code = None if is_lost else args.exit_code
    ended = Ended(args.step, exit_code, tries, args.memory_mb, args.minutes)
    if args.step == "align":
        return _align(args, ended)
    if args.step == "screen":
        _screen(args, ended)
    else:
        _call(args, ended)
    write_note(args.note[0], ended)
    return 0


def _screen(args: argparse.Namespace, ended: Ended) -> None:
    from fusioncall.screening import record_failed_screen  # noqa: PLC0415

    record_failed_screen(ended.error(), setup_of(args), args.out, args.census)


def _call(args: argparse.Namespace, ended: Ended) -> None:
    from fusioncall.steps import record_failed_call  # noqa: PLC0415

    setup = setup_of(args)
    census = failed_census("fastq" if args.census else "bam", ended.error(), setup.reference)
    record_failed_call(args.sample, census, setup, args.calls, args.evidence)


def _align(args: argparse.Namespace, ended: Ended) -> int:
    """The exit code: that of a sample which alone ends with an error of the run, else 0."""
    reads = args.reads or [None] * len(args.out)
    for each, out, note in zip(reads, args.out, args.note, strict=True):
        if each and out.exists():
            continue
        is_tried = each and ended.exit_code is not None
        code = _align_alone(each, out, args) if is_tried else ended.exit_code
        if code in _OF_THE_RUN:
            return code
        if code != 0:
            told = replace(ended, exit_code=code)
            write_failed_bam(out, told)
            write_note(note, told)
    return 0


def _align_alone(reads: Path, out: Path, args: argparse.Namespace) -> int:
    """The exit code of a process that aligns one sample, as the shell would give it."""
    words = ["--reads", reads, "--out", out, "--reference", args.reference]
    words += ["--threads", args.threads]
    words += ["--settings", args.settings] if args.settings else []
    command = [sys.executable, "-m", "fusioncall", "align", *map(str, words)]
    code = subprocess.run(command, check=False).returncode
    return 128 - code if code < 0 else code


def _tried(text: str) -> tuple[int, int]:
    attempt, _, tries = text.partition("/")
    if not (attempt.isdecimal() and tries.isdecimal()):
        message = f"two numbers such as 2/3, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(attempt), int(tries)
