"""`schedule.yaml`: every fault at once, each where it stands, at every level."""

from __future__ import annotations

from datetime import time
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.config import Config, parse_config
from feedmaker.config_schema import config_schema
from feedmaker.due import Interval
from feedmaker.errors import ConfigError

SITE = {"title": "Tides", "address": "https://tides.example.org/", "author": "Ines Falk"}
LETTER = {"title": "T", "from": {"name": "I", "email": "i@tides.example.org"}, "postal_address": "Basalt 3"}
JOB = {"name": "a", "run": "build", "every": "1 day"}
PAGES = {"address": "https://tides.example.org/letter/"}
SHOP = {"name": "Shop", "search": "https://shop.example/?q={query}"}
MONEY = {"url": "https://give.example/", "text": "Give"}
PODCAST = {"image": "artwork.jpg", "category": "Arts > Books"}


def said(text: str) -> list[str]:
    """Return what is wrong with a schedule, without the file's name."""
    try:
        parse_config(text)
    except ConfigError as error:
        return [str(fault).removeprefix("schedule.yaml:") for fault in error.diagnostics]
    return []


def faults(**data: Any) -> list[str]:
    """Return what is wrong with a schedule of these sections, without places."""
    found = said(yaml.safe_dump({"site": SITE, **data}, allow_unicode=True))
    return [fault.split(": ", 2)[2] for fault in found]


@pytest.mark.parametrize(
    ("data", "unknown", "hint"),
    [
        ({"feds": {}}, "feds", 'did you mean "feeds"?'),
        ({"xyz": 1}, "xyz", "known here: site, feeds, podcast, push, serving, merchants, newsletter"),
        ({"feeds": {"tag": "all"}}, "tag", 'did you mean "tags"?'),
        ({"podcast": PODCAST | {"categories": "Arts"}}, "categories", 'did you mean "category"?'),
        (
            {"podcast": PODCAST | {"owner": {"name": "I", "email": "i@a.example", "x": 1}}},
            "x",
            "known here: name",
        ),
        ({"podcast": PODCAST | {"hosts": ["I", {"name": "P", "img": "x"}]}}, "img", 'did you mean "image"?'),
        ({"podcast": PODCAST | {"funding": [MONEY | {"txt": "x"}]}}, "txt", 'did you mean "text"?'),
        ({"podcast": PODCAST | {"license": {"name": "cc0-1.0", "ulr": "x"}}}, "ulr", 'did you mean "url"?'),
        ({"podcast": PODCAST | {"txt": [{"text": "x", "purpos": "y"}]}}, "purpos", 'did you mean "purpose"?'),
        (
            {"podcast": PODCAST | {"update_frequency": {"text": "x", "rule": "y"}}},
            "rule",
            'did you mean "rrule"?',
        ),
        ({"push": {"hub": "https://hub.example/"}}, "hub", 'did you mean "hubs"?'),
        ({"serving": {"netlyfi": "true"}}, "netlyfi", 'did you mean "netlify"?'),
        ({"site": SITE | {"time_zone": "UTC"}}, "time_zone", 'did you mean "timezone"?'),
        ({"site": SITE | {"author": {"name": "I", "mail": "x@y.example"}}}, "mail", 'did you mean "email"?'),
        ({"feeds": {"entry": 3}}, "entry", 'did you mean "entries"?'),
        ({"merchants": {"amazon": {"tags": "x"}}}, "tags", 'did you mean "tag"?'),
        ({"merchants": {"shop": SHOP | {"url": "x"}}}, "url", "known here: name, search, product"),
        (
            {"newsletter": LETTER | {"sender": "x"}},
            "sender",
            "known here: title, from, postal_address, unsubscribe",
        ),
        ({"newsletter": LETTER | {"from": LETTER["from"] | {"mail": "x"}}}, "mail", 'did you mean "email"?'),  # type: ignore[operator]
        ({"delivery": {"transports": "outbox:"}}, "transports", 'did you mean "transport"?'),
        ({"jobs": [JOB | {"evry": "x"}]}, "evry", 'did you mean "every"?'),
        ({"jobs": [JOB], "jobs[0]": 1}, "jobs[0]", 'did you mean "jobs"?'),
        ({"two\nlines": 1}, "two lines", "known here"),
    ],
)
def test_unknown_key_names_the_nearest_at_every_level(data: dict[str, Any], unknown: str, hint: str) -> None:
    """An unknown key is refused wherever it stands, with the nearest known one or all of them."""
    (fault,) = faults(**data)

    assert fault.startswith(f'unknown key "{unknown}"; {hint}')
    assert fault.endswith("[unknown-key]")


@pytest.mark.parametrize("key", ["password", "smtp_password", "apikey", "api_key", "auth-token", "secret"])
def test_secret_is_sent_elsewhere_and_not_repeated(key: str) -> None:
    """A key that sounds like a secret is told where secrets stand, and its value is not shown."""
    (fault,) = faults(delivery={key: "hunter2"})

    assert "secrets stand in the environment, see docs/configuration.md#secrets" in fault
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    "transport",
    ["smtp://ann:hunter2@mail.example/", "smtps://:hunter2@mail.example", "api://x/?token=hunter2&a=b"],
)
def test_address_with_a_secret_is_refused(transport: str) -> None:
    """A transport that holds a password or token is refused at its place, without showing it."""
    (fault,) = said(yaml.safe_dump({"delivery": {"transport": transport}, "site": SITE}, sort_keys=False))

    assert fault.startswith("2:14: error: delivery.transport: a password cannot stand here")
    assert "hunter2" not in fault


def test_rules_between_parts_are_checked_together_with_all_others() -> None:
    """What is wrong between jobs, merchants and newsletter is reported beside every other fault."""
    text = """\
site: {title: " ", address: https://tides.example.org/?x, author: Ines}
merchants:
  Shop: {name: Shop, search: "https://shop.example/?q={query}"}
  book.shop:
jobs:
  - {name: a, run: newsletter send, every: 1 day}
  - {name: a, run: build, every: 1 day, at: "9:00"}
  - {name: b, run: build, on: friday, cron: 0 0 31 2 *}
  - name: b
    run: newsletter draft
    on: [friday]
  - ~
"""
    no_name = "is not a merchant name; use small letters, digits and hyphens [bad-value]"
    one_of = 'needs exactly one of "when", "every", "cron" and "at"'

    assert said(text) == [
        "1:15: error: site.title: expected some text [bad-value]",
        "1:29: error: site.address: expected the address of a folder, without ? and # [bad-value]",
        f'3:3: error: merchants: "Shop" {no_name}',
        f'4:3: error: merchants: "book.shop" {no_name}',
        '4:13: error: "merchants.book.shop.name" is missing [missing-key]',
        '4:13: error: "merchants.book.shop.search" is missing [missing-key]',
        '6:20: error: jobs.1: needs a section "newsletter" [bad-value]',
        f'7:5: error: jobs.2: {one_of}; found "every" and "at" [bad-value]',
        '7:12: error: jobs.2.name: "a" is the job of line 6 already; a name tells which has run [bad-value]',
        '8:27: error: jobs.3: "on" goes with "at", the time of day [bad-value]',
        '8:45: error: jobs.3.cron: day: "31" is in no month of "2", so it would never be due [bad-value]',
        f"9:5: error: jobs.4: {one_of}; found none [bad-value]",
        '9:11: error: jobs.4.name: "b" is the job of line 8 already; a name tells which has run [bad-value]',
        '10:10: error: jobs.4: needs a section "newsletter" [bad-value]',
        '11:5: error: jobs.4: "on" goes with "at", the time of day [bad-value]',
        "12:5: error: jobs.5: expected keys and values [bad-value]",
    ]


def test_missing_keys_are_not_guessed_after_a_fault_of_yaml() -> None:
    """Where reading had to stop, what stands before is checked, and what may stand after is not missed."""
    assert [fault.partition(" [")[2] for fault in said('feeds: {entries: 0}\nsite: {title: "A}\n')] == [
        "bad-value]",
        "yaml-syntax]",
    ]


def test_key_without_a_value_is_missed_where_it_stands() -> None:
    """A required key that was left empty is reported at its own line."""
    assert said("site:\n  title:\n  address: https://a.example/\n  author: A\n") == [
        '2:3: error: "site.title" is missing [missing-key]'
    ]


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("15 minutes", 15),
        ("1 minute", 1),
        ("6 hours", 360),
        ("1h", 60),
        ("2 days", 2880),
        ("1d", 1440),
        ("30 Min", 30),
    ],
)
def test_interval_is_read(written: str, minutes: int) -> None:
    """An interval is a number and a unit."""
    (job,) = parse_config(yaml.safe_dump({"site": SITE, "jobs": [JOB | {"every": written}]})).jobs

    assert job.times == Interval(minutes)


@pytest.mark.parametrize(
    "written", ["0 minutes", "15", "minutes", "-5 minutes", "1.5 hours", "2 weeks", "1 month", "٥ h"]
)
def test_what_is_no_interval_is_refused(written: str) -> None:
    """What cannot be counted in minutes is no interval."""
    (fault,) = faults(jobs=[JOB | {"every": written}])

    assert (
        fault
        == f'jobs.1.every: "{written}" is no interval; expected for example 15 minutes or 6 hours [bad-value]'
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [("9:05", time(9, 5)), ("09:05", time(9, 5)), ("23:59", time(23, 59)), ("0:00", time(0))],
)
def test_time_of_day_is_read(written: str, read: time) -> None:
    """A time of day has hours and minutes."""
    config = parse_config(yaml.safe_dump({"site": SITE | {"publish_at": written}}))

    assert config.site.publish_at == read


@pytest.mark.parametrize("written", ["24:00", "9", "9:5", "9.30", "09:30:00", "9 am", "٩:٠٠"])
def test_what_is_no_time_of_day_is_refused(written: str) -> None:
    """Other ways to write a time are refused."""
    assert faults(site=SITE | {"publish_at": written}) == [
        'site.publish_at: expected a time of day such as "08:30" [bad-value]'
    ]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_time_zone_is_known(zone: str) -> None:
    """The names of the time zone database are known."""
    assert str(parse_config(yaml.safe_dump({"site": SITE | {"timezone": zone}})).site.zone) == zone


@pytest.mark.parametrize(
    "zone", ["Europe/Berlim", "Europe", "localtime", "posixrules", "../etc/passwd", "/etc/localtime", "UTC+1"]
)
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    """Other names are refused, those too that mean something on one machine only."""
    (fault,) = faults(site=SITE | {"timezone": zone})

    assert fault.startswith("site.timezone: expected the name of a time zone such as Europe/Berlin")


@pytest.mark.parametrize(
    "text", ["a\nb", "a\rb", "a\tb", "a\x85b", "a\u2028b", "a\x9bb", "a\x00b", "a\ufffeb"]
)
@pytest.mark.parametrize("key", ["title", "author"])
def test_text_is_one_line(text: str, key: str) -> None:
    """What becomes a header of a mail or a title is one line, however YAML wrote it."""
    escaped = "".join(f"\\u{ord(sign):04x}" if not "a" <= sign <= "b" else sign for sign in text)
    lines = [f"{name}: {value}" for name, value in SITE.items() if name != key]

    (fault,) = said("site:\n  " + "\n  ".join([*lines, f'{key}: "{escaped}"']) + "\n")

    assert "expected one line of text" in fault


def test_blanks_around_a_text_do_not_count() -> None:
    """Quotation marks may hold blanks that nobody means."""
    assert parse_config(yaml.safe_dump({"site": SITE | {"title": "  Tides "}})).site.title == "Tides"


def _optional_keys(schema: dict[str, Any]) -> list[tuple[str, str]]:
    parts = {"": schema, **schema["$defs"]}
    return [
        (owner, name)
        for owner, part in parts.items()
        for name in part.get("properties", {})
        if name not in part.get("required", ()) and owner != "KnownMerchant" and name != "amazon"
    ]


@pytest.mark.parametrize(("owner", "name"), _optional_keys(config_schema()))
def test_empty_key_means_its_default_to_us_and_to_editors(owner: str, name: str) -> None:
    """Each key that may be absent may be empty, which means the same, in the program and in the schema."""
    podcast: dict[str, Any] = {
        **PODCAST,
        "owner": {"name": "I", "email": "i@tides.example.org"},
        "hosts": [{"name": "I"}],
        "funding": [dict(MONEY)],
        "license": {"name": "cc0-1.0"},
        "txt": [{"text": "a"}],
        "update_frequency": {"text": "daily"},
    }
    data: dict[str, Any] = {
        "site": SITE | {"author": {"name": "Ines Falk"}},
        "newsletter": LETTER | {"theme": {"colors": {}, "dark_colors": {}}},
        "merchants": {"shop": dict(SHOP)},
        "signup": {"address": "https://tides.example.org/letter/"},
        "delivery": {"dkim": [{"selector": "s1"}]},
        "scheduler": {},
        "feeds": {},
        "jobs": [dict(JOB)],
        "sources": [{"name": "a", "sitemap": "https://elsewhere.example.org/sitemap.xml"}],
        "podcast": podcast,
        "push": {},
        "serving": {},
    }
    places = {
        "": data,
        "Site": data["site"],
        "Author": data["site"]["author"],
        "Feeds": data["feeds"],
        "Merchant": data["merchants"]["shop"],
        "Newsletter": data["newsletter"],
        "Theme": data["newsletter"]["theme"],
        "Colours": data["newsletter"]["theme"]["colors"],
        "Signup": data["signup"],
        "Delivery": data["delivery"],
        "Signature": data["delivery"]["dkim"][0],
        "Scheduler": data["scheduler"],
        "Job": data["jobs"][0],
        "Source": data["sources"][0],
        "Push": data["push"],
        "Serving": data["serving"],
        "Podcast": podcast,
        "Person": podcast["hosts"][0],
        "License": podcast["license"],
        "Txt": podcast["txt"][0],
        "Frequency": podcast["update_frequency"],
    }
    if (owner, name) == ("", "newsletter"):
        del data["signup"]
    if (owner, name) == ("Job", "every"):
        data["jobs"][0]["cron"] = "@daily"
    if (owner, name) == ("Source", "sitemap"):
        data["sources"][0]["feed"] = "https://elsewhere.example.org/feed.xml"
    without = {key: value for key, value in places[owner].items() if key != name}
    places[owner][name] = None

    jsonschema.validate(data, config_schema())
    found = parse_config(yaml.safe_dump(data))

    places[owner].clear()
    places[owner].update(without)
    assert found == parse_config(yaml.safe_dump(data))


GOOD: list[dict[str, Any]] = [
    {},
    {
        "site": SITE
        | {"author": {"name": "I", "email": "i@a.example", "url": "https://a.example"}, "language": "no"}
    },
    {"site": SITE | {"address": "http://localhost:8000", "timezone": "Europe/Lisbon", "publish_at": "7:30"}},
    {"feeds": {"entries": 1000}},
    {"merchants": {"amazon": {"tag": "tides-20", "mail": "none"}, "my-shop2": SHOP}},
    {"merchants": {"amazon": None}},
    {
        "newsletter": LETTER | {"unsubscribe": "https://a.example/leave"},
        "jobs": [JOB | {"run": "newsletter send"}],
    },
    {"newsletter": LETTER | {"unsubscribe": "mailto:leave@a.example"}},
    {"newsletter": LETTER | {"unsubscribe": "https://a.example:8443/{token}/leave?of={token}#now"}},
    {"newsletter": LETTER | {"unsubscribe": "https://a.example?{token}"}},
    {"newsletter": LETTER | {"review": False, "reviewer": "eve@a.example", "late_after": "6 hours"}},
    {"newsletter": LETTER | {"intro": "Hello.", "outro": ["Bye.", "So long."], "whole_episodes": 50}},
    {"newsletter": LETTER | {"sections": ["gist", "reveals"], "theme": {"logo": "art/lamp.JPEG"}}},
    {"newsletter": LETTER | {"theme": {"logo": "https://a.example/l", "logo_width": 600, "font": "Arial"}}},
    {"newsletter": LETTER | {"theme": {"font": "'Gill Sans', sans-serif", "heading_font": "serif"}}},
    {"newsletter": LETTER | {"theme": {"colors": {"link": "#0F5c4d"}, "dark_colors": {"line": "#000000"}}}},
    {"newsletter": LETTER, "signup": {"address": "https://tides.example.org/letter"}},
    {"newsletter": LETTER, "signup": {"address": "http://[::1]:8025/", "listen": ":0", "digest": True}},
    {
        "newsletter": LETTER,
        "signup": PAGES | {"topics": "show:A", "proxies": "10.0.0.0/8", "consent": "Yes."},
    },
    {"newsletter": LETTER, "signup": PAGES | {"topics": ["tag:b", "show:A B"], "languages": {"pt-BR": "P"}}},
    {"newsletter": LETTER, "signup": PAGES | {"origins": ["https://b.example", "http://c.example:81/"]}},
    {"newsletter": LETTER, "signup": PAGES | {"proxies": [], "privacy": "https://tides.example.org/p"}},
    {"signup": None},
    {"delivery": {"transport": "outbox:mails"}},
    {"delivery": {"dkim": [{"selector": "2026-a.news", "domain": "mail.a.example"}, {"selector": "b"}]}},
    {"delivery": {"transport": "smtp://ann%40a.example@mail.a.example:587", "connections": 100}},
    {"delivery": {"rate": "20 per second", "domain_rate": "5000/hour", "lease": "2 s", "grace": 0}},
    {"delivery": {"lease": 2, "grace": "0", "on_unknown": "retry-once", "stop_at": 1}},
    {"delivery": {"dkim": [{"selector": "s1"}], "bounces": ["maildir:in", "imaps://ann@a.example/Bounces"]}},
    {"scheduler": {"lease": "2 seconds", "keep": "1 day", "listen": "127.0.0.1:9464", "notify": "mail"}},
    {"scheduler": {"listen": "[::1]:0", "notify": [], "ping": "https://check.example/7f"}},
    {"scheduler": {"notify": ["mail", "https://hook.example/a"], "lease": "1 hour"}},
    {"site": SITE | {"image": "https://a.example/logo.png", "moved_from": "https://old.example/notes"}},
    {"site": SITE | {"moved_from": ["https://older.example/", "https://old.example/"]}},
    {"feeds": {"tags": "all", "shows": ["Keepers", "Lamps"], "recommendations": False}},
    {"feeds": {"tags": [], "shows": "Keepers"}},
    {"podcast": PODCAST},
    {"podcast": {"image": "https://a.example/art.png", "category": ["Technology", "TV & Film > TV Reviews"]}},
    {"podcast": PODCAST | {"explicit": True, "locked": False, "complete": True, "type": "serial"}},
    {"podcast": PODCAST | {"hosts": "Ines Falk", "license": "cc-by-4.0", "update_frequency": "now and then"}},
    {"podcast": PODCAST | {"hosts": ["I", {"name": "P", "url": "https://a.example/"}], "funding": [MONEY]}},
    {"podcast": PODCAST | {"license": {"name": "Ours", "url": "https://a.example/licence"}, "funding": []}},
    {
        "podcast": PODCAST
        | {"update_frequency": {"text": "Fridays", "rrule": "FREQ=WEEKLY;BYDAY=FR", "start": "2026-11-27"}}
    },
    {"podcast": PODCAST | {"guid": "917393e3-1b1e-5cef-ace4-edaa54e1f810", "medium": "audiobook"}},
    {"podcast": PODCAST | {"txt": [{"text": "x" * 4000, "purpose": "verify"}], "entries": 3000}},
    {"push": {"hubs": "https://hub.example/", "automatic": False}},
    {"push": {"hubs": ["https://hub.example/", "https://other.example/hub?a=b"], "podping": False}},
    {"podcast": PODCAST, "push": {"podping": True, "podcast_index": "https://index.example/hub"}},
    {"serving": {"netlify": True, "compress": "gzip"}},
    {"serving": {"compress": ["gzip", "brotli"]}},
    {"podcast": None, "push": None, "serving": None},
    {"jobs": []},
    {"jobs": [JOB, {"name": "b-2", "run": "build", "on": ["monday", "friday"], "at": "09:00"}]},
    {"jobs": [{"name": "b", "run": "build", "on": "sunday", "at": "9:00", "every": None}]},
    {
        "jobs": [
            {"name": "b", "run": "build", "cron": "*/5 8-18 * * mon-fri"},
            JOB | {"every": None, "cron": "@daily"},
        ]
    },
]
BAD: list[dict[str, Any]] = [
    {"site": None},
    {"site": {"title": "A"}},
    {"site": SITE | {"title": " "}},
    {"site": SITE | {"title": ["A"]}},
    {"site": SITE | {"address": "tides.example.org"}},
    {"site": SITE | {"address": "https://ann:pw@tides.example.org/"}},
    {"site": SITE | {"address": "https://tides.example.org/#a"}},
    {"site": SITE | {"author": {}}},
    {"site": SITE | {"author": {"name": "I", "email": "nobody"}}},
    {"site": SITE | {"language": "English!"}},
    {"site": SITE | {"publish_at": "24:00"}},
    {"feeds": {"entries": 0}},
    {"feeds": {"entries": "many"}},
    {"feeds": []},
    {"feeds": {"tags": [" "]}},
    {"feeds": {"tags": {"all": True}}},
    {"feeds": {"recommendations": "yes"}},
    {"site": SITE | {"moved_from": "old.example"}},
    {"site": SITE | {"moved_from": ["https://old.example/?a"]}},
    {"site": SITE | {"image": "logo.png"}},
    {"podcast": {}},
    {"podcast": {"image": "artwork.jpg"}},
    {"podcast": PODCAST | {"category": []}},
    {"podcast": PODCAST | {"explicit": "clean"}},
    {"podcast": PODCAST | {"explicit": "yes"}},
    {"podcast": PODCAST | {"locked": "no"}},
    {"podcast": PODCAST | {"type": "weekly"}},
    {"podcast": PODCAST | {"medium": "blog"}},
    {"podcast": PODCAST | {"owner": "Ines Falk"}},
    {"podcast": PODCAST | {"hosts": [{"url": "https://a.example/"}]}},
    {"podcast": PODCAST | {"hosts": "x" * 129}},
    {"podcast": PODCAST | {"funding": [{"url": "https://a.example/"}]}},
    {"podcast": PODCAST | {"license": "CC BY"}},
    {"podcast": PODCAST | {"txt": [{"text": "x" * 4001}]}},
    {"podcast": PODCAST | {"update_frequency": {"rrule": "FREQ=DAILY"}}},
    {"podcast": PODCAST | {"update_frequency": {"text": "x", "rrule": "weekly"}}},
    {"podcast": PODCAST | {"update_frequency": {"text": "x", "start": 5}}},
    {"podcast": PODCAST | {"entries": 0}},
    {"push": {"hubs": "hub.example"}},
    {"push": {"hubs": [["https://hub.example/"]]}},
    {"podcast": PODCAST, "push": {"podping": "yes"}},
    {"push": {"automatic": "sometimes"}},
    {"serving": {"compress": "zip"}},
    {"serving": {"netlify": "on"}},
    {"merchants": {"Shop": SHOP}},
    {"merchants": {"shop": None}},
    {"merchants": {"shop": {"name": "Shop"}}},
    {"merchants": {"shop": SHOP | {"search": "https://shop.example/"}}},
    {"merchants": {"amazon": {"product": "https://shop.example/"}}},
    {"merchants": {"amazon": {"mail": "maybe"}}},
    {"merchants": {"amazon": {"tag": "a b"}}},
    {"newsletter": {"title": "T"}},
    {"newsletter": LETTER | {"from": "I"}},
    {"newsletter": LETTER | {"unsubscribe": "ftp://a.example"}},
    {"newsletter": LETTER | {"unsubscribe": "https://{token}.a.example/leave"}},
    {"newsletter": LETTER | {"unsubscribe": "https://a.example/leave#{token}"}},
    {"newsletter": LETTER | {"unsubscribe": "https://a.example/{tokens}"}},
    {"newsletter": LETTER | {"unsubscribe": "https://a.example/{}"}},
    {"newsletter": LETTER | {"unsubscribe": "https:///leave"}},
    {"newsletter": LETTER | {"unsubscribe": "https://a.example/le\x7fave"}},
    {"newsletter": LETTER | {"unsubscribe": "mailto:{token}@a.example"}},
    {"newsletter": LETTER | {"review": "yes"}},
    {"newsletter": LETTER | {"reviewer": "eve"}},
    {"newsletter": LETTER | {"late_after": "soon"}},
    {"newsletter": LETTER | {"intro": [""]}},
    {"newsletter": LETTER | {"sections": []}},
    {"newsletter": LETTER | {"sections": "gist"}},
    {"newsletter": LETTER | {"sections": ["gist", "gist"]}},
    {"newsletter": LETTER | {"sections": ["gists"]}},
    {"newsletter": LETTER | {"whole_episodes": 0}},
    {"newsletter": LETTER | {"theme": {"logo": "lamp.webp"}}},
    {"newsletter": LETTER | {"theme": {"logo": "http://a.example/lamp.png"}}},
    {"newsletter": LETTER | {"theme": {"logo_width": 601}}},
    {"newsletter": LETTER | {"theme": {"font": "Segoe UI"}}},
    {"newsletter": LETTER | {"theme": {"heading_font": "Arial;"}}},
    {"newsletter": LETTER | {"theme": {"colors": {"link": "#0F5"}}}},
    {"newsletter": LETTER | {"theme": {"dark_colors": {"links": "#000000"}}}},
    {"signup": PAGES},
    {"newsletter": LETTER, "signup": {}},
    {"newsletter": LETTER, "signup": {"address": "http://tides.example.org/"}},
    {"newsletter": LETTER, "signup": {"address": "http://127.example.org/"}},
    {"newsletter": LETTER, "signup": {"address": "https://tides.example.org/?a"}},
    {"newsletter": LETTER, "signup": PAGES | {"listen": "8025"}},
    {"newsletter": LETTER, "signup": PAGES | {"topics": "bells"}},
    {"newsletter": LETTER, "signup": PAGES | {"topics": ["tag:a", "tag:a"]}},
    {"newsletter": LETTER, "signup": PAGES | {"topics": ["tag:"]}},
    {"newsletter": LETTER, "signup": PAGES | {"proxies": "proxy.example.org"}},
    {"newsletter": LETTER, "signup": PAGES | {"origins": "https://b.example/page"}},
    {"newsletter": LETTER, "signup": PAGES | {"origins": "*"}},
    {"newsletter": LETTER, "signup": PAGES | {"languages": ["de"]}},
    {"newsletter": LETTER, "signup": PAGES | {"languages": {"German!": "Deutsch"}}},
    {"newsletter": LETTER, "signup": PAGES | {"digest": "weekly"}},
    {"newsletter": LETTER, "signup": PAGES | {"consent": "a\nb"}},
    {"newsletter": LETTER, "signup": PAGES | {"captcha": True}},
    {"delivery": {"transport": ["outbox:"]}},
    {"delivery": {"dkim": [{"domain": "a.example"}]}},
    {"delivery": {"dkim": [{"selector": "a; s=b"}]}},
    {"delivery": {"dkim": [{"selector": "a", "domain": "a.example; x=1"}]}},
    {"delivery": {"dkim": [{"selector": "a", "domain": "localhost"}]}},
    {"delivery": {"connections": 0}},
    {"delivery": {"rate": "20"}},
    {"delivery": {"domain_rate": "often"}},
    {"delivery": {"rate": "1 per week"}},
    {"delivery": {"lease": "1 day"}},
    {"delivery": {"grace": -1}},
    {"delivery": {"grace": "soon"}},
    {"delivery": {"on_unknown": "retry"}},
    {"scheduler": {"lease": "soon"}},
    {"scheduler": {"lease": "1 day"}},
    {"scheduler": {"keep": "90 seconds"}},
    {"scheduler": {"notify": "eve@a.example"}},
    {"scheduler": {"listen": "9464"}},
    {"scheduler": {"listen": "127.0.0.1:port"}},
    {"scheduler": {"ping": "check.example"}},
    {"jobs": {"a": JOB}},
    {"jobs": ["a"]},
    {"jobs": [JOB | {"name": "A job"}]},
    {"jobs": [JOB | {"run": "send"}]},
    {"jobs": [JOB | {"run": "newsletter send"}]},
    {"jobs": [JOB | {"every": "often"}]},
    {"jobs": [JOB | {"at": "09:00"}]},
    {"jobs": [{"name": "a", "run": "build"}]},
    {"jobs": [JOB | {"on": "friday"}]},
    {"jobs": [{"name": "a", "run": "build", "on": [], "at": "09:00"}]},
    {"jobs": [{"name": "a", "run": "build", "on": "freitag", "at": "09:00"}]},
    {"jobs": [{"name": "a", "run": "build", "cron": "* * * *"}]},
    {"unknown": 1},
]


@pytest.mark.parametrize("data", GOOD)
def test_good_schedule_is_good_for_us_and_for_editors(data: dict[str, Any]) -> None:
    """What the program accepts, its schema accepts."""
    whole = {"site": SITE, **data}

    assert isinstance(parse_config(yaml.safe_dump(whole)), Config)
    jsonschema.Draft202012Validator(config_schema()).validate(whole)


@pytest.mark.parametrize("data", BAD)
def test_bad_schedule_is_bad_for_us_and_for_editors(data: dict[str, Any]) -> None:
    """What the program refuses, its schema refuses."""
    whole = {"site": SITE, **data}

    assert said(yaml.safe_dump(whole))
    assert not jsonschema.Draft202012Validator(config_schema()).is_valid(whole)


def test_schema_is_a_schema() -> None:
    """The schema follows the draft that it names, and each key says what it is for."""
    schema = config_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    properties = [item for part in schema["$defs"].values() for item in part.get("properties", {}).items()]
    assert [name for name, about in properties if not about.get("description")] == []


_KEYS = st.sampled_from(
    [
        *("podcast", "category", "hosts", "license", "update_frequency", "funding", "txt", "start", "guid"),
        *("push", "hubs", "podping", "serving", "compress", "tags", "moved_from", "explicit", "image"),
        "site",
        "title",
        "address",
        "author",
        "feeds",
        "entries",
        "merchants",
        "amazon",
        "newsletter",
        "from",
        "delivery",
        "transport",
        "jobs",
        "name",
        "run",
        "every",
        "on",
        "at",
        "cron",
        "email",
        "[key]",
        "",
        "x\ny",
        "body",
    ]
)
_VALUES = st.recursive(
    st.none()
    | st.sampled_from(["true", "all", "Arts > Books", "Arts >", "2026-11-23T08:00"])
    | st.sampled_from(["", "a", "https://a.example/", "https://[::1", "9:00", "build", "{", "friday"])
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=15,
)


@settings(max_examples=300)
@given(_VALUES)
def test_any_values_are_a_schedule_or_have_faults_inside_the_file(data: Any) -> None:
    """Any values are refused with faults of one line each that point into the file, or are a schedule."""
    text = yaml.safe_dump(data, allow_unicode=True)
    lines = text.split("\n")

    for fault in said(text):
        line, column, rest = fault.split(":", 2)
        assert 1 <= int(line) <= len(lines)
        assert 1 <= int(column) <= len(lines[int(line) - 1]) + 1
        assert "\n" not in rest
