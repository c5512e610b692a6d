"""What a static host has to know: media types, caching and links of each kind of file. Pure.

The rules are kept once, as patterns of paths, and written in the words of each server. Which files there are
changes with every note; the patterns do not, so what was installed once stays right.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from feedmaker.config import Config


Server = Literal["nginx", "caddy", "apache", "netlify"]
Compression = Literal["gzip", "brotli"]
ENDINGS: Mapping[Compression, str] = {"gzip": ".gz", "brotli": ".br"}
HEADERS_PATH = "_headers"
REDIRECTS_PATH = "_redirects"
BRIEFLY = "public, max-age=300, must-revalidate"
LONG = "public, max-age=2592000"
_TEXTS = (".html", ".css", ".xml", ".atom", ".json", ".opml", ".txt", ".vtt", ".srt")
# Slugs only: what a request holds beyond them must not get into a header.
_NAME = r"(?:feed|podcast|recommendations|newsletter/feed|(?:recommendations|shows|tags)/[a-z0-9-]+)"
_VOLUME = r"archive/[a-z0-9/-]+"


@dataclass(frozen=True, slots=True)
class Rule:
    """Say how files are served whose path below the site's address has the form `pattern`.

    The pattern means the same to Python, PCRE and RE2, and fits no path that another rule's does. `type` is
    the media type. Files that are `is_open` may be read by scripts of any site.
    """

    name: str
    pattern: str
    type: str
    caching: str = BRIEFLY
    is_feed: bool = False
    is_open: bool = False

    @property
    def content_type(self) -> str:
        """Return the media type with the encoding, which JSON does not name (RFC 8259, 11)."""
        return self.type if "json" in self.type else f"{self.type}; charset=utf-8"


RULES = (
    Rule("rss", rf"{_NAME}\.xml", "application/rss+xml", is_feed=True),
    Rule("atom", rf"(?:atom\.xml|{_NAME}\.atom)", "application/atom+xml", is_feed=True),
    Rule("json", rf"{_NAME}\.json", "application/feed+json", is_feed=True),
    Rule("archived-rss", rf"{_VOLUME}\.xml", "application/rss+xml", LONG),
    Rule("archived-atom", rf"{_VOLUME}\.atom", "application/atom+xml", LONG),
    Rule("archived-json", rf"{_VOLUME}\.json", "application/feed+json", LONG),
    Rule("opml", r"feeds\.opml", "text/x-opml"),
    Rule("sitemap", r"sitemap\.xml", "application/xml"),
    Rule("chapters", r"episodes/[a-z0-9-]+/chapters\.json", "application/json+chapters", is_open=True),
    Rule("vtt", r"[A-Za-z0-9._/-]+\.vtt", "text/vtt", is_open=True),
    Rule("srt", r"[A-Za-z0-9._/-]+\.srt", "application/x-subrip", is_open=True),
)
_FEEDS = tuple(re.compile(rule.pattern) for rule in RULES if rule.is_feed)


def is_current_feed(path: str) -> bool:
    """Tell the documents that readers subscribe to, by their paths below public/, from all other files."""
    return any(pattern.fullmatch(path) for pattern in _FEEDS)


def rules_for(server: Server, config: Config, feeds: Iterable[str]) -> str:
    """Write the rules of a server; `feeds` are the paths of the current feeds, for hosts without patterns."""
    if server == "netlify":
        return netlify_headers(config, feeds)
    writers: Mapping[str, Callable[[Config], str]] = {
        "nginx": nginx_rules,
        "caddy": caddy_rules,
        "apache": apache_rules,
    }
    return writers[server](config)


def is_compressible(path: str) -> bool:
    """Tell texts, which are worth a compressed copy, from pictures and what is compressed already."""
    return path.endswith(_TEXTS)


def compress(data: bytes, kind: Compression) -> bytes:
    """Return the compressed form of a file: the same bytes for the same bytes, without name and time."""
    if kind == "gzip":
        # `gzip.compress` writes another header in each version of Python.
        writer = zlib.compressobj(9, zlib.DEFLATED, 31)
        return writer.compress(data) + writer.flush()
    import brotli  # type: ignore[import-untyped] # it ships no annotations

    packed: bytes = brotli.compress(data, mode=brotli.MODE_TEXT, quality=11)
    return packed


def nginx_rules(config: Config) -> str:
    """Write a location block for nginx (1.13 or newer), to be included in a server block."""
    place = site_path(config.site.address)
    lines = [
        *_about(config, "nginx", "Include this file in the server block whose root holds the site"),
        f"location {_quoted(place)} {{",
        "    index index.html;",
        "    etag on;",
        "    charset utf-8;",
        f"    charset_types text/css {' '.join(_types_with_charset())};",
        *(f"    {line}" for line in _nginx_compression(config)),
        *(f"    {line}" for line in _nginx_headers(config, BRIEFLY)),
    ]
    for rule in RULES:
        lines += ["", *(f"    {line}" for line in _nginx_rule(config, place, rule))]
    return "\n".join([*lines, "}", ""])


def _nginx_compression(config: Config) -> Iterator[str]:
    if "gzip" in config.serving.compress:
        yield "gzip_static on;"
    if "brotli" in config.serving.compress:
        yield "brotli_static on; # of the module ngx_brotli"
    if config.serving.compress:
        yield "gzip_vary off; # it forgets brotli, so Vary is set below"


def _nginx_rule(config: Config, place: str, rule: Rule) -> Iterator[str]:
    yield f"location ~ {_quoted(f'^{re.escape(place)}(?<feedmaker_path>{rule.pattern})$')} {{"
    yield "    types { }"
    yield f"    default_type {rule.type};"
    yield from (f"    {line}" for line in _nginx_headers(config, rule.caching))
    if rule.is_open:
        yield "    add_header Access-Control-Allow-Origin *;"
    link = _link(config, rule, "$feedmaker_path", lambda address: address.replace("$", "%24"))
    if link:
        yield f"    add_header Link {_quoted(link)};"
    yield "}"


def _nginx_headers(config: Config, caching: str) -> Iterator[str]:
    # A block with a header of its own inherits none, so each has all.
    yield "add_header X-Content-Type-Options nosniff always;"
    yield f'add_header Cache-Control "{caching}";'
    if config.serving.compress:
        yield "add_header Vary Accept-Encoding;"


def _quoted(text: str) -> str:
    """Write a text in quotation marks for nginx and Apache."""
    return '"' + text.replace('"', '\\"') + '"'


def caddy_rules(config: Config) -> str:
    """Write a handle block for Caddy 2, to be imported in a site block."""
    place = site_path(config.site.address)
    lines = [
        *_about(config, "caddy", "Import this file in the site block whose root holds the site"),
        f"handle {_caddy_text(place + '*')} {{",
        "    header X-Content-Type-Options nosniff",
        f'    header ?Cache-Control "{BRIEFLY}"',
    ]
    for rule in RULES:
        lines += ["", *(f"    {line}" for line in _caddy_rule(config, place, rule))]
    return "\n".join([*lines, "", *(f"    {line}" for line in _caddy_files(config)), "}", ""])


def _caddy_files(config: Config) -> tuple[str, ...]:
    kinds = [{"gzip": "gzip", "brotli": "br"}[kind] for kind in sorted(config.serving.compress)]
    if not kinds:
        return ("file_server",)
    # Caddy forgets Vary where it sends the file itself.
    vary = ("header {", "    Vary Accept-Encoding", "    defer", "}")
    return (*vary, "file_server {", f"    precompressed {' '.join(kinds)}", "}")


def _caddy_rule(config: Config, place: str, rule: Rule) -> Iterator[str]:
    yield f"@{rule.name} path_regexp {rule.name} {_caddy_text(f'^{re.escape(place)}({rule.pattern})$')}"
    yield f"header @{rule.name} {{"
    yield f'    Content-Type "{rule.content_type}"'
    yield f'    Cache-Control "{rule.caching}"'
    if rule.is_open:
        yield "    Access-Control-Allow-Origin *"
    link = _link(config, rule, f"{{re.{rule.name}.1}}")
    if link:
        yield f"    Link {_caddy_text(link)}"
    yield "}"


def _caddy_text(text: str) -> str:
    return f"`{text}`"


def apache_rules(config: Config) -> str:
    """Write a .htaccess file for Apache 2.4, to be put beside the front page."""
    lines = [
        *_about(config, "apache", "Save this file as .htaccess beside the site's index.html"),
        "FileETag MTime Size",
        "DirectoryIndex index.html",
        "AddDefaultCharset utf-8",
        "AddCharset utf-8 .css",
        "Header always set X-Content-Type-Options nosniff",
        f'Header set Cache-Control "{BRIEFLY}"',
        *_apache_compression(config),
    ]
    for rule in RULES:
        lines += ["", *_apache_rule(config, rule)]
    return "\n".join([*lines, ""])


def _apache_compression(config: Config) -> Iterator[str]:
    kinds = config.serving.compress
    if not kinds:
        return
    yield from ("", "RewriteEngine On")
    for kind, word, ending in (("brotli", "br", ".br"), ("gzip", "gzip", ".gz")):
        if kind in kinds:
            yield rf"RewriteCond %{{HTTP:Accept-Encoding}} \b{word}\b"
            yield f"RewriteCond %{{REQUEST_FILENAME}}{ending} -f"
            yield f"RewriteRule ^ %{{REQUEST_URI}}{ending} [L]"
            yield f"AddEncoding {word} {ending}"
            yield f"RemoveType {ending}"
            yield f"RemoveLanguage {ending}"
    yield r"SetEnvIf Request_URI \.(?:gz|br)$ no-gzip no-brotli"
    yield "Header merge Vary Accept-Encoding"


def _apache_rule(config: Config, rule: Rule) -> Iterator[str]:
    place = site_path(config.site.address)
    packed = r"(?:\.gz|\.br)?" if config.serving.compress else ""
    pattern = f"^{re.escape(place)}({rule.pattern}){packed}$"
    link = _link(config, rule, "%{WEBSUB_TOPIC}e", lambda address: address.replace("%", "%%"))
    if link:
        yield f"SetEnvIf Request_URI {_quoted(pattern)} WEBSUB_TOPIC=$1"
    yield f'<If "%{{REQUEST_URI}} =~ m#{pattern}#">'
    yield f'    ForceType "{rule.content_type}"'
    yield f'    Header set Cache-Control "{rule.caching}"'
    if rule.is_open:
        yield "    Header set Access-Control-Allow-Origin *"
    if link:
        yield f"    Header set Link {_quoted(link)}"
    yield "</If>"


def netlify_headers(config: Config, feeds: Iterable[str]) -> str:
    """Write a file _headers, as Netlify, Cloudflare Pages and others read it.

    Such hosts serve public/ at the root, and patterns are not for them: each of `feeds`, the paths of the
    current feeds, gets its own lines. No header is set twice for one path, since hosts differ on which wins.
    """
    blocks = [
        "# Made by feedmaker.",
        "/*\n  X-Content-Type-Options: nosniff",
        f"/archive/*\n  Cache-Control: {LONG}",
    ]
    for path in sorted(feeds):
        rule = next((rule for rule in RULES if rule.is_feed and re.fullmatch(rule.pattern, path)), None)
        if rule is not None:
            link = _link(config, rule, path)
            lines = [f"Content-Type: {rule.content_type}", f"Cache-Control: {BRIEFLY}"]
            blocks.append("\n  ".join([f"/{path}", *lines, *([f"Link: {link}"] if link else [])]))
    blocks.append("/feeds.opml\n  Content-Type: text/x-opml; charset=utf-8")
    chapters = ("Content-Type: application/json+chapters", "Access-Control-Allow-Origin: *")
    blocks.append("\n  ".join(["/episodes/:slug/chapters.json", *chapters]))
    return "\n".join([*blocks, ""])


def netlify_redirects(config: Config) -> str:
    """Write a file _redirects for former addresses that lead to this host too; empty where there are none."""
    site = config.site
    return "".join(f"{before}* {site.address}:splat 301!\n" for before in site.moved_from)


def site_path(address: str) -> str:
    """Return the path of a site's address as servers compare it: decoded, with slashes around it."""
    return unquote(urlsplit(address).path) or "/"


def _about(config: Config, server: Server, use: str) -> Iterator[str]:
    place = site_path(config.site.address)
    below = "." if place == "/" else f" below {' '.join(place.split())}."
    yield f"# Made by `feedmaker rules {server}` for {config.site.address}"
    yield f"# {use}{below}"
    yield "# Servers tell by a file's time whether it has changed, and feedmaker does not touch what has not."
    yield "# So copy files with their times (rsync -a), and readers that ask again get a short 304."


def _types_with_charset() -> list[str]:
    return sorted({rule.type for rule in RULES if rule.content_type != rule.type})


def _link(
    config: Config, rule: Rule, path: str, written: Callable[[str], str] = lambda address: address
) -> str | None:
    """Return the Link header of a feed that hubs distribute (WebSub, 4): the hubs and the feed itself."""
    if not rule.is_feed or not config.push.hubs:
        return None
    hubs = (f'<{written(hub)}>; rel="hub"' for hub in config.push.hubs)
    return ", ".join((*hubs, f'<{written(config.site.address)}{path}>; rel="self"'))
