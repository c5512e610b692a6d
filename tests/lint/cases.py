"""Mistakes planted in good documents: one change each, and the one rule that it breaks."""

from __future__ import annotations

from typing import NamedTuple

from tests.lint.documents import GOOD


class Case(NamedTuple):
    """Hold a change to a good document, at every place, and the code of the rule that it breaks."""

    code: str
    file: str
    old: str
    new: str

    def data(self) -> bytes:
        """Return the document with the mistake; bytes that are no UTF-8 are written as U+DC80 and up."""
        text = GOOD[self.file].decode()
        assert self.old in text
        return text.replace(self.old, self.new).encode("utf-8", "surrogateescape")


def _cases(file: str, *changes: tuple[str, str, str]) -> list[Case]:
    return [Case(code, file, old, new) for code, old, new in changes]


_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SELF = '<atom:link href="https://lamp.example.org/notes.xml" rel="self" type="application/rss+xml"/>'
_GUID = "<guid>https://lamp.example.org/oil/</guid>"
_DATE = "<pubDate>Mon, 02 Nov 2026 08:00:00 +0100</pubDate>"
_TITLE = "<title>Oil floats</title>"
_ENCLOSURE = '<enclosure url="https://media.example.org/second.mp3" length="61234567" type="audio/mpeg"/>'
_CONTENT = '<![CDATA[<p>On water, too. <img src="https://lamp.example.org/oil.jpg" alt="Oil"></p>]]>'
_DESCRIPTION = "<description>On water, too.</description>"
_EMPTY_ITEM = (
    "<item><link>https://lamp.example.org/a/</link><guid>https://lamp.example.org/a/</guid>"
    f"<author>orla@example.org (Orla)</author>{_DATE}<content:encoded>A</content:encoded></item>"
)
_FIRST = """\
<link rel="alternate" type="text/html" href="https://lamp.example.org/first/"/>
    <summary>It was lit.</summary>
    <content type="html">&lt;p&gt;It was lit.&lt;/p&gt;</content>"""
_OWN = '<link rel="self" type="application/atom+xml" href="https://lamp.example.org/atom.xml"/>'
_TRANSCRIPT = '<podcast:transcript url="https://lamp.example.org/second.vtt" type="text/vtt"/>'

XML = _cases(
    "notes.xml",
    ("not-utf-8", "Orla Finch", "Orla F\udcefnch"),
    ("other-encoding", 'encoding="UTF-8"', 'encoding="ISO-8859-1"'),
    ("other-encoding", 'encoding="UTF-8"', 'encoding="x-lamps"'),
    ("byte-order-mark", _DECLARATION, "\ufeff" + _DECLARATION),
    ("text-before-declaration", _DECLARATION, "\n" + _DECLARATION),
    ("text-before-declaration", _DECLARATION, "Warning: lamp.php\n" + _DECLARATION),
    ("declaration-missing", _DECLARATION, ""),
    ("bad-character", "On water", "On\x0bwater"),
    ("bad-character", "On water", "On&#1;water"),
    ("bad-character", "On water", "On&#xFFFF;water"),
    ("bare-ampersand", "Lamps &#x26; Oil", "Lamps & Oil"),
    ("bare-ampersand", "/second/</link>", "/second/?a=1&b=2</link>"),
    ("html-entity", "On water,", "On&nbsp;water,"),
    ("doctype", _DECLARATION, _DECLARATION + "<!DOCTYPE rss>\n"),
    ("doctype", _DECLARATION, _DECLARATION + '<!DOCTYPE rss [<!ENTITY a "b">]>\n'),
    ("namespace-undeclared", ' xmlns:dc="http://purl.org/dc/elements/1.1/"', ""),
    ("not-well-formed", "<title>Oil floats</title>", "<title>Oil floats</titel>"),
    ("not-well-formed", "On water", "On ]]> water"),
)
RSS = _cases(
    "notes.xml",
    ("rss-version", 'version="2.0"', ""),
    ("rss-channel", "</channel>", "</channel><channel><title>A</title></channel>"),
    ("rss-channel", "</channel>", "</channel><item><title>A</title></item>"),
    ("rss-namespace", "<rss ", '<rss xmlns="http://backend.userland.com/rss2" '),
    ("old-format", 'version="2.0"', 'version="0.91"'),
    ("channel-element-missing", "<description>What keepers told us.</description>", ""),
    ("channel-element-missing", "What keepers told us.", ""),
    ("element-repeated", _DATE, _DATE + _DATE),
    ("element-repeated", _SELF, _SELF + _SELF),
    ("unknown-element", _DATE, _DATE + "<pubdate>Mon, 02 Nov 2026</pubdate>"),
    ("item-misplaced", "</channel>", "<copyright>Orla</copyright></channel>"),
    ("last-build-date-missing", "<lastBuildDate>Tue, 03 Nov 2026 09:30:00 GMT</lastBuildDate>", ""),
    ("language-missing", "<language>en</language>", ""),
    ("language-form", "<language>en</language>", "<language>English (UK)</language>"),
    ("hub-without-self", _SELF, ""),
    ("self-link-wrong", "/notes.xml", "/old.xml"),
    ("self-link-type", 'rel="self" type="application/rss+xml"', 'rel="self" type="text/xml"'),
    (
        "home-is-feed",
        "<link>https://lamp.example.org/</link>",
        "<link>https://lamp.example.org/notes.xml</link>",
    ),
    (
        "comments-without-date",
        "<lastBuildDate>Tue, 03 Nov 2026 09:30:00 GMT</lastBuildDate>",
        '<slash:comments xmlns:slash="http://purl.org/rss/1.0/modules/slash/">3</slash:comments>',
    ),
    ("image-incomplete", "<url>https://lamp.example.org/lamp.png</url>", ""),
    ("image-differs", "<title>Lamps &#x26; Oil</title>\n      <link>", "<title>Lamp</title>\n      <link>"),
    (
        "image-differs",
        "<link>https://lamp.example.org/</link>\n      <width>",
        "<link>https://pier.example.org/</link>\n      <width>",
    ),
    ("image-size", "<width>88<", "<width>1400<"),
    ("rss-attribute", '<source url="https://pier.example.org/feed.xml">', "<source>"),
    ("rss-attribute", "<ttl>", '<cloud domain="a.example.org"/><ttl>'),
    ("skip-hours", "<hour>3</hour>", "<hour>24</hour>"),
    ("skip-hours", "<hour>3</hour>", "<hour>3</hour><hour>3</hour>"),
    ("ttl", "<ttl>60</ttl>", "<ttl>an hour</ttl>"),
    ("text-input", "<ttl>", "<textInput><title>Search</title></textInput><ttl>"),
    (
        "item-empty",
        "</channel>",
        f"{_EMPTY_ITEM}</channel>",
    ),
    ("guid-missing", _GUID, ""),
    ("guid-empty", _GUID, "<guid></guid>"),
    ("guid-permalink-value", "<guid>", '<guid isPermaLink="no">'),
    ("guid-no-permalink", ' isPermaLink="false"', ""),
    ("guid-other-page", "<guid>https://lamp.example.org/oil/", "<guid>https://lamp.example.org/?p=7"),
    ("id-repeated", _GUID, '<guid isPermaLink="false">tag:lamp.example.org,2026:second</guid>'),
    ("author-without-mail", "<author>orla@example.org (Orla Finch)", "<author>Orla Finch"),
    ("author-without-mail", "<managingEditor>orla@example.org (Orla Finch)", "<managingEditor>Orla"),
    ("mail-without-name", "<author>orla@example.org (Orla Finch)", "<author>orla@example.org"),
    ("author-missing", "<dc:creator>Orla Finch</dc:creator>", ""),
    ("enclosure-attribute", ' length="61234567"', ""),
    ("enclosure-attribute", ' type="audio/mpeg"', ""),
    ("enclosure-length-form", ' length="61234567"', ' length="61 MB"'),
    ("enclosure-length-form", ' length="61234567"', ' length="-1"'),
    ("enclosure-type", "audio/mpeg", "mp3"),
    ("enclosure-several", _ENCLOSURE, _ENCLOSURE + _ENCLOSURE.replace("second.", "third.")),
    ("enclosure-url", "https://media.example.org/second.mp3", "/second.mp3"),
    ("enclosure-url-characters", "second.mp3", "zwölf.mp3"),
    (
        "content-before-description",
        _DESCRIPTION + "\n      <content:encoded>" + _CONTENT + "</content:encoded>",
        f"<content:encoded>{_CONTENT}</content:encoded>{_DESCRIPTION}",
    ),
    ("content-misplaced", "<ttl>", "<content:encoded>A</content:encoded><ttl>"),
    ("description-too-long", "On water, too.</desc", "On water, too. " * 300 + "</desc"),
    ("full-content-missing", f"<content:encoded>{_CONTENT}</content:encoded>", ""),
    ("summary-missing", _DESCRIPTION, ""),
    ("date-missing", _DATE, ""),
    ("date-not-rfc-822", "Mon, 02 Nov 2026 08:00:00 +0100", "2026-11-02T08:00:00+01:00"),
    ("date-not-rfc-822", "Mon, 02 Nov 2026 08:00:00 +0100", "Monday, 2 November 2026"),
    ("date-weekday", "Mon, 02 Nov 2026", "Fri, 02 Nov 2026"),
    ("date-two-digit-year", "02 Nov 2026", "02 Nov 26"),
    ("date-without-zone", "08:00:00 +0100", "08:00:00"),
    ("date-zone-name", "08:00:00 +0100", "08:00:00 PST"),
    ("date-impossible", "Mon, 02 Nov 2026 08:00:00 +0100", "31 Feb 2026 08:00:00 +0100"),
    ("date-future", "Tue, 03 Nov 2026", "Thu, 19 Nov 2026"),
    ("feed-updated-old", "<lastBuildDate>Tue, 03 Nov 2026", "<lastBuildDate>Sun, 01 Nov 2026"),
    ("url-not-absolute", "<link>https://lamp.example.org/second/</link>", "<link>/second/</link>"),
    ("url-not-absolute", "<comments>https://lamp.example.org", "<comments>"),
    ("title-html", _TITLE, "<title>Oil &lt;b&gt;floats&lt;/b&gt;</title>"),
    ("title-html", _TITLE, "<title><![CDATA[Oil <b>floats</b>]]></title>"),
    ("amp-not-hexadecimal", "Lamps &#x26; Oil", "Lamps &amp; Oil"),
    ("amp-not-hexadecimal", _TITLE, "<title><![CDATA[Oil & water]]></title>"),
    ("double-escaped", _TITLE, "<title>Oil &amp;amp; water</title>"),
    (
        "double-escaped",
        _DESCRIPTION,
        "<description>&amp;lt;p&amp;gt;On water&amp;lt;/p&amp;gt;</description>",
    ),
    ("space-around-text", _TITLE, "<title>\n Oil floats\n</title>"),
    ("space-around-text", _GUID, "<guid> https://lamp.example.org/oil/ </guid>"),
)
HTML = [
    Case(code, "notes.xml", "<p>On water, too.", new)
    for code, new in (
        ("html-script", "<p>On water<script>alert(1)</script>"),
        ("html-script", '<p onclick="alert(1)">On water'),
        ("html-script", '<p><a href="java&#10;script:alert(1)">On</a> water'),
        ("html-dropped-element", '<iframe src="https://a.example/"></iframe><p>'),
        ("html-dropped-element", "<style>p {color: red}</style><p>"),
        ("html-uncommon-element", "<p><font>On water</font>"),
        ("html-style-attribute", '<p style="color: red">On water'),
        ("html-relative-url", '<p><a href="oil.html">On</a> water'),
        ("html-relative-url", '<p><img src="//a.example/a.png" alt="">'),
        (
            "html-relative-url",
            '<p><img src="https://a.example/a" srcset="https://a.example/a 1x, b 2x" alt="">',
        ),
        ("html-fragment-link", '<p><a href="#fn1">1</a>'),
        ("html-data-url", '<p><img src="data:image/png;base64,AAAA" alt="">'),
        ("html-image-alt", '<p><img src="https://a.example/a.png">'),
        ("html-unescaped", "<p>1 < 2"),
        ("html-unescaped", "<p>Vec<lamp> is a list"),
    )
]
ATOM = _cases(
    "atom.xml",
    ("atom-element-missing", "<id>https://lamp.example.org/oil/</id>", ""),
    ("atom-element-missing", "<updated>2026-11-02T08:00:00+01:00</updated>", ""),
    ("element-repeated", "<summary>On", "<summary>A</summary><summary>On"),
    ("unknown-element", "<summary>On", "<pubDate>A</pubDate><summary>On"),
    ("element-repeated", "<subtitle>", _OWN + "<subtitle>"),
    ("alternate-missing", '<link rel="alternate" type="text/html" href="https://lamp.example.org/"/>', ""),
    (
        "history-in-item",
        "<summary>On",
        '<link rel="next" href="https://lamp.example.org/2.atom"/><summary>On',
    ),
    ("id-not-iri", "<id>https://lamp.example.org/oil/", "<id>oil"),
    ("id-repeated", "<id>https://lamp.example.org/oil/", "<id>tag:lamp.example.org,2026:second"),
    ("author-missing", "<author><name>Orla Finch</name></author>", ""),
    (
        "author-empty",
        "<author><name>Orla Finch</name></author>",
        "<author><uri>https://a.example/</uri></author>",
    ),
    ("atom-author-mail", "<email>orla@", "<email>Orla &lt;orla@"),
    (
        "alternate-missing",
        '<link rel="alternate" type="text/html" href="https://lamp.example.org/oil/"/>',
        "",
    ),
    (
        "alternates-doubled",
        '<link rel="enclosure" type="audio/mpeg" length="61234567"',
        '<link rel="alternate" type="text/html"',
    ),
    ("link-without-href", ' href="https://lamp.example.org/oil/"', ""),
    (
        "link-without-rel",
        '<link rel="alternate" type="text/html" href="https://lamp.example.org/oil/"',
        '<link type="text/html" href="https://lamp.example.org/oil/"',
    ),
    (
        "link-without-type",
        'rel="alternate" type="text/html" href="https://lamp.example.org/oil/"',
        'rel="alternate" href="https://lamp.example.org/oil/"',
    ),
    ("atom-url-relative", 'href="https://lamp.example.org/oil/"', 'href="/oil/"'),
    ("xml-base", 'xml:lang="en"', 'xml:lang="en" xml:base="https://lamp.example.org/"'),
    ("text-type", '<content type="html">', '<content type="CDATA">'),
    ("html-not-escaped", "<summary>On water, too.", "<summary>On <b>water</b>, too."),
    ("xhtml-without-div", '<div xmlns="http://www.w3.org/1999/xhtml">', "<div>"),
    ("html-without-type", '<content type="html">', "<content>"),
    ("html-without-type", "<summary>On water, too.", "<summary>&lt;b&gt;On&lt;/b&gt; water, too."),
    (
        "summary-required",
        '<summary type="text">It was never lit. 1 &lt; 2</summary>\n    <content type="html">',
        '<content type="text/html" src="https://lamp.example.org/second/">',
    ),
    ("category-without-term", '<category term="lamps"/>', "<category/>"),
    ("summary-missing", "<summary>On water, too.</summary>", ""),
    ("date-missing", "<published>2026-11-02T08:00:00.5+01:00</published>", ""),
    ("updated-before-published", "<published>2026-11-02T08", "<published>2026-11-02T09"),
    ("feed-updated-old", "</subtitle>\n  <updated>2026-11-03", "</subtitle>\n  <updated>2026-11-01"),
    ("date-not-rfc-3339", "<updated>2026-11-02T08:00:00+01:00", "<updated>Mon, 02 Nov 2026 08:00:00 GMT"),
    ("date-not-rfc-3339", "2026-11-02T08:00:00+01:00", "2026-11-02"),
    ("date-without-zone", "2026-11-02T08:00:00+01:00", "2026-11-02T08:00:00"),
    ("date-impossible", "2026-11-02T08:00:00+01:00", "2026-02-30T08:00:00Z"),
    ("language-missing", ' xml:lang="en"', ""),
    (
        "hub-without-self",
        '<link rel="self" type="application/atom+xml" href="https://lamp.example.org/atom.xml"/>',
        "",
    ),
    ("self-link-wrong", "/atom.xml", "/old.xml"),
    ("self-link-type", 'rel="self" type="application/atom+xml"', 'rel="self" type="text/html"'),
    ("home-is-feed", 'href="https://lamp.example.org/"', 'href="https://lamp.example.org/atom.xml"'),
    ("enclosure-length-form", 'length="61234567"', 'length="58.4 MB"'),
    ("enclosure-type", 'type="audio/mpeg"', 'type="mp3"'),
    ("enclosure-url-characters", "second.mp3", "zwölf.mp3"),
    ("html-unescaped", "Oil &lt;em&gt;floats&lt;/em&gt;", "Oil &lt; water"),
    ("html-relative-url", "<p>On water, <em>too</em>.</p>", '<p><a href="oil.html">On</a> water.</p>'),
    ("double-escaped", "<summary>On water", "<summary>On &amp;amp; water"),
    (
        "space-around-text",
        "<id>https://lamp.example.org/oil/</id>",
        "<id>\nhttps://lamp.example.org/oil/</id>",
    ),
    ("tombstone-attribute", ' when="2026-11-03T09:30:00Z"', ""),
    ("tombstone-alive", ":gone", ":second"),
    ("id-not-iri", 'ref="tag:lamp.example.org,2026:gone"', 'ref="gone"'),
)
NETWORK = [
    *_cases(
        "notes.xml",
        (
            "stylesheet-xslt",
            'type="text/css" href="https://lamp.example.org/feed.css"',
            'type="text/xsl" href="https://lamp.example.org/feed.xsl"',
        ),
        (
            "script-element",
            "<ttl>",
            '<script xmlns="http://www.w3.org/1999/xhtml" src="https://a.example/a.js"/><ttl>',
        ),
        ("complete-and-paged", "<ttl>", "<fh:complete/><ttl>"),
        ("history-in-item", _DATE, _DATE + "<fh:archive/>"),
        (
            "history-link-repeated",
            "<ttl>",
            '<atom:link href="https://lamp.example.org/archive/2.xml" rel="prev-archive"/><ttl>',
        ),
        ("history-unknown", "<ttl>", "<fh:incremental/><ttl>"),
        ("url-not-absolute", "https://hub.example.org/", "hub"),
    ),
    *_cases(
        "archive.xml",
        ("date-future", "2026-10-02", "2026-11-19"),
        ("unknown-format", "http://www.w3.org/2005/Atom", "https://lamp.example.org/lamps"),
        ("old-format", "http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"),
        ("namespace-misspelt", "http://www.w3.org/2005/Atom", "https://www.w3.org/2005/atom/"),
        ("atom-author-missing", "<author><name>Orla Finch</name></author>", ""),
        (
            "atom-no-content",
            _FIRST,
            "<summary>It was lit.</summary>",
        ),
        ("full-content-missing", '<content type="html">&lt;p&gt;It was lit.&lt;/p&gt;</content>', ""),
        (
            "self-link-missing",
            '<link rel="self" type="application/atom+xml" href="https://lamp.example.org/archive.xml"/>',
            "",
        ),
        (
            "archive-current-missing",
            '<link rel="current" type="application/atom+xml" href="https://lamp.example.org/atom.xml"/>',
            "",
        ),
        ("archive-and-complete", "<fh:archive/>", "<fh:archive/><fh:complete/>"),
    ),
]
JSON = _cases(
    "feed.json",
    ("json-syntax", '"Oil floats"', "Oil floats"),
    ("json-syntax", "5100", "NaN"),
    ("json-syntax", '"aired": "2016-09-27"', '"aired": ' + "[" * 60 + "]" * 60),
    (
        "json-trailing-comma",
        '"authors": [{"name": "Orla Finch"}]\n    }',
        '"authors": [{"name": "Orla Finch"}],\n    }',
    ),
    ("json-duplicate-member", '"title": "Oil floats"', '"title": "Oil floats", "title": "Oil"'),
    ("json-null", '"title": "Oil floats"', '"title": null'),
    ("json-version", "https://jsonfeed.org/version/1.1", "1.1"),
    ("json-version-old", "https://jsonfeed.org/version/1.1", "https://jsonfeed.org/version/1"),
    ("json-member-missing", '"title": "Lamps & Oil",', ""),
    ("json-member-missing", '"id": "tag:lamp.example.org,2026:oil",', ""),
    ("json-member-missing", '"mime_type": "audio/mpeg",', ""),
    ("json-member-missing", '"type": "WebSub", ', ""),
    ("json-address-missing", '"home_page_url": "https://lamp.example.org/",', ""),
    ("json-address-missing", '"url": "https://lamp.example.org/oil/",', ""),
    ("json-member-type", '"id": "tag:lamp.example.org,2026:oil"', '"id": 7'),
    ("json-member-type", '"tags": ["lamps"]', '"tags": "lamps"'),
    ("json-member-type", '"size_in_bytes": 61234567', '"size_in_bytes": -1'),
    ("json-number-as-text", "61234567", '"61234567"'),
    ("json-number-as-text", "5100", '"5100"'),
    ("json-empty", '"id": "tag:lamp.example.org,2026:oil"', '"id": ""'),
    ("json-old-author", '"authors": [{"name": "Orla Finch"}]\n', '"author": {"name": "Orla Finch"}\n'),
    ("json-content-missing", '"content_html": "<p>On water, too.</p>",', ""),
    ("json-unknown-member", '"title": "Oil floats"', '"title": "Oil floats", "date_publised": "2026"'),
    ("json-extension", '"_notes": {', '"_no.tes": {'),
    ("json-extension", '"_notes": {', '"_notes": "a", "_more": {'),
    ("json-extension", '"aired"', '"_aired"'),
    ("json-next-url", "/archive/1.json", "/feed.json"),
    ("summary-missing", '"summary": "On water, too.",', ""),
    ("author-missing", ',\n      "authors": [{"name": "Orla Finch"}]\n    }\n  ]', "}]"),
    ("author-empty", '"authors": [{"name": "Orla Finch"}]\n', '"authors": [{}]\n'),
    ("language-missing", '"language": "en",', ""),
    ("language-form", '"en"', '"english_uk"'),
    ("self-link-missing", '"feed_url": "https://lamp.example.org/feed.json",', ""),
    ("self-link-wrong", "/feed.json", "/old.json"),
    (
        "home-is-feed",
        '"home_page_url": "https://lamp.example.org/"',
        '"home_page_url": "https://lamp.example.org/feed.json"',
    ),
    ("id-repeated", "2026:oil", "2026:second"),
    ("date-missing", '"date_published": "2026-11-02T08:00:00+01:00",', ""),
    ("date-not-rfc-3339", "2026-11-02T08:00:00+01:00", "Mon, 02 Nov 2026 08:00:00 GMT"),
    ("date-without-zone", "2026-11-02T08:00:00+01:00", "2026-11-02T08:00:00"),
    ("date-future", "2026-11-02T08:00:00+01:00", "2027-11-02T08:00:00+01:00"),
    ("updated-before-published", '"date_modified": "2026-11-03', '"date_modified": "2026-11-02'),
    ("url-not-absolute", '"https://media.example.org/second.mp3"', '"second.mp3"'),
    ("enclosure-type", '"audio/mpeg"', '"mp3"'),
    ("enclosure-url-characters", "second.mp3", "zwölf.mp3"),
    ("html-relative-url", "<p>On water, too.</p>", "<p><a href='oil.html'>On</a> water</p>"),
    ("html-unescaped", "<p>It was never lit. 1 &lt; 2</p>", "<p>It was never lit. 1 < 2</p>"),
    ("bad-character", "Oil floats", "Oil \\ud83c floats"),
    ("byte-order-mark", '{\n  "version"', '\ufeff{\n  "version"'),
    ("not-utf-8", "Oil floats", "Oil fl\udcf6ats"),
)
PODCAST = _cases(
    "podcast.xml",
    ("category-missing", "itunes:category", "dc:category"),
    (
        "namespace-missing",
        ' xmlns:podcast="https://podcastindex.org/namespace/1.0">\n  <channel>',
        '>\n  <channel xmlns:podcast="https://podcastindex.org/namespace/1.0">',
    ),
    (
        "self-link-missing",
        '<atom:link href="https://lamp.example.org/podcast.xml" rel="self" type="application/rss+xml"/>',
        "",
    ),
    ("itunes-image-missing", '<itunes:image href="https://lamp.example.org/cover.jpg"/>', ""),
    ("itunes-image-form", "cover.jpg", "cover.webp"),
    (
        "itunes-image-form",
        '<itunes:image href="https://lamp.example.org/cover.jpg"/>',
        "<itunes:image>https://lamp.example.org/cover.jpg</itunes:image>",
    ),
    ("category-unknown", '"History"', '"history"'),
    ("category-unknown", '"Documentary"', '"Lamps"'),
    ("category-unknown", 'text="Society &amp; Culture"', 'text="Society"'),
    ("category-as-text", '<itunes:category text="History"/>', "<itunes:category>History</itunes:category>"),
    ("explicit-missing", "<itunes:explicit>false</itunes:explicit>", ""),
    ("explicit-value", ">false<", ">clean<"),
    ("explicit-value", ">true<", ">yes<"),
    ("show-type", ">serial<", ">Serial<"),
    ("episode-type", ">full<", ">complete<"),
    ("episode-number", "<itunes:episode>2<", "<itunes:episode>0<"),
    ("episode-number", "<itunes:season>1<", "<itunes:season>one<"),
    ("episode-number-missing", "<itunes:episode>2</itunes:episode>", ""),
    ("duration-form", ">5100<", ">62 min<"),
    ("duration-not-seconds", ">5100<", ">1:25:00<"),
    ("yes-value", "<itunes:block>Yes<", "<itunes:block>yes<"),
    ("item-title-missing", "<title>Trailer</title>", ""),
    ("itunes-outdated", "<itunes:type>", "<itunes:keywords>lamps</itunes:keywords><itunes:type>"),
    ("itunes-unknown", "<itunes:type>", "<itunes:authors>A</itunes:authors><itunes:type>"),
    ("itunes-wrong-parent", "<itunes:type>", "<itunes:duration>5</itunes:duration><itunes:type>"),
    ("itunes-wrong-parent", "</channel>", "</channel><itunes:author>A</itunes:author>"),
    ("itunes-repeated", "<itunes:duration>", "<itunes:duration>9</itunes:duration><itunes:duration>"),
    ("itunes-too-long", "<itunes:author>Orla Finch<", f"<itunes:author>{'Orla' * 70}<"),
    ("new-feed-url", "<itunes:new-feed-url>https://lamp.example.org", "<itunes:new-feed-url>"),
    (
        "namespace-misspelt",
        "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "http://www.itunes.com/DTDs/Podcast-1.0.dtd",
    ),
    (
        "item-without-enclosure",
        '<enclosure url="https://media.example.org/trailer.m4a" length="1234" type="audio/x-m4a"/>',
        "",
    ),
    ("enclosure-extension", "trailer.m4a", "trailer"),
    ("enclosure-type-unusual", "audio/x-m4a", "audio/ogg"),
    ("enclosure-repeated", "trailer.m4a", "second.mp3"),
    ("podcast-guid-missing", "<podcast:guid>9b024349-ccf0-5f69-a609-6b82873eab3c</podcast:guid>", ""),
    ("podcast-guid-form", "9b024349-ccf0-5f69-a609-6b82873eab3c", "lamps"),
    ("locked-missing", '<podcast:locked owner="orla@example.org">yes</podcast:locked>', ""),
    ("locked-value", ">yes<", ">true<"),
    ("medium-value", "<podcast:medium>podcast<", "<podcast:medium>podcastL!<"),
    ("podcast-tag-unknown", "<podcast:medium>", "<podcast:Chapters/><podcast:medium>"),
    (
        "podcast-wrong-parent",
        "<podcast:medium>",
        '<podcast:soundbite startTime="1" duration="2">A</podcast:soundbite><podcast:medium>',
    ),
    ("podcast-wrong-parent", "<podcast:season", "<podcast:locked>no</podcast:locked><podcast:season"),
    ("podcast-repeated", "<podcast:medium>", "<podcast:medium>podcast</podcast:medium><podcast:medium>"),
    (
        "podcast-url-insecure",
        'url="https://lamp.example.org/second.srt"',
        'url="http://lamp.example.org/second.srt"',
    ),
    ("chapters-attribute", ' type="application/json+chapters"', ""),
    ("chapters-type", "application/json+chapters", "text/plain"),
    ("transcript-attribute", ' url="https://lamp.example.org/second.srt"', ""),
    ("transcript-type", "application/x-subrip", "application/pdf"),
    (
        "transcript-order",
        _TRANSCRIPT,
        _TRANSCRIPT.replace("vtt", "html") + _TRANSCRIPT,
    ),
    ("soundbite-attribute", 'startTime="73.0"', 'startTime="1:13"'),
    ("soundbite-attribute", 'duration="60.5"', 'duration="60,5"'),
    ("soundbite-title", "Why it was never lit", ""),
    ("podcast-text-missing", ">Marta Quill<", "><"),
    ("podcast-text-missing", ">Oil for the lamp<", "><"),
    ("podcast-attribute", '<podcast:funding url="https://lamp.example.org/give/">', "<podcast:funding>"),
    ("podcast-attribute", ' uri="https://social.example.org/@orla/1"', ""),
    ("podcast-text-too-long", "Oil for the lamp", "Oil" * 44),
    ("podcast-text-too-long", 'purpose="verify"', f'purpose="{"v" * 129}"'),
    ("podcast-attribute", ' protocol="activitypub"', ""),
    ("podcast-text-too-long", "lamp-7f", "lamp-" * 801),
    ("license-empty", "cc-by-4.0", ""),
    ("location-form", "geo:54.1,7.9", "54.1,7.9"),
    ("podcast-number", "<podcast:episode>2.5<", "<podcast:episode>two<"),
    ("url-not-absolute", 'url="https://lamp.example.org/second.vtt"', 'url="second.vtt"'),
    ("space-around-text", "<itunes:duration>5100", "<itunes:duration> 5100"),
    ("space-around-text", ">Marta Quill<", ">\n        Marta Quill\n      <"),
)
OTHERS = [
    *_cases(
        "feeds.opml",
        ("opml-version", 'version="2.0"', ""),
        ("opml-structure", "<body>", "<body/><body>"),
        ("opml-title-missing", "<title>All feeds of Lamps &#x26; Oil</title>", ""),
        ("outline-without-text", 'text="Keepers" ', ""),
        ("outline-without-text", 'text="Shows"', ""),
        ("outline-without-address", 'xmlUrl="https://lamp.example.org/podcast.xml" ', ""),
        ("outline-without-type", 'type="rss" ', ""),
        ("date-not-rfc-822", "Tue, 03 Nov 2026 09:30:00 GMT", "2026-11-03"),
        ("url-not-absolute", 'xmlUrl="https://lamp.example.org/', 'xmlUrl="/'),
    ),
    *_cases(
        "chapters.json",
        ("unknown-format", '"chapters"', '"lamps"'),
        ("chapters-version", '"1.2.0"', "1.2"),
        ("chapters-list", '"chapters": [', '"chapters": [1,'),
        ("chapter-time", '"startTime": 73.5', '"startTime": "73.5"'),
        ("chapter-time", '"endTime": 120', '"endTime": 12'),
        ("chapter-order", '"startTime": 0', '"startTime": 100'),
        ("chapter-member", '"toc": false', '"toc": "no"'),
        ("url-not-absolute", "https://lamp.example.org/a.jpg", "a.jpg"),
        ("json-unknown-member", '"toc"', '"hidden"'),
    ),
]
CASES = [*XML, *RSS, *HTML, *ATOM, *NETWORK, *JSON, *PODCAST, *OTHERS]
