"""Good documents to test with, and the lint as the tests call it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from feedmaker.lint.check import lint_feed
from feedmaker.lint.findings import Finding

BASE = "https://lamp.example.org/"
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
GOOD = {path.name: path.read_bytes() for path in sorted((Path(__file__).parent / "good").iterdir())}


def lint(name: str, data: bytes) -> list[Finding]:
    """Check a document as if it had been read from its address today."""
    return lint_feed(data, BASE + name, NOW)


def told(findings: list[Finding], path: str = "it") -> str:
    """Write findings the way people read them, for the message of a test."""
    return "\n".join(finding.text(path) for finding in findings)
