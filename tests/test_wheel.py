"""The built package, installed alone, does the whole job.

Whoever installs feedmaker gets the wheel and what it declares, not this repository. So the wheel is built by
way of the source archive, which proves that the archive holds what a build needs, and it goes into a fresh
environment outside the repository.

No test may need the network, so the environment gets its dependencies as links to those that are installed
here: the ones that the wheel declares, what these declare in turn, and nothing else. The feedmaker of the
developer's own environment, an entry of its path, is not among them. A dependency that was used but never
declared is missing there as it would be on a stranger's machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
MARK = "<!-- from the installed package -->"


def run(*words: str | Path, cwd: Path) -> str:
    """Run a program without this environment's settings and return what it printed."""
    settings = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PIP_"))}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=settings | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def declared(requirements: Iterable[str]) -> set[str]:
    """Return the names of all distributions that some requirements lead to on this machine."""
    seen: set[Requirement] = set()
    queue = wanted(requirements)
    while queue:
        requirement = queue.pop()
        if requirement not in seen:
            seen.add(requirement)
            queue += wanted(distribution(requirement.name).requires or [], requirement.extras)
    return {canonicalize_name(requirement.name) for requirement in seen}


def wanted(requirements: Iterable[str], extras: Iterable[str] = ()) -> list[Requirement]:
    """Return the requirements that hold on this machine, with the extras that were asked for."""
    cases = [{"extra": extra} for extra in ("", *extras)]
    return [
        requirement
        for requirement in map(Requirement, requirements)
        if requirement.marker is None or any(map(requirement.marker.evaluate, cases))
    ]


def link(names: set[str], folder: Path) -> None:
    """Link the files of installed distributions into a folder of packages."""
    for name in sorted(names):
        source = distribution(name)
        for top in {
            file.parts[0] for file in source.files or [] if file.parts[0] not in {"..", "__pycache__"}
        }:
            (folder / top).symlink_to(Path(str(source.locate_file(top))))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source archive and, from it, the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel, alone with what it declares, and return the environment's folder."""
    environment = tmp_path_factory.mktemp("stranger") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=wheel.parent)
    (packages,) = environment.glob("lib/python*/site-packages")
    pip = (sys.executable, "-m", "pip", "--python", environment / "bin" / "python")
    run(*pip, "install", "--no-index", "--no-deps", wheel, cwd=wheel.parent)
    (metadata,) = packages.glob("feedmaker-*.dist-info")
    link(declared(Distribution.at(metadata).requires or []), packages)
    run(*pip, "check", cwd=wheel.parent)
    return environment


def test_wheel_holds_code_types_and_templates(wheel: Path) -> None:
    """The wheel has the code, the marker for type checkers and every template, and nothing else."""
    names = set(zipfile.ZipFile(wheel).namelist())
    templates = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("templates/**/*") if path.is_file()}

    assert {f"feedmaker/{name}" for name in templates} | {"feedmaker/py.typed", "feedmaker/model.py"} <= names
    assert templates, "templates/ is empty, so nothing was proven about it"
    assert {name.split("/")[0].split("-")[0] for name in names} == {"feedmaker"}


def test_installed_wheel_builds_a_new_site(installed: Path, tmp_path: Path) -> None:
    """`feedmaker init` and `feedmaker build` write all feeds from the installed code and templates."""
    python, feedmaker = installed / "bin" / "python", installed / "bin" / "feedmaker"
    code = Path(run(python, "-c", "import feedmaker; print(feedmaker.__file__)", cwd=tmp_path).strip()).parent
    assert code.is_relative_to(installed), "the repository's code was found instead of the wheel's"
    for template in code.glob("templates/**/*.html*"):
        template.write_text(template.read_text("utf-8") + MARK, "utf-8")

    run(feedmaker, "init", "site", cwd=tmp_path)
    run(feedmaker, "-C", "site", "build", cwd=tmp_path)

    public = tmp_path / "site" / "public"
    for name in ("feed.xml", "atom.xml", "feed.json"):
        assert (public / name).stat().st_size, f"{name} is empty"
    assert MARK in (public / "index.html").read_text("utf-8"), (
        "the page was not made by the installed template"
    )
