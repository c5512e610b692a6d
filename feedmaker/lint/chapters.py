"""The chapters of an episode as a file of JSON (Podcasting 2.0, jsonChapters). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from feedmaker.lint import common
from feedmaker.lint.addresses import is_absolute
from feedmaker.lint.findings import Path, Problem, Problems, parse_rules, shown
from feedmaker.text import nearest

RULES = parse_rules(
    """
    chapters-version error 16 Podcasting 2.0, jsonChapters
        A file of chapters names its version.
        write "version": "1.2.0"
    chapters-list error 16 Podcasting 2.0, jsonChapters
        A file of chapters holds a list of objects named chapters.
        write "chapters": [{"startTime": 0, "title": "..."}]
    chapter-time error 16 Podcasting 2.0, jsonChapters
        Every chapter has a startTime, a number of seconds, and ends after it begins.
        write the seconds without quotation marks
    chapter-order error 16 Podcasting 2.0, jsonChapters
        The chapters stand in the order of their times.
        sort them by startTime
    chapter-member error 16 Podcasting 2.0, jsonChapters
        A chapter's title, img, url, toc and location have the type of the format.
        correct the value
    """
)
_VERSIONS = ("1.0.0", "1.1.0", "1.2.0")
_MEMBERS: Mapping[str, type] = {"title": str, "img": str, "url": str, "toc": bool, "location": dict}


def problems(document: Mapping[str, object]) -> Problems:
    """Report what is wrong with a file of chapters; places are paths of members."""
    version, chapters = document.get("version"), document.get("chapters")
    if version not in _VERSIONS:
        yield Problem("chapters-version", f"the version is {shown(version or '')}", ("version",))
    if not isinstance(chapters, list) or not all(isinstance(each, dict) for each in chapters):
        yield Problem("chapters-list", "chapters is no list of objects", ("chapters",))
        return
    last = -1.0
    for number, chapter in enumerate(chapters):
        path: Path = ("chapters", number)
        start, end = chapter.get("startTime"), chapter.get("endTime")
        yield from _member_problems(path, chapter)
        if not _is_time(start) or not (end is None or (_is_time(end) and end > start)):
            yield Problem("chapter-time", f"a chapter goes from {shown(start)} to {shown(end)}", path)
        elif start < last:
            yield Problem("chapter-order", f"a chapter at {shown(start)} stands behind one at {last}", path)
        last = max(last, start) if _is_time(start) else last


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _member_problems(path: Path, chapter: Mapping[str, object]) -> Problems:
    for name, value in chapter.items():
        kind = _MEMBERS.get(name)
        if kind is not None and value is not None and not isinstance(value, kind):
            yield Problem("chapter-member", f"{name} is {shown(value)}", (*path, name))
        elif name in ("img", "url") and isinstance(value, str) and not is_absolute(value):
            yield from common.address_problems(value, name, (*path, name))
        elif kind is None and name not in ("startTime", "endTime") and not name.startswith("_"):
            hint = nearest(name, [*_MEMBERS, "startTime", "endTime"])
            yield Problem("json-unknown-member", f"chapters have no {shown(name)} ({hint})", (*path, name))
