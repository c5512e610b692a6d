"""A site that has moved: what is left at its old address, so that people and programs find the new one. Pure.

Servers that can redirect answer 301, which feed readers follow and remember. For hosts that serve files and
nothing else there is a page in the place of each page, and a copy of each feed: readers go on reading there,
and learn the new address from the copy (its self link, and itunes:new-feed-url of a podcast).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from feedmaker.model import Artifact
from feedmaker.serving import REDIRECTS_PATH, is_current_feed, site_path
from feedmaker.text import escape, escape_attribute

if TYPE_CHECKING:
    from feedmaker.config import Site

MARK = "# Made by `feedmaker moved`."
_INDEX = "index.html"
_OPML = "feeds.opml"
# What a request holds beyond the paths of a site must not get into a header.
_PATH = "[A-Za-z0-9._/-]*"


def moved_files(site: Site, paths: Iterable[str], read: Callable[[str], bytes]) -> Iterator[Artifact]:
    """Make what is put at the old address of a site that has `moved_from`.

    `paths` are those of all files below public/, and `read` returns the bytes of one.
    """
    yield Artifact(REDIRECTS_PATH, _netlify(site).encode())
    yield Artifact(".htaccess", _apache(site).encode())
    yield Artifact("nginx.conf", _nginx(site).encode())
    yield Artifact("Caddyfile", _caddy(site).encode())
    for path in sorted(paths):
        if path.endswith(".html"):
            yield Artifact(path, _page(site, path))
        elif is_current_feed(path) or path == _OPML:
            yield Artifact(path, read(path))


def _netlify(site: Site) -> str:
    """Write rules for hosts that read a file _redirects.

    Netlify obeys the exclamation mark alone where there is a file too; Cloudflare Pages does not know it,
    ignores that line and takes the next.
    """
    inner = _inner_place(site)
    lines = [MARK, *([f"{inner}* {inner}:splat 200"] if inner else [])]
    for place in dict.fromkeys(urlsplit(old).path or "/" for old in site.moved_from):
        lines += [f"{place}* {site.address}:splat {code}" for code in ("301!", "301")]
    return "\n".join([*lines, ""])


def _apache(site: Site) -> str:
    """Write rules for Apache, in the old folder; they leave the new site alone where it stands there too."""
    inner, host = _inner_place(site), urlsplit(site.address).netloc
    lines = [MARK, "RewriteEngine On"]
    if inner:
        lines.append(f'RewriteCond %{{REQUEST_URI}} "!^{re.escape(inner)}"')
    elif all(urlsplit(old).netloc != host for old in site.moved_from):
        lines.append(f"RewriteCond %{{HTTP_HOST}} !^{re.escape(host)}$ [NC]")
    target = re.sub(r"[%$]", lambda sign: f"\\{sign[0]}", site.address)
    return "\n".join([*lines, f'RewriteRule "^({_PATH})$" "{target}$1" [R=301,L,NE]', ""])


def _nginx(site: Site) -> str:
    lines = [MARK, "# Include this file in the server block of the old address."]
    target = site.address.replace("$", "%24")
    for place in dict.fromkeys(map(site_path, _redirected(site))):
        rule = f'rewrite "^{re.escape(place)}({_PATH})$" "{target}$1" permanent;'
        lines += [f'location "{place}" {{', f"    {rule}", "}"]
    return "\n".join([*lines, ""])


def _caddy(site: Site) -> str:
    inner = _inner_place(site)
    lines = [MARK, "# Import this file in the site block of the old address."]
    for number, place in enumerate(dict.fromkeys(map(site_path, _redirected(site))), 1):
        name = f"moved{number}"
        stays = [f"    not path `{inner}*`"] if inner else []
        lines += [f"@{name} {{", f"    path_regexp {name} `^{re.escape(place)}({_PATH})$`", *stays, "}"]
        lines.append(f"redir @{name} `{site.address}{{re.{name}.1}}` 301")
    return "\n".join([*lines, ""])


def _redirected(site: Site) -> Sequence[str]:
    """Return the old addresses, the longest path first: an address may lie inside an older one."""
    return sorted(site.moved_from, key=lambda old: -len(site_path(old)))


def _inner_place(site: Site) -> str | None:
    """Return the site's path where it lies inside an old one on the same host, and rules would go round."""
    host, new = urlsplit(site.address).netloc, site_path(site.address)
    same = (site_path(old) for old in site.moved_from if urlsplit(old).netloc == host)
    return new if any(new.startswith(old) for old in same) else None


def _page(site: Site, path: str) -> bytes:
    """Write a page that leads to where the page of this path stands now."""
    target = site.address + quote(path.removesuffix(_INDEX) if _is_index(path) else path)
    address, shown, title = escape_attribute(target), escape(target), escape(site.title)
    language = escape_attribute(site.language)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>This page has moved</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="0; url={address}">
<link rel="canonical" href="{address}">
</head>
<body>
<main>
<h1>This page has moved</h1>
<p><span lang="{language}" dir="auto">{title}</span> is at another address now. This page is at:</p>
<p><a href="{address}">{shown}</a></p>
</main>
</body>
</html>
""".encode()


def _is_index(path: str) -> bool:
    return path == _INDEX or path.endswith(f"/{_INDEX}")
