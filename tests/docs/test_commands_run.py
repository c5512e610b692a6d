"""Every command that the documentation shows is run, in order, as a reader would run it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.docs.documents import PAGES, Block, blocks, name_of

SHELLS = {"sh", "console"}
LOOKALIKES = {"bash", "shell", "shell-session", "zsh"}
_STEP = "::step"


def steps(page: Path) -> list[Block]:
    """Return what has to be done for a page."""
    found = blocks(page.read_text("utf-8"))
    return [block for block in found if (block.file or block.language in SHELLS) and not block.skipped]


RUN = {name_of(page): page for page in PAGES if steps(page)}


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Yield the commands of a console block, each with what it should print."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def script(todo: Sequence[Block]) -> str:
    """Write a shell script that does everything in order and marks each step."""
    lines = ["set -eu"]
    for block in todo:
        lines.append(mark(block))
        if block.file:
            lines.append(f"mkdir -p {shlex.quote(str(Path(block.file).parent))}")
            lines.append(f"cat > {shlex.quote(block.file)} <<'::end'\n{block.text}::end")
        elif block.language == "sh":
            lines.append(block.text)
        else:
            for command, _ in commands(block):
                lines += [f"{{ {command}\n}} || true", mark(block)]
    return "\n".join(lines)


def mark(block: Block) -> str:
    """Write the command that parts what one step prints from the next, whether it ends its line or not."""
    return f"printf '\\n{_STEP} {block.line}\\n'"


def run(todo: Sequence[Block], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script of some steps in a folder, with the feedmaker of this environment first on PATH."""
    settings = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "COLUMNS": "110",
    }
    return subprocess.run(
        ["sh", "-c", script(todo)],
        cwd=folder,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def printed(output: str) -> Iterator[str]:
    """Yield what was printed after each mark of a step."""
    yield from re.split(rf"\n{_STEP} \d+\n", output)[1:]


def expected(output: str) -> re.Pattern[str]:
    """Turn the output that a page shows into a pattern; … stands for anything."""
    return re.compile(".*".join(map(re.escape, output.rstrip("\n").split("…"))), re.DOTALL)


@pytest.mark.parametrize("name", RUN)
def test_commands_of_a_page_work(name: str, tmp_path: Path) -> None:
    """All commands of a page end with 0, in order, and print what the page says."""
    todo = steps(RUN[name])

    done = run(todo, tmp_path)

    last = re.findall(rf"^{_STEP} (\d+)$", done.stdout, flags=re.MULTILINE)[-1]
    assert done.returncode == 0, f"{name}:{last}: a command failed:\n{done.stdout}"
    said = printed(done.stdout)
    for block in todo:
        shown = list(commands(block)) if block.language == "console" and not block.file else []
        for command, output in shown:
            found = next(said).rstrip("\n")
            assert expected(output).fullmatch(found), f"{name}:{block.line}: {command} printed\n{found}"
        next(said)


def test_readme_is_run() -> None:
    """The tour of the README is among the pages that are run, with the commands it is about."""
    told = script(steps(RUN["README.md"]))

    assert all(word in told for word in ("init site", " check", " build", "newsletter draft", " status"))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_command_hides_behind_another_name(page: Path) -> None:
    """Shell commands stand in `sh` or `console` fences, so none escapes being run."""
    assert not {block.language for block in blocks(page.read_text("utf-8"))} & LOOKALIKES


def test_failing_command_is_noticed(tmp_path: Path) -> None:
    """A command that fails ends the script with its exit code, after the mark of its step."""
    done = run([Block(3, "sh", "true\n"), Block(7, "sh", "false\n"), Block(9, "sh", "echo on\n")], tmp_path)

    assert done.returncode == 1
    assert done.stdout == "\n::step 3\n\n::step 7\n"


@pytest.mark.parametrize(
    ("shown", "output", "fits"),
    [
        ("one\n", "one", True),
        ("one\n", "two", False),
        ("1 published: …\n…\n", "1 published: 1 new\nwrote 7 files\n  feeds", True),
        ("1 published: …\n", "2 published: 1 new", False),
    ],
)
def test_shown_output_is_compared(shown: str, output: str, fits: bool) -> None:
    """What a page shows is compared with what is printed, and … stands for anything."""
    assert bool(expected(shown).fullmatch(output)) is fits


def test_blocks_are_read_with_their_marks() -> None:
    """Fences, files and comments become blocks with their lines."""
    text = (
        "# A\n<!-- run: true -->\n```sh\na\n```\n<!-- not run: no network -->\n```sh\nb\n```\n"
        "```md file=x/y.md\nc\n```\n"
    )

    assert list(blocks(text)) == [
        Block(2, "sh", "true"),
        Block(3, "sh", "a\n"),
        Block(7, "sh", "b\n", None, "no network"),
        Block(10, "md", "c\n", "x/y.md"),
    ]
