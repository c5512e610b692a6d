"""Two issues, byte by byte as they were last looked at: one episode, and a digest of ten long ones.

Every other test says what must hold; these show what it comes to, and any change of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from feedmaker.model import prose
from feedmaker.newsletter.issue import Correction, Occasion, Reference
from feedmaker.newsletter.proof import Proof, make_proof
from tests.newsletter import samples
from tests.newsletter.digest import TEN
from tests.newsletter.samples import BREAD, HARBOUR, stories

FOLDER = Path(__file__).parent / "golden"
SWITCH = "FEEDMAKER_WRITE_GOLDEN"
ADDRESS = "https://notes.example.org/newsletter/2026-11-27/"
LEAVING = "https://notes.example.org/leave?token={token}"


@cache
def single() -> Proof:
    """Make an issue of one episode with everything that an issue can have."""
    heard = replace(HARBOUR, video="https://video.example/vell")
    correction = Correction(
        Reference(BREAD.title, "https://notes.example.org/episodes/bread/"),
        prose("The hut stands at 2,980 metres, not at 3,000."),
    )
    occasion = Occasion(samples.DAY, ADDRESS, "https://notes.example.org/logo.png", (correction,))
    config = samples.config(
        mail="direct",
        tag="quay-20",
        unsubscribe=LEAVING,
        intro="Good morning from the *quay*.",
        outro="Answer this mail; [we read everything](https://notes.example.org/about).",
    )
    return make_proof(stories(heard), config, samples.templates(), occasion)


@cache
def digest() -> Proof:
    """Make an issue of ten episodes."""
    config = samples.config(mail="direct", tag="quay-20", unsubscribe=LEAVING)
    return make_proof(stories(*TEN), config, samples.templates(), Occasion(samples.DAY, ADDRESS))


def in_lines(html: str) -> str:
    """Break HTML between its tags, so that a change can be read."""
    return html.replace("><", ">\n<")


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "single.html": lambda: in_lines(single().html),
    "single.txt": lambda: single().text,
    "digest.txt": lambda: digest().text,
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_issue_is_as_it_was_last_looked_at(name: str) -> None:
    """A part is, byte by byte, the one that stands beside this test.

    A change that is meant is made by `FEEDMAKER_WRITE_GOLDEN=1 pytest tests/newsletter/test_golden.py`, which
    writes the files and fails, so that somebody looks at them.
    """
    path, made = FOLDER / name, DOCUMENTS[name]().encode()
    if os.environ.get(SWITCH):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(made)
        pytest.fail(f"{path} is written now; look at it, and keep it if it is right")

    assert made.decode() == path.read_bytes().decode(), f"{SWITCH}=1 writes it anew"


def test_every_issue_is_compared() -> None:
    """No file is left of a part that is made no longer."""
    assert {path.name for path in FOLDER.iterdir()} == set(DOCUMENTS)
