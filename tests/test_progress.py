"""Progress: a line on a terminal, lines in the log elsewhere, and not too many of them."""

from __future__ import annotations

import logging
import sys

import pytest

from fusioncall import progress
from fusioncall.progress import Progress, progress_line


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_log_gets_a_line_a_minute(clock, caplog, capsys):
    caplog.set_level(logging.INFO)
    with Progress("screen", 1_000_000_000) as told:
        for second in range(0, 150, 5):
            clock.now = float(second)
            told.update(second * 5_000_000, second * 100_000)
    assert caplog.messages == [
        "screen: 30 %, 6.0 million fragments, 5 MB/s, 2:20 left",
        "screen: 60 %, 12.0 million fragments, 5 MB/s, 1:20 left",
    ]
    assert capsys.readouterr().err == ""


def test_terminal_gets_one_line_that_is_wiped(clock, caplog, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    caplog.set_level(logging.INFO)
    with Progress("screen", 100_000_000) as told:
        clock.now = 1.0
        told.update(50_000_000, 1_000_000)
        told.update(60_000_000, 1_100_000)  # too soon
    line = progress_line("screen", 50_000_000, 100_000_000, 1_000_000, 1.0)
    assert capsys.readouterr().err == f"\r{line}\r{' ' * len(line)}\r"
    assert caplog.messages == []


def test_nothing_is_shown_when_only_warnings_are_wanted(clock, caplog, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    caplog.set_level(logging.WARNING)
    with Progress("screen", 100) as told:
        clock.now = 100.0
        told.update(50, 1)
    assert capsys.readouterr().err == ""
    assert caplog.messages == []
