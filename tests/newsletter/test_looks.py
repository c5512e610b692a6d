"""The HTML part in a browser: it fits a small phone, and all of it can be read in light and in dark."""

from __future__ import annotations

import json
import shutil
import subprocess
from html import escape
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html

from tests.newsletter import samples
from tests.newsletter.samples import issue, parts, quoting

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=5000"),
]
WIDTHS = (320, 390, 1000)
# Contrast as WCAG 2.2 (1.4.3) defines it, against the nearest background that is painted.
SCRIPT = """
function channels(colour) { return colour.match(/[\\d.]+/g).map(Number); }
function linear(c) { return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; }
function light(colour) {
  const [r, g, b] = channels(colour).map(c => linear(c / 255));
  return .2126 * r + .7152 * g + .0722 * b;
}
function behind(element) {
  for (let at = element; at; at = at.parentElement) {
    const colour = at.ownerDocument.defaultView.getComputedStyle(at).backgroundColor;
    if (channels(colour)[3] !== 0) return colour;
  }
  return 'rgb(255, 255, 255)';
}
function measure(frame) {
  const page = frame.contentDocument, texts = [];
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, words = walker.currentNode.data.trim();
    if (!words || !element.getClientRects().length) continue;
    const style = frame.contentWindow.getComputedStyle(element);
    const pair = [light(style.color), light(behind(element))].sort((a, b) => b - a);
    texts.push({words: words.slice(0, 40), size: parseFloat(style.fontSize),
                contrast: (pair[0] + .05) / (pair[1] + .05)});
  }
  return {width: frame.clientWidth, needed: page.documentElement.scrollWidth, texts,
          paper: light(behind(page.querySelector('h2')))};
}
addEventListener('load', () => {
  document.getElementById('answer').textContent =
    JSON.stringify([...document.querySelectorAll('iframe')].map(measure));
});
"""


def looks(html: str, folder: Path, *, dark: bool) -> list[dict[str, Any]]:
    """Show HTML at several widths and measure what a reader would see."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser, f"no browser to look at mail with; install one of {', '.join(BROWSERS)}"
    frames = "".join(f'<iframe width="{width}" srcdoc="{escape(html)}"></iframe>' for width in WIDTHS)
    page = folder / "page.html"
    page.write_text(f'<!doctype html>{frames}<pre id="answer"></pre><script>{SCRIPT}</script>', "utf-8")
    # 0 is dark and 1 is light.
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    command = [browser, *QUIET, scheme, f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=True)
    (answer,) = lxml_html.document_fromstring(done.stdout).xpath('//pre[@id="answer"]')
    measured: list[dict[str, Any]] = json.loads(answer.text_content())
    return measured


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_issue_is_readable(tmp_path: Path, *, dark: bool) -> None:
    """At every width nothing sticks out, no text is tiny, and each stands out from what is behind it."""
    content = issue(
        samples.HARBOUR,
        quoting(f"{'unbreakable' * 20} https://example.org/{'path/' * 30}"),
        settings=samples.config(mail="direct", tag="quay-20"),
    )

    frames = looks(parts(content)[0], tmp_path, dark=dark)

    assert [frame["width"] for frame in frames] == list(WIDTHS)
    for frame in frames:
        assert frame["needed"] <= frame["width"]
        assert (frame["paper"] < 0.1) == dark
        assert len(frame["texts"]) > 40
        for text in frame["texts"]:
            assert text["contrast"] >= 4.5, text
            assert text["size"] >= 13, text
