"""The sections of `schedule.yaml` but for the podcast's. Pure."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from feedmaker.config.fields import (
    Clock,
    CronText,
    FolderAddress,
    FolderAddresses,
    Interval,
    JobName,
    Language,
    MailAddress,
    Parameter,
    Part,
    ProductAddress,
    SearchAddress,
    Text,
    Timezone,
    Truth,
    WebAddress,
    WebAddresses,
    Weekdays,
    When,
    one_or_many,
    service,
    text_for,
)
from feedmaker.cron import parse_cron
from feedmaker.due import Times
from feedmaker.plain_times import parse_when

Compression = Literal["gzip", "brotli"]
PODPING = "https://podping.cloud/"
PODCAST_INDEX = "https://api.podcastindex.org/api/1.0/hub/pubnotify"


PodpingAddress = Annotated[WebAddress | None, service(PODPING)]
IndexAddress = Annotated[WebAddress | None, service(PODCAST_INDEX)]


class Author(Part):
    """Who writes the notes; readers see the name on every entry."""

    name: Text = Field(description="Name of the author.")
    email: MailAddress | None = Field(default=None, description="E-mail address of the author.")
    url: WebAddress | None = Field(default=None, description="Page about the author.")


class Site(Part):
    """What the feeds and pages say of themselves."""

    title: Text = Field(description="The name of the site and of its feeds.")
    address: FolderAddress = Field(
        description="Where the folder public/ is served, for example https://example.org/notes/."
    )
    description: Text = Field(default="Episode notes", description="One sentence under the title.")
    author: Annotated[Author, text_for("name", Text, Author)] = Field(
        description="Who writes the notes: a name, or name, email and url."
    )
    language: Language = Field(
        default="en", description="Language tag of the notes, for example en or pt-BR."
    )
    timezone: Timezone = Field(
        default="UTC", description="Name of the time zone in which dates and jobs are meant."
    )
    publish_at: Clock = Field(
        default=time(8), description='Time of day for a note whose "published" is only a date.'
    )
    image: WebAddress | None = Field(
        default=None, description="Address of a square picture, which readers show beside the feeds' title."
    )
    moved_from: FolderAddresses = Field(
        default=(), description="Where the site was before; an address, or a list of them."
    )

    @field_validator("moved_from")
    @classmethod
    def _is_elsewhere(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("address") in value:
            raise ValueError("the site is there now; write where it was before")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone as an object."""
        return ZoneInfo(self.timezone)

    def at_publishing_time(self, day: date | datetime) -> datetime:
        """Give a date the default time, and a naive time the zone, of the site."""
        if isinstance(day, datetime):
            return day if day.tzinfo else day.replace(tzinfo=self.zone)
        return datetime.combine(day, self.publish_at, self.zone)


def _all_or_names(value: tuple[str, ...]) -> tuple[str, ...]:
    if "all" in value and len(value) > 1:
        raise ValueError('expected a list of names, or "all" and nothing beside it')
    return value


Selection = Annotated[tuple[Text, ...], AfterValidator(_all_or_names), one_or_many(Text)]
"""Names in the order of the file, or ("all",)."""


class Feeds(Part):
    """How the feeds are cut."""

    entries: int = Field(
        default=50, ge=1, le=1000, description="How many of the newest episodes a feed holds."
    )
    tags: Selection = Field(
        default=(), description="Tags that have feeds of their own: a list of them, or all."
    )
    shows: Selection = Field(
        default=(), description="Shows that have feeds of their own: a list of them, or all."
    )
    recommendations: Truth = Field(
        default=True, description="Whether there are feeds of recommendations, of all and of each medium."
    )


class Merchant(Part):
    """How a buy link is made, and what may carry it."""

    name: Text = Field(description='What readers see: "Find it on NAME".')
    search: SearchAddress = Field(
        description="Address of a search, with {query}; {name} and {creator} are known too."
    )
    product: ProductAddress | None = Field(
        default=None, description="Address of one product, with {product}."
    )
    tag: Parameter | None = Field(
        default=None, description="Partner tag; with one, links are paid and say so."
    )
    tag_parameter: Parameter = Field(
        default="tag", description="Name under which the partner tag stands in the address."
    )
    mail: Literal["page", "direct", "none"] = Field(
        default="page",
        description="What the newsletter links to: the episode's page, the merchant, or nothing.",
    )
    disclosure: Text = Field(
        default="Links marked (paid link) earn us a commission if you buy; the price stays the same.",
        description="Sentence that stands before the first paid link.",
    )


WAYS = ("when", "every", "cron", "at")
"""The keys that say when a job is due, of which it has one."""


class Job(Part):
    """One line of the schedule: what runs, and when."""

    # `parse_config` sees to it that just one of `WAYS` is set, and `on` only beside `at`.
    name: JobName = Field(description="Name of the job, in small letters, digits and hyphens.")
    run: Literal[
        "build", "collect", "newsletter draft", "newsletter send", "newsletter digest", "newsletter bounces"
    ] = Field(
        description=(
            'build; collect; "newsletter draft"; "newsletter send", which drafts and sends; "newsletter '
            'digest", which does so for those who get the digest; or "newsletter bounces", which reads what '
            "came back."
        )
    )
    when: When | None = Field(
        default=None,
        description='In plain words, for example "fridays at 09:00" or "last day of the month at 18:00".',
    )
    every: Interval | None = Field(
        default=None, description="Interval, for example 15 minutes, 6 hours or 1 day."
    )
    on: Weekdays | None = Field(default=None, description="Weekday, or a list of weekdays; goes with at.")
    at: Clock | None = Field(default=None, description='Time of day, for example "09:00"; alone, every day.')
    cron: CronText | None = Field(
        default=None, description='Five fields as in crontab, for example "30 7 * * mon-fri", or @daily.'
    )

    @property
    def words(self) -> str:
        """Return when the job is due, in words of `when`, whichever key says it; or else cron's fields."""
        if self.when or self.cron:
            return self.when or f"cron {self.cron}"
        if self.every:
            return f"every {self.every}"
        return f"{', '.join(self.on) if self.on else 'daily'} at {self.at:%H:%M}"

    @property
    def times(self) -> Times:
        """Read when the job is due."""
        return parse_cron(self.cron) if self.cron else parse_when(self.words)


class Push(Part):
    """Who is told that feeds have changed."""

    hubs: WebAddresses = Field(default=(), description="WebSub hubs; an address, or a list of them.")
    podping: PodpingAddress = Field(
        default=None, description="Whether podcast feeds are announced by Podping: true, or its address."
    )
    podcast_index: IndexAddress = Field(
        default=None, description="Whether the Podcast Index is told of podcast feeds: true, or its address."
    )
    automatic: Truth = Field(
        default=True,
        description="Whether a build tells them; with false, `feedmaker ping` does, after an upload.",
    )


class Serving(Part):
    """What a static host is given besides the feeds and pages."""

    netlify: Truth = Field(
        default=False, description="Whether public/ has the files _headers and _redirects."
    )
    compress: Annotated[tuple[Compression, ...], one_or_many(Compression)] = Field(
        default=(), description="Compressed copies beside feeds and pages: gzip, brotli or both."
    )


AMAZON = Merchant(
    name="Amazon",
    search="https://www.amazon.com/s?k={query}",
    product="https://www.amazon.com/dp/{product}",
)
