"""What a server says with a feed: type, validators, compression, links. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from feedmaker.lint.documents import links
from feedmaker.lint.findings import START, Problem, Problems, parse_rules, shown
from feedmaker.lint.parsing import Parsed

RULES = parse_rules(
    """
    status-not-ok error 19 RFC 9110, 15
        The address of a feed answers with 200.
        correct the address or the server
    moved-temporarily warning 23 RFC 9110, 15.4; Apple, podcast requirements
        A feed that moves says so for good, with 301 or 308.
        answer with 301
    media-type warning 19 RSS Profile; RFC 4287, 7; JSON Feed 1.1; OPML 2.0; Podcasting 2.0, chapters
        A feed is served under the media type of its format.
        set the Content-Type that is expected
    charset-differs error 1,19 RFC 9110, 8.3.2; RFC 7303, 3
        The encoding that the server names is that of the document, UTF-8.
        set charset=utf-8, or name no charset
    etag-missing warning 20 RFC 9110, 8.8.3
        A feed is served with an ETag, so that readers ask in vain at no cost.
        let the server send an ETag
    etag-weak warning 20 RFC 9110, 8.8.1
        The ETag of a feed is strong and well-formed: in quotation marks, without W/.
        let the server send a strong ETag
    last-modified-missing warning 20 RFC 9110, 8.8.2
        A feed is served with Last-Modified, which nearly all readers send back.
        let the server send Last-Modified
    not-compressed warning 20 RFC 9110, 8.4
        A feed is served compressed to those who ask for it.
        let the server compress feeds with gzip
    no-304 warning 20 RFC 9110, 15.4.5
        A feed that has not changed is answered with 304 and no body.
        let the server compare If-None-Match and If-Modified-Since
    link-header-missing warning 22 WebSub, 4
        A feed with a hub names hub and topic in Link headers too.
        send Link: <...>; rel="hub" and Link: <...>; rel="self"
    cors-missing warning 16 Podcasting 2.0, chapters, transcript
        Chapters are open to programs in browsers.
        send Access-Control-Allow-Origin: *
    """
)
_TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
    "opml": "text/x-opml",
    "chapters": "application/json+chapters",
}
_STRONG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_LINK = re.compile(r"<[^<>]{0,2000}>\s*;[^,<>]{0,300}?\brel\s*=\s*\"?([\w -]{1,60})", re.IGNORECASE)
_SMALL = 1_000


def problems(parsed: Parsed, status: int, headers: Mapping[str, str], body: bytes) -> Problems:
    """Report what is wrong with an answer to a request that accepted gzip; `headers` have small letters."""
    if status in (302, 303, 307):
        yield Problem("moved-temporarily", f"the answer is {status}", START)
    elif status != 200:
        yield Problem("status-not-ok", f"the answer is {status}", START)
    else:
        yield from _type_problems(parsed, headers.get("content-type", ""))
        yield from _validator_problems(headers)
        if len(body) > _SMALL and "content-encoding" not in headers:
            yield Problem(
                "not-compressed", f"the answer has {len(body):,} bytes and no Content-Encoding", START
            )
        yield from _link_problems(parsed, headers.get("link", ""))
        if parsed.kind == "chapters" and headers.get("access-control-allow-origin") != "*":
            yield Problem("cors-missing", "the answer has no Access-Control-Allow-Origin: *", START)


def conditional_problems(status: int, body: bytes) -> Problems:
    """Report what is wrong with the answer to a request that named the validators of the answer before."""
    if status != 304 or body:
        yield Problem("no-304", f"the answer is {status} with {len(body):,} bytes", START)


def _type_problems(parsed: Parsed, value: str) -> Problems:
    media_type, _, parameters = value.partition(";")
    wanted = _TYPES.get(parsed.kind or "")
    if wanted and media_type.strip().lower() != wanted:
        yield Problem("media-type", f"the type is {shown(media_type)}, expected {wanted}", START)
    found = re.search(r"charset\s*=\s*[\"']?([\w.-]+)", parameters, re.IGNORECASE)
    if found and found[1].lower() not in ("utf-8", "utf8"):
        yield Problem("charset-differs", f"the charset is {shown(found[1])}", START)


def _validator_problems(headers: Mapping[str, str]) -> Problems:
    etag = headers.get("etag")
    if etag is None:
        yield Problem("etag-missing", "the answer has no ETag", START)
    elif not _STRONG.fullmatch(etag):
        yield Problem("etag-weak", f"the ETag is {shown(etag)}", START)
    if "last-modified" not in headers:
        yield Problem("last-modified-missing", "the answer has no Last-Modified", START)


def _link_problems(parsed: Parsed, value: str) -> Problems:
    if not _has_hub(parsed):
        return
    relations = {relation for found in _LINK.finditer(value) for relation in found[1].lower().split()}
    for relation in ("hub", "self"):
        if relation not in relations:
            yield Problem("link-header-missing", f"the answer has no Link with rel={relation}", START)


def _has_hub(parsed: Parsed) -> bool:
    if parsed.kind == "json":
        return bool(parsed.value.get("hubs"))
    if parsed.xml is None:
        return False
    return any(links(head, "hub") for head in (parsed.xml.root, *parsed.xml.root.findall("channel")))
