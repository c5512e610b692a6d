"""The same notes as a site of Hugo: full-content feed, front page and a page per note."""

from __future__ import annotations

import shutil
from pathlib import Path

_SETTINGS = """\
baseURL: https://bench.example.org/
title: Measured notes
languageCode: en
disableKinds: [taxonomy, term, section, sitemap, robotsTXT, "404"]
outputs: {home: [html, rss], page: [html]}
services: {rss: {limit: 50}}
markup: {goldmark: {renderer: {unsafe: false}}}
"""
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ .Title }}</title><link rel="canonical" href="{{ .Permalink }}"></head>
<body><h1>{{ .Title }}</h1><p>{{ .Params.show }} · {{ .Date.Format "2 January 2006" }}</p>
{{ .Content }}</body>
</html>
"""
_HOME = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ .Title }}</title></head>
<body><h1>{{ .Title }}</h1>
{{ range first 50 .Site.RegularPages }}
<h2><a href="{{ .Permalink }}">{{ .Title }}</a></h2><p>{{ .Summary }}</p>
{{ end }}
</body>
</html>
"""
_FEED = """\
{{ printf "<?xml version=\\"1.0\\" encoding=\\"utf-8\\"?>" | safeHTML }}
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>{{ .Site.Title }}</title><link>{{ .Permalink }}</link><description>Notes</description>
{{ range first 50 .Site.RegularPages }}<item><title>{{ .Title }}</title><link>{{ .Permalink }}</link>
<guid>{{ .Permalink }}</guid><pubDate>{{ .Date.Format "Mon, 02 Jan 2006 15:04:05 -0700" }}</pubDate>
<description>{{ .Summary | plainify }}</description>
<content:encoded>{{ .Content | html }}</content:encoded></item>
{{ end }}</channel></rss>
"""


def write_site(folder: Path, episodes: Path) -> None:
    """Write a site of Hugo to `folder` with the Markdown notes of `episodes`."""
    files = {
        "hugo.yaml": _SETTINGS,
        "layouts/_default/single.html": _PAGE,
        "layouts/index.html": _HOME,
        "layouts/index.rss.xml": _FEED,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    for note in sorted(episodes.rglob("*.md")):
        target = folder / "content" / note.relative_to(episodes)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(note, target)
