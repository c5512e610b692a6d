"""The lint: a feed document, several that belong together, or an answer of a server. Pure.

Whatever the bytes are, it ends soon and raises nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import chain, islice

from feedmaker.lint import (
    agreement,
    apple,
    atom,
    chapters,
    common,
    json_feed,
    network,
    opml,
    podcasting,
    rss,
    served,
)
from feedmaker.lint.documents import Document
from feedmaker.lint.findings import START, Finding, Problem, Problems
from feedmaker.lint.parsing import Kind, Parsed, parse
from feedmaker.lint.rules import RULES

MAX_FINDINGS = 200
_MOST_LOOKED_AT = 5_000
_XML_CHECKS: Mapping[Kind, tuple[Callable[[Document], Problems], ...]] = {
    "rss": (rss.problems, apple.problems, podcasting.problems, network.problems),
    "atom": (atom.problems, network.problems),
    "opml": (opml.problems,),
}


def lint_feed(data: bytes, url: str | None = None, now: datetime | None = None) -> list[Finding]:
    """Check a document of any format.

    `url` is the address it was read from; with it the feed's own address is checked. `now` is a zoned time;
    with it dates in the future are found. The findings are in the order of their places, at most 200 and one
    that counts the rest.
    """
    parsed = parse(data, url, now)
    return _findings(parsed, _problems(parsed, data, url, now))


def lint_set(files: Mapping[str, bytes], base: str, now: datetime | None = None) -> dict[str, list[Finding]]:
    """Check files that are published together, each alone and with the others; return the findings by path.

    `files` has the bytes of each file by its path below the address `base`, which ends with a slash. Formats
    of one feed are told by their names: feed.xml, atom.xml and feed.json, or equal up to the first full stop.
    Web pages, files ending in .html, are only checked for links to feeds; sitemaps are passed over.
    """
    pages = {path for path in files if path.endswith((".html", ".htm"))}
    parsed = {path: parse(files[path], base + path, now) for path in files if path not in pages}
    found: dict[str, list[Problem]] = defaultdict(list)
    for path, problem in chain(_group_problems(parsed), agreement.archive_problems(parsed, base)):
        found[path].append(problem)
    findings = {path: _findings(Parsed(None), agreement.page_problems(files[path])) for path in pages}
    for path, document in parsed.items():
        own = () if document.is_sitemap else _problems(document, files[path], base + path, now)
        findings[path] = _findings(document, chain(own, found[path]))
    return {path: findings[path] for path in files}


def lint_response(
    url: str, status: int, headers: Mapping[str, str], body: bytes, now: datetime | None = None
) -> list[Finding]:
    """Check an answer to a GET request that accepted gzip: what the server says, and the document itself.

    `body` is the document after decompression; `headers` are those of the answer as it came.
    """
    parsed = parse(body, url, now)
    small = {name.lower(): value for name, value in headers.items()}
    about_answer = served.problems(parsed, status, small, body)
    about_document = _problems(parsed, body, url, now) if status == 200 else iter(())
    return _findings(parsed, chain(about_answer, about_document))


def lint_conditional_response(status: int, body: bytes) -> list[Finding]:
    """Check the answer to the same request sent again with If-None-Match or If-Modified-Since."""
    return _findings(Parsed(None), served.conditional_problems(status, body))


def _problems(parsed: Parsed, data: bytes, url: str | None, now: datetime | None) -> Problems:
    yield from parsed.problems
    yield from common.size_problems(data)
    if parsed.xml is not None and parsed.kind is not None:
        yield from chain.from_iterable(check(parsed.xml) for check in _XML_CHECKS[parsed.kind])
    elif parsed.kind == "json":
        yield from json_feed.problems(parsed.value, url, now)
    elif parsed.kind == "chapters":
        yield from chapters.problems(parsed.value)


def _group_problems(parsed: Mapping[str, Parsed]) -> Iterable[tuple[str, Problem]]:
    return chain.from_iterable(map(agreement.agreement_problems, agreement.groups_of(parsed)))


def _findings(parsed: Parsed, problems: Iterable[Problem]) -> list[Finding]:
    found = list(islice(problems, _MOST_LOOKED_AT))
    # Of too many the errors are kept; places are looked up for these alone, which takes its time.
    first = sorted(found, key=lambda problem: RULES[problem.code].severity)[:MAX_FINDINGS]
    kept = [_finding(parsed, problem) for problem in first]
    kept.sort(key=lambda finding: (finding.line, finding.column, finding.code, finding.message))
    if len(found) > len(kept):
        count = len(found) - len(kept)
        more = f"{count} or more" if len(found) == _MOST_LOOKED_AT else f"{count}"
        kept.append(_finding(parsed, Problem("more-findings", f"there are {more} findings besides", START)))
    return kept


def _finding(parsed: Parsed, problem: Problem) -> Finding:
    rule = RULES[problem.code]
    line, column = parsed.spot(problem.at)
    message = f"{problem.what}; {rule.cure}"
    return Finding(rule.code, rule.severity, message, line, column, rule.source, parsed.where(problem.at))
