"""`schedule.yaml` is validated as a whole, and every fault names its place and its cure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import jsonschema
import pytest
import yaml

from feedmaker.config import AMAZON, Config, parse_config
from feedmaker.config_schema import config_schema
from feedmaker.errors import ConfigError, Diagnostic
from feedmaker.template_files import packaged_folder

SMALL = "site: {title: Tides, address: https://tides.example.org, author: Ines Falk}\n"
LETTER = "newsletter: {title: T, from: {name: I, email: i@tides.example.org}, postal_address: Basalt 3}\n"

RUNS = (
    "'build', 'collect', 'newsletter draft', 'newsletter send', 'newsletter digest' or 'newsletter bounces'"
)


def faults(text: str) -> list[Diagnostic]:
    """Return what is wrong with a schedule, which must be something."""
    with pytest.raises(ConfigError) as raised:
        parse_config(text)
    return list(raised.value.diagnostics)


def messages(text: str) -> list[str]:
    """Return what is said of a schedule, without the file's name."""
    return [str(fault).removeprefix("schedule.yaml:") for fault in faults(text)]


def test_little_is_enough() -> None:
    """Title, address and author are all that a folder needs; everything else has a default."""
    config = parse_config(SMALL)

    assert config.site.address == "https://tides.example.org/"
    assert (config.site.timezone, config.site.publish_at, config.feeds.entries) == ("UTC", time(8), 50)
    assert (config.delivery.transport, config.newsletter, config.jobs) == ("outbox:", None, ())
    assert dict(config.merchants) == {"amazon": AMAZON}


def test_shipped_schedule_is_valid() -> None:
    """What `init` writes is a valid schedule with a newsletter and two jobs."""
    config = parse_config((packaged_folder() / "project" / "schedule.yaml").read_text("utf-8"))

    assert config.newsletter is not None
    assert [job.run for job in config.jobs] == ["build", "newsletter send"]


def test_all_faults_are_said_at_once_with_their_places() -> None:
    """Faults of every kind and at every depth are reported together, in the order of the file."""
    text = """\
site:
  titel: Tides
  address: ftp://tides.example.org
  author: {nam: Ines}
  timezone: Europe/Lisbone
feeds:
  entries: many
merchants:
  amazon: {mial: page}
jobs:
  - {name: publish, run: biuld, every: 15 minutes}
delivry: {}
"""

    assert messages(text) == [
        '2:3: error: "site.title" is missing [missing-key]',
        '2:3: error: unknown key "titel"; did you mean "title"? [unknown-key]',
        "3:12: error: site.address: expected a web address such as https://example.org/notes/ [bad-value]",
        '4:11: error: "site.author.name" is missing [missing-key]',
        '4:12: error: unknown key "nam"; did you mean "name"? [unknown-key]',
        (
            "5:13: error: site.timezone: expected the name of a time zone such as Europe/Berlin; "
            "did you mean Europe/Lisbon? [bad-value]"
        ),
        "7:12: error: feeds.entries: expected a whole number [bad-value]",
        '9:12: error: unknown key "mial"; did you mean "mail"? [unknown-key]',
        f"11:26: error: jobs.1.run: expected {RUNS} [bad-value]",
        '12:1: error: unknown key "delivry"; did you mean "delivery"? [unknown-key]',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMALL + "feeds: {entries: 0}", "at least 1"),
        (SMALL + "feeds: 3", "expected keys and values"),
        (SMALL + "jobs: 3", "expected a list"),
        (SMALL + "jobs: [{name: a, run: build}]", 'exactly one of "when", "every", "cron" and "at"'),
        (SMALL + "jobs: [{name: a, run: build, every: 5 minutes, cron: '* * * * *'}]", "exactly one of"),
        (SMALL + "jobs: [{name: a, run: build, on: friday}]", "exactly one of"),
        (SMALL + "jobs: [{name: a, run: build, on: freitag, at: '09:00'}]", "expected 'monday'"),
        (SMALL + "jobs: [{name: a, run: build, at: '25:00'}]", 'a time of day such as "08:30"'),
        (SMALL + "jobs: [{name: a, run: build, every: often}]", "is no interval"),
        (SMALL + "jobs: [{name: a, run: build, every: 0 minutes}]", "is no interval"),
        (SMALL + "jobs: [{name: a, run: build, cron: '61 * * * *'}]", "minute"),
        (SMALL + "jobs: [{name: a, run: build, when: fridys at 09:00}]", 'did you mean "fridays at 09:00"?'),
        (SMALL + "jobs: [{name: a, run: build, when: hourly, every: 1 hour}]", 'found "when" and "every"'),
        (SMALL + "jobs: [{name: a, run: build, when: hourly, on: friday}]", '"on" goes with "at"'),
        (SMALL + "jobs: [{name: a, run: newsletter send, every: 1 day}]", 'section "newsletter"'),
        (SMALL + "jobs: [{name: a, run: build, every: 1 day}, {name: a, run: build, every: 2 days}]", '"a"'),
        (SMALL + "merchants: {kobo: {name: Kobo, search: https://kobo.example/}}", "that holds {query}"),
        (SMALL + "merchants: {Kobo: {name: K, search: 'https://k.example/{query}'}}", "Kobo"),
        (
            SMALL + "newsletter: {title: T, from: {name: I, email: nobody}, postal_address: B}",
            "an e-mail address",
        ),
        ("- site\n", "expected keys and values"),
        ("", '"site" is missing'),
        ("site: [\n", "not YAML"),
        (SMALL + SMALL, "a second time"),
        ("site: &a {title: x}\nfeeds: *a\n", "aliases"),
        ("site: !!python/object:os.system {}\n", "tag"),
    ],
)
def test_what_cannot_be_used_is_said(text: str, said: str) -> None:
    """Each wrong value is refused with a sentence that says what would be right."""
    assert any(said in fault.message for fault in faults(text)), faults(text)


def test_words_mean_what_is_written() -> None:
    """Values keep their text: `no` is a language and a title may be a number."""
    config = parse_config("site: {title: 1984, address: https://a.example, author: yes, language: no}\n")

    assert (config.site.title, config.site.author.name, config.site.language) == ("1984", "yes", "no")


def test_empty_keys_mean_the_default() -> None:
    """A key that is left empty, as people comment out a value, has its default."""
    config = parse_config(SMALL + "feeds:\nmerchants:\n  amazon:\njobs:\n")

    assert config == parse_config(SMALL)


def test_known_merchant_is_completed() -> None:
    """Amazon needs no more than what differs, such as a partner tag."""
    config = parse_config(SMALL + "merchants: {amazon: {tag: tides-20}}")

    assert config.merchants["amazon"] == AMAZON.model_copy(update={"tag": "tides-20"})


@pytest.mark.parametrize(
    "text",
    [
        SMALL + "delivery: {transport: 'smtp://ines:hunter2@mail.example'}",
        SMALL.replace("https://", "https://ines:hunter2@"),
    ],
)
def test_password_is_refused_and_not_repeated(text: str) -> None:
    """An address with a password does not belong in a file, and the message does not show it."""
    found = faults(text)

    assert found
    assert "hunter2" not in str(found)


def test_publishing_time_is_meant_in_the_site_zone() -> None:
    """A date gets the site's time of day and zone, a time without a zone gets the zone."""
    site = parse_config(SMALL.replace("}", ", timezone: Europe/Lisbon, publish_at: '07:30'}")).site

    assert site.at_publishing_time(date(2026, 7, 1)) == datetime(2026, 7, 1, 6, 30, tzinfo=UTC)
    assert site.at_publishing_time(datetime.fromisoformat("2026-07-01T12:00")) == datetime(
        2026, 7, 1, 11, tzinfo=UTC
    )


def as_editors_read(text: str) -> object:
    """Read YAML 1.2, in which the key `on` is no truth value as it is in PyYAML's 1.1."""
    return yaml.safe_load(re.sub(r"\bon: ", '"on": ', text))


GOOD = [
    SMALL,
    SMALL + LETTER + "jobs: [{name: a, run: newsletter send, on: friday, at: '09:00'}]\n",
    SMALL + "jobs: [{name: a, run: build, on: [monday, friday], at: '9:00'}]\n",
    SMALL + "merchants: {amazon: {tag: x-20, mail: none}}\n",
    SMALL + "jobs: [{name: a, run: build, cron: '0 9 * * 1-5'}]\n",
    SMALL + "jobs: [{name: a, run: build, when: first monday of the month at 08:30}]\n",
]
BAD = [
    SMALL + "feeds: {entriez: 3}\n",
    SMALL + "jobs: [{name: a, run: biuld, every: 5 minutes}]\n",
    SMALL + "merchants: {amazon: {mail: maybe}}\n",
    "feeds: {entries: 3}\n",
    SMALL + "jobs: [{name: a, run: build, at: 'nine'}]\n",
    SMALL + "jobs: [{name: a, run: build, when: hourly, cron: '@hourly'}]\n",
]


@pytest.mark.parametrize("text", [*GOOD, (Path(__file__).parents[2] / "schedule.yaml").read_text("utf-8")])
def test_schema_accepts_what_feedmaker_accepts(text: str) -> None:
    """A valid schedule is valid for editors too, which read YAML with its types."""
    assert isinstance(parse_config(text), Config)
    jsonschema.validate(as_editors_read(text), config_schema())


@pytest.mark.parametrize("text", BAD)
def test_schema_refuses_what_feedmaker_refuses(text: str) -> None:
    """What feedmaker refuses, editors mark while it is being typed."""
    assert faults(text)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_editors_read(text), config_schema())
