"""How far a long step is: a line that renews itself on a terminal, lines in a log elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from typing import Self

log = logging.getLogger(__name__)

_TERMINAL_SECONDS = 0.5
_LOG_SECONDS = 60.0
_MB = 1_000_000


class Progress:
    """Tells, now and then, how much of some files was read, how fast, and how long the rest takes.

    Args:
        what: what is being done, for the line.
        total_bytes: of the files.
    """

    def __init__(self, what: str, total_bytes: int) -> None:
        self._what = what
        self._total = max(1, total_bytes)
        self._begun = self._told = time.monotonic()
        self._on_terminal = sys.stderr.isatty() and log.isEnabledFor(logging.INFO)
        self._width = 0

    def update(self, done_bytes: int, fragments: int) -> None:
        """Say how far it is, unless that was said a moment ago."""
        now = time.monotonic()
        if now - self._told < (_TERMINAL_SECONDS if self._on_terminal else _LOG_SECONDS):
            return
        self._told = now
        line = progress_line(self._what, done_bytes, self._total, fragments, now - self._begun)
        if self._on_terminal:
            sys.stderr.write(f"\r{line.ljust(self._width)}")
            sys.stderr.flush()
            self._width = len(line)
        else:
            log.info("%s", line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Wipe the line from the terminal."""
        if self._width:
            sys.stderr.write(f"\r{' ' * self._width}\r")
            sys.stderr.flush()


def progress_line(
    what: str, done_bytes: int, total_bytes: int, fragments: int, seconds: float
) -> str:
    """One line of progress.

    >>> progress_line("screen", 250_000_000, 1_000_000_000, 3_000_000, 2.0)
    'screen: 25 %, 3.0 million fragments, 125 MB/s, 0:06 left'
    """
    share = min(1.0, done_bytes / total_bytes)
    left = round(seconds * (1 - share) / share) if share else 0
    minutes, rest = divmod(left, 60)
    return (
        f"{what}: {int(100 * share)} %, {fragments / 1e6:.1f} million fragments,"
        f" {done_bytes / _MB / max(seconds, 1e-9):.0f} MB/s, {minutes}:{rest:02} left"
    )
