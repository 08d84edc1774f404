"""Progress on stderr: what a user watches for minutes or hours."""

from __future__ import annotations

import sys

import pytest

from taskgroup.progress import LiveProgress, PlainProgress, shown
from taskgroup.search import Progress, Silent

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


def searched(progress: Progress) -> None:
    """What a short search says."""
    progress.stage("baselines", 4)
    progress.advance(4, 0)
    progress.stage("pairs", 6)
    progress.advance(3, 1)
    progress.note("best so far: a+b | c")
    progress.stage("pairs", 2)
    progress.advance(2, 0)


def test_the_display_suits_stderr(monkeypatch):
    assert isinstance(shown(quiet=True), Silent)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert isinstance(shown(), PlainProgress)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert isinstance(shown(), LiveProgress)


def test_logs_get_a_line_a_stage_and_no_control_characters(capsys):
    progress = PlainProgress()
    searched(progress)
    progress.close()
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "baselines ...",
        "pairs ...",
        "1 of 3 runs failed",
        "best so far: a+b | c",
    ]
    assert captured.out == ""


@pytest.mark.parametrize("finished", [True, False])
def test_a_terminal_gets_its_cursor_back(capsys, monkeypatch, finished):
    """Also where Ctrl-C ends a stage half-way."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    progress = LiveProgress()
    searched(progress)
    if finished:
        progress.advance(1, 0)
    progress.close()
    err = capsys.readouterr().err
    assert "best so far: a+b | c" in err
    assert err.count(HIDE_CURSOR) == err.count(SHOW_CURSOR) >= 1
    assert err.rindex(SHOW_CURSOR) > err.rindex(HIDE_CURSOR)


def test_nothing_is_said_where_nothing_was_asked_for(capsys):
    progress = Silent()
    searched(progress)
    progress.close()
    assert capsys.readouterr() == ("", "")
