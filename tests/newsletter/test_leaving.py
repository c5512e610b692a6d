"""How readers leave: the address of each, and the slot that no note can bring along."""

from __future__ import annotations

import pytest

from feedmaker.newsletter.leaving import TOKEN_SLOT, is_one_click, unsubscribe_address
from feedmaker.notes.note import parse_note
from tests.newsletter import samples

PAGE = "https://notes.example.org/leave"
MAIL = "mailto:leave@notes.example.org?subject=unsubscribe"


@pytest.mark.parametrize(
    ("configured", "address"),
    [
        (PAGE, f"{PAGE}?token=T0"),
        (f"{PAGE}?", f"{PAGE}?token=T0"),
        (f"{PAGE}?list=quay", f"{PAGE}?list=quay&token=T0"),
        (f"{PAGE}?list=quay&", f"{PAGE}?list=quay&token=T0"),
        (f"{PAGE}#form", f"{PAGE}?token=T0#form"),
        (f"{PAGE}?list=quay#form?", f"{PAGE}?list=quay&token=T0#form?"),
        ("https://notes.example.org", "https://notes.example.org?token=T0"),
        (f"{PAGE}/{{token}}", f"{PAGE}/T0"),
        (f"{PAGE}/{{token}}/now?who={{token}}#form", f"{PAGE}/T0/now?who=T0#form"),
        ("mailto:leave@notes.example.org", "mailto:leave@notes.example.org"),
        ("mailto:leave@notes.example.org?subject=unsubscribe", f"{MAIL}%20T0"),
        ("mailto:leave@notes.example.org?subject=leave", "mailto:leave@notes.example.org?subject=leave"),
        (None, f"{MAIL.replace('leave', 'letter')}%20T0"),
    ],
)
def test_web_address_carries_the_token(configured: str | None, address: str) -> None:
    """An https address has it in place of the word or as a parameter; one for mail only behind our word."""
    letter = samples.config(unsubscribe=configured).newsletter
    assert letter

    assert unsubscribe_address(letter, "T0") == address
    assert is_one_click(letter) == address.startswith("https:")


NOTE = """\
---
show: "Sh\\x7fow"
title: 'Title {raw}'
date: 2016-09-27
tags: ["t\\x7f"]
url: 'https://notes.example.org/{raw}'
---

Dek &#127; &#x7F; {raw} [link](https://a.example/?&#127;) `{raw}` <a href="&#127;">x</a> &amp;#127;

## Big reveals

- &#127; {raw} <https://a.example/{raw}> \\{raw} \\u{{7f}}

## Recommended in this episode

### Name &#127; {raw}

by Creator {raw} · recommended · book

> Quote &#127; {raw} \\x7f
>
> — Speaker {raw}, 00:01:00

[Find it](https://a.example/{raw}?a=1&#127;)
"""


@pytest.mark.parametrize("raw", [TOKEN_SLOT, "&#127;", "&#x7f;", "&amp;#127;", "%7F", "\\u{7f}", "{token}"])
def test_note_cannot_bring_a_slot_along(raw: str) -> None:
    """However a note writes the sign, only the addresses of the issue itself are filled with a token."""
    note = parse_note("episodes/a.md", NOTE.format(raw=raw).encode())
    assert note.episode
    content = samples.issue(note.episode, settings=samples.config(unsubscribe=PAGE))

    html, text = samples.parts(content)

    assert html.count(TOKEN_SLOT) == text.count(TOKEN_SLOT) == 1
    assert f"{PAGE}?token={TOKEN_SLOT}" in html
    assert f"{PAGE}?token={TOKEN_SLOT}\n" in text
    assert TOKEN_SLOT not in content.subject + content.preheader
