"""The `newsletter` section of `schedule.yaml`: who sends, what an issue shows, how it looks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from feedmaker.config.colours import DARK, LEAST_CONTRAST, LIGHT, is_colour, unreadable_pairs
from feedmaker.config.fields import (
    Colour,
    FontNames,
    Interval,
    Leaving,
    Logo,
    MailAddress,
    Part,
    Text,
    Truth,
    each_once,
    not_empty,
    one_or_many,
)
from feedmaker.plain_times import minutes_of

Section = Literal["dek", "reveals", "takeaways", "recommendations", "gist"]
SECTIONS: tuple[Section, ...] = ("dek", "reveals", "takeaways", "recommendations", "gist")


class Mailbox(Part):
    """Name the sender of the newsletter."""

    name: Text = Field(description="Name of the sender.")
    email: MailAddress = Field(description="E-mail address of the sender.")


class Colours(Part):
    """Colours that an issue has instead of the usual ones."""

    page: Colour | None = Field(default=None, description="Colour around the sheets.")
    sheet: Colour | None = Field(default=None, description="Colour behind the text.")
    text: Colour | None = Field(default=None, description="Colour of the text.")
    quiet: Colour | None = Field(default=None, description="Colour of dates, bylines and small print.")
    accent: Colour | None = Field(
        default=None, description="Colour of small headings, and of the line beside a quote."
    )
    highlight: Colour | None = Field(default=None, description="Colour behind the reveals.")
    line: Colour | None = Field(default=None, description="Colour of borders.")
    link: Colour | None = Field(default=None, description="Colour of links.")
    button: Colour | None = Field(default=None, description="Colour behind the words of buttons.")
    button_text: Colour | None = Field(default=None, description="Colour of the words of buttons.")


class Theme(Part):
    """How an issue looks."""

    logo: Logo | None = Field(
        default=None, description="Picture at the top: a file of the project, or its https address."
    )
    logo_width: int = Field(default=160, ge=16, le=600, description="Width of the picture in pixels.")
    font: FontNames = Field(
        default="'Segoe UI', Helvetica, Arial, sans-serif",
        description="Fonts of the text, the first that a reader has; none is loaded.",
    )
    heading_font: FontNames = Field(
        default="Georgia, 'Times New Roman', serif", description="Fonts of titles, reveals and quotes."
    )
    colors: Colours = Field(default=Colours(), description="Colours in bright surroundings.")
    dark_colors: Colours = Field(default=Colours(), description="Colours in the dark.")

    @property
    def light(self) -> Mapping[str, str]:
        """Return all colours of bright surroundings by their names."""
        return LIGHT | self.colors.model_dump(exclude_none=True)

    @property
    def dark(self) -> Mapping[str, str]:
        """Return all colours of the dark by their names."""
        return DARK | self.dark_colors.model_dump(exclude_none=True)


class Newsletter(Part):
    """What an issue says of itself, what it shows, and who looks at it before it goes out."""

    title: Text = Field(description="Name of the newsletter.")
    sender: Mailbox = Field(alias="from", description="Who sends it: name and email.")
    postal_address: Text = Field(description="Postal address of the sender, which the law asks for.")
    unsubscribe: Leaving | None = Field(
        default=None,
        description=(
            "Where readers leave: an https or mailto address; without one, a mail to the sender. "
            "{token} in an https address is where each reader's own token goes."
        ),
    )
    review: Truth = Field(default=True, description="Whether an issue waits until somebody has approved it.")
    reviewer: MailAddress | None = Field(
        default=None, description="Who is told that an issue waits; without one, the sender."
    )
    late_after: Interval = Field(
        default="2 days",
        description="How late an issue may go out by itself; what is later waits for approval again.",
    )
    intro: Annotated[tuple[Text, ...], one_or_many(Text)] = Field(
        default=(), description="Text at the top, in Markdown; one paragraph, or a list of them."
    )
    outro: Annotated[tuple[Text, ...], one_or_many(Text)] = Field(
        default=(), description="Text at the end, in Markdown; one paragraph, or a list of them."
    )
    sections: Annotated[tuple[Section, ...], AfterValidator(each_once), not_empty] = Field(
        default=SECTIONS,
        description="What is shown of an episode, in this order.",
        json_schema_extra={"minItems": 1, "uniqueItems": True},
    )
    whole_episodes: int = Field(
        default=3, ge=1, le=50, description="How many episodes an issue shows whole; the others are short."
    )
    archive: Truth = Field(
        default=True, description="Whether issues that went out are pages of the site, with their own feed."
    )
    theme: Theme = Field(default=Theme(), description="Looks of an issue: logo, fonts and colours.")

    @property
    def patience(self) -> timedelta:
        """Return how late an issue may go out by itself."""
        return timedelta(minutes=minutes_of(self.late_after) or 0)


def theme_faults(theme: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """Say which colours of a theme, as it stands in the file, cannot be read on which, and by which keys."""
    for key, usual in (("colors", LIGHT), ("dark_colors", DARK)):
        chosen = theme.get(key)
        if not isinstance(chosen, dict) or not all(is_colour(value) for value in chosen.values()):
            continue  # what is no colour is told as that
        for text, behind, found in unreadable_pairs({**usual, **chosen}):
            said = (
                f"{text} on {behind} has a contrast of {found:.1f}; from {LEAST_CONTRAST} on it can be read"
            )
            yield (key, text if text in chosen else behind), said
