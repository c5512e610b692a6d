"""The benchmark measures what it says, on notes that are always the same."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from benchmarks.notes import EXPORT_EVERY, markdown, page_export, write_folder
from benchmarks.saving import measure_saving
from benchmarks.subscribers import measure as measure_subscribers
from feedmaker.notes.note import parse_note
from tests.docs.documents import ROOT


@cache
def measured(*options: str) -> str:
    """Run the benchmark and return what it printed."""
    command = [sys.executable, "-m", "benchmarks.bench", "--notes", "3", "--runs", "1"]
    command += ["--recipients", "20", "--days", "4", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_figures_of_every_scene_are_printed_as_json() -> None:
    """With --json each scene has its times in order, its memory and its ratio to bare Python."""
    figures = json.loads(measured("--json"))["figures"]

    names = ["bare Python", "cold build", "one changed", "nothing changed", "idle tick"]
    names += ["first collection", "nothing to collect"]
    assert [figure["what"] for figure in figures] == names
    assert all(0 < figure["fastest"] <= figure["median"] <= figure["slowest"] for figure in figures)
    assert all(figure["peak_mb"] > 1 and figure["cpu"] > 0 for figure in figures)
    assert figures[1]["to_bare"] > figures[0]["to_bare"] == 1
    # An idle tick has fewer libraries to start than a build, by far, so noise does not turn this around.
    assert figures[4]["cpu"] < figures[3]["cpu"]


def test_messages_are_counted_by_the_second() -> None:
    """Filling in a letter is set against building each message, on an issue of usual size."""
    once, each = json.loads(measured("--json"))["messages"]

    assert (once["recipients"], each["recipients"]) == (20, 20)
    assert once["per_second"] == pytest.approx(20 / once["seconds"])
    assert once["to_built_each"] > each["to_built_each"] == 1
    assert 20 < once["message_kb"] < 150
    assert once["message_kb"] == pytest.approx(each["message_kb"], rel=0.1)


def test_sending_is_set_against_what_others_do() -> None:
    """Messages of usual size go out over SMTP, signed and not, beside those of two other programs."""
    paces = json.loads(measured("--json"))["sending"]

    whats = ["feedmaker", "feedmaker", "feedmaker, signed (RSA and Ed25519)", "smtp-source"]
    assert [pace["what"] for pace in paces] == [*whats, "smtplib.send_message for each"]
    assert [pace["messages"] for pace in paces] == [2, 20, 20, 20, 20]
    assert all(20 < pace["kilobytes"] < 150 and pace["seconds"] > 0 for pace in paces)


def test_soak_holds_no_more_after_days_than_before() -> None:
    """After each quarter of the time stands what the process holds; files and threads never grow."""
    moments = json.loads(measured("--json"))["soak"]

    assert [moment["day"] for moment in moments] == [1, 2, 3, 4]
    assert len({(moment["files"], moment["threads"]) for moment in moments}) == 1
    assert moments[-1]["runs"] > 4 * 4
    assert 0.5 < moments[-1]["memory_mb"] / moments[0]["memory_mb"] < 1.5


def test_saved_note_is_waited_for(tmp_path: Path) -> None:
    """What is measured is the time until the daemon has a saved note in the feed, beside that of a build."""
    feedmaker = Path(sys.executable).with_name("feedmaker")

    seen, built = measure_saving(tmp_path, feedmaker, notes=3, runs=2)

    assert built.to_build == 1
    assert 0 < built.fastest < seen.fastest <= seen.median <= seen.slowest


def test_subscribers_are_taken_over_and_counted(tmp_path: Path) -> None:
    """Each command has its time and its memory, on a list whose rows are not all usable."""
    figures = list(measure_subscribers(tmp_path, 300))

    assert [figure.what for figure in figures] == ["import", "import again", "export", "list", "stats"]
    assert all(figure.per_second == pytest.approx(300 / figure.seconds) for figure in figures)
    assert all(figure.peak_mb > 10 for figure in figures)
    assert len((tmp_path / "out.csv").read_bytes().splitlines()) == 1 + 297
    assert len((tmp_path / "rejects.csv").read_bytes().splitlines()) == 1 + 3


def test_tables_have_a_line_for_every_scene() -> None:
    """Without options for machines the figures are four tables."""
    scenes, messages, sending, soak = (table.splitlines() for table in measured().split("\n\n"))

    lengths = [len(lines) for lines in (scenes, messages, sending, soak)]
    assert lengths == [2 + 7, 2 + 2, 2 + 5, 2 + 4]
    for lines in (scenes, messages, sending, soak):
        assert all(line.count("|") == lines[0].count("|") for line in lines)


def test_notes_are_the_same_every_time(tmp_path: Path) -> None:
    """Two folders of the same size are equal, and have as many page exports as they should."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_folder(tmp_path / name, EXPORT_EVERY + 1)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.*")} for name in ("a", "b")
    )

    assert first == second
    assert sum(name.endswith(".txt") for name in first) == 1
    assert sum(name.endswith(".md") for name in first) == EXPORT_EVERY


@pytest.mark.parametrize("number", [0, 1, 49, 9_999])
def test_notes_are_valid_and_of_the_promised_size(number: int) -> None:
    """Both formats are read without a warning, hold everything, and have about 4 KB."""
    for path, text in (("a.md", markdown(number)), ("a.txt", page_export(number))):
        note = parse_note(path, text.encode())

        assert note.episode is not None
        assert note.diagnostics == ()
        assert (len(note.episode.reveals), len(note.episode.recommendations)) == (6, 3)
        assert 3_000 < len(text.encode()) < 5_500
