"""What Apple Podcasts and PSP-1 ask of a podcast, and of the itunes: tags in any feed. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml import etree

from feedmaker.categories import CATEGORIES, nearest_category
from feedmaker.lint import common, prose
from feedmaker.lint.addresses import has_extension, is_absolute
from feedmaker.lint.documents import (
    ATOM,
    ITUNES,
    PODCAST,
    Document,
    children,
    itunes,
    named,
    podcast,
    text_of,
)
from feedmaker.lint.findings import Problem, Problems, parse_rules, shown, words
from feedmaker.text import nearest

RULES = parse_rules(
    """
    itunes-image-missing error 14 Apple, podcast requirements; PSP-1
        A podcast has itunes:image, a square picture of 1400 to 3000 pixels.
        add <itunes:image href="..."/> to the channel
    itunes-image-form error 14 Apple, podcast requirements
        The attribute href of itunes:image is the address of a JPEG or PNG file.
        write <itunes:image href="https://.../cover.jpg"/>
    category-missing error 14 Apple, podcast requirements; PSP-1
        A podcast has an itunes:category.
        add <itunes:category text="..."/> to the channel
    category-unknown error 14 Apple, categories
        A category is one of Apple's, in its exact case.
        take one from Apple's list
    category-as-text error 14 Apple, podcast requirements
        The name of a category stands in the attribute text.
        write <itunes:category text="..."/>
    explicit-missing error 14 Apple, podcast requirements; PSP-1
        A podcast says whether it is explicit.
        add <itunes:explicit>false</itunes:explicit> to the channel
    explicit-value error 14 Apple, podcast requirements
        The value of itunes:explicit is true or false; yes, no and clean are gone.
        write true or false
    show-type error 14 Apple, podcast requirements
        The type of a show is episodic or serial.
        write episodic or serial
    episode-type error 14 Apple, podcast requirements
        The type of an episode is full, trailer or bonus.
        write full, trailer or bonus
    episode-number error 14 Apple, podcast requirements
        The numbers of episodes and seasons are whole and not 0.
        write a number from 1
    episode-number-missing warning 14 Apple, podcast requirements
        Every full episode of a serial show has a number.
        add itunes:episode
    duration-form error 14 Apple, podcast requirements
        A duration is a number of seconds.
        write the seconds, such as 5100
    duration-not-seconds warning 14 Apple, podcast requirements
        A duration is best written in seconds alone.
        write the seconds, such as 5100
    yes-value warning 14 Apple, podcast requirements
        The only value of itunes:block and itunes:complete that does anything is Yes.
        write Yes, or leave the tag out
    item-title-missing error 14 Apple, podcast requirements; PSP-1
        Every episode of a podcast has a title.
        add a title
    itunes-outdated warning 14 Apple, podcast requirements
        The tags itunes:summary, itunes:subtitle and itunes:keywords are read no more.
        leave the tag out; the description says it
    itunes-unknown error 14 Apple, podcast requirements
        A tag of itunes: is one that Apple has, spelt as Apple does.
        correct its name
    itunes-wrong-parent error 14 Apple, podcast requirements
        A tag of itunes: stands in the channel or in an item, as Apple has it.
        put it there
    itunes-repeated error 14 Apple, podcast requirements
        What a channel or an item says once, it says once.
        keep one of the tags
    itunes-too-long warning 14 Apple, podcast requirements
        A value has at most 255 characters.
        shorten it
    new-feed-url error 23 Apple, podcast requirements
        The new address of a feed that moves is absolute.
        write the full address of the new feed
    namespace-missing warning 15 PSP-1
        A podcast declares the namespaces atom, itunes and podcast on rss.
        declare it there
    item-without-enclosure warning 18 Apple, podcast requirements; Podcast Index
        Every item of a podcast has a recording; podcast programs do not show one without.
        add the recording, or offer a feed of notes beside the podcast
    enclosure-extension warning 9 Apple, podcast requirements
        The address of a recording ends like a media file.
        give the file an ending such as .mp3
    enclosure-type-unusual warning 14 Apple, podcast requirements
        A recording is of a type that Apple plays.
        write audio/mpeg, audio/x-m4a, video/mp4, video/x-m4v, video/quicktime or application/pdf
    """
)
_CHANNEL = words(
    "author applepodcastsverify block category complete explicit image keywords new-feed-url owner subtitle "
    "summary title type"
)
_ITEM = words(
    "author block duration episode episodeType explicit image isClosedCaptioned keywords order season "
    "subtitle summary title"
)
_INSIDE = {"owner": frozenset({"name", "email"}), "category": frozenset({"category"})}
_OUTDATED = frozenset({"summary", "subtitle", "keywords"})
_VALUES = {
    "explicit": ("explicit-value", ("true", "false")),
    "type": ("show-type", ("episodic", "serial")),
    "episodeType": ("episode-type", ("full", "trailer", "bonus")),
    **dict.fromkeys(("block", "complete"), ("yes-value", ("Yes",))),
}
_TYPES = words(
    "audio/x-m4a audio/m4a audio/mp4 audio/mpeg video/quicktime video/mp4 video/x-m4v application/pdf"
)
_CLOCK = re.compile(r"(\d{1,3}:)?\d{1,2}:\d{2}", re.ASCII)
_LONGEST = 255


def is_podcast(channel: etree._Element) -> bool:
    """Tell a podcast from a feed of notes: it calls itself one, or has recordings and tags of Apple's."""
    medium = text_of(channel, podcast("medium"))
    if medium is not None:
        return medium == "podcast"
    has_recordings = channel.find("item/enclosure") is not None
    return has_recordings and next(channel.iter(f"{{{ITUNES}}}*"), None) is not None


def problems(document: Document) -> Problems:
    """Report what is wrong with the itunes: tags of an RSS document, and with a podcast as such."""
    root = document.root
    for element in root.iter(f"{{{ITUNES}}}*"):
        yield from _tag_problems(element)
    for channel in root.findall("channel"):
        yield from _repeated(channel)
        for item in channel.findall("item"):
            yield from _repeated(item)
        if is_podcast(channel):
            yield from _podcast_problems(root, channel)


def _tag_problems(element: etree._Element) -> Problems:
    name, parent = etree.QName(element).localname, element.getparent()
    inside = "" if parent is None else str(parent.tag)
    allowed = {"channel": _CHANNEL, "item": _ITEM}.get(inside)
    if allowed is None and parent is not None and etree.QName(parent).namespace == ITUNES:
        allowed = _INSIDE.get(etree.QName(parent).localname)
    everything = _CHANNEL | _ITEM | {"name", "email"}
    if name not in everything:
        yield Problem(
            "itunes-unknown", f"there is no {named(element)} ({nearest(name, everything)})", element
        )
    elif allowed is not None and name not in allowed:
        yield Problem(
            "itunes-wrong-parent", f"{named(element)} does not stand in <{shown(inside)[1:-1]}>", element
        )
    elif allowed is None and not inside.startswith(f"{{{PODCAST}}}"):
        yield Problem("itunes-wrong-parent", f"{named(element)} stands outside of channel and item", element)
    else:
        yield from _value_problems(element, name)


def _value_problems(element: etree._Element, name: str) -> Problems:
    text = (element.text or "").strip()
    yield from prose.space_problems(element)
    code, values = _VALUES.get(name, ("", ()))
    if values and text not in values:
        yield Problem(code, f"{named(element)} is {shown(text)}", element)
    if name in _OUTDATED:
        yield Problem("itunes-outdated", f"the feed has {named(element)}", element)
    elif len(text) > _LONGEST:
        yield Problem("itunes-too-long", f"{named(element)} has {len(text)} characters", element)
    if name in ("episode", "season") and not re.fullmatch("0*[1-9][0-9]{0,8}", text):
        yield Problem("episode-number", f"{named(element)} is {shown(text)}", element)
    if name == "duration":
        yield from _duration_problems(element, text)
    elif name == "image":
        yield from _image_problems(element)
    elif name == "category":
        yield from _category_problems(element, text)
    elif name == "new-feed-url" and not is_absolute(text):
        yield Problem("new-feed-url", f"the new address is {shown(text)}", element)


def _duration_problems(element: etree._Element, text: str) -> Problems:
    if _CLOCK.fullmatch(text):
        yield Problem("duration-not-seconds", f"the duration is {shown(text)}", element)
    elif not (text.isascii() and text.isdigit()):
        yield Problem("duration-form", f"the duration is {shown(text)}", element)


def _image_problems(element: etree._Element) -> Problems:
    href = element.get("href", "")
    path = urlsplit(href).path.lower() if is_absolute(href) else ""
    if not path.endswith((".jpg", ".jpeg", ".png")):
        yield Problem("itunes-image-form", f"the address of the image is {shown(href)}", element)


def _category_problems(element: etree._Element, text: str) -> Problems:
    name, parent = element.get("text"), element.getparent()
    if name is None:
        yield Problem("category-as-text", f"the category {shown(text)} has no attribute text", element)
        return
    above = parent.get("text", "") if parent is not None and parent.tag == element.tag else None
    if above is not None and above not in CATEGORIES:
        return
    known = CATEGORIES if above is None else CATEGORIES[above]
    if name not in known:
        meant = nearest_category(name, above)
        hint = f'; did you mean "{meant}"?' if meant else ""
        yield Problem("category-unknown", f"the category is {shown(name)}{hint}", element)


def _repeated(parent: etree._Element) -> Problems:
    seen = set()
    for child in children(parent, ITUNES):
        name = etree.QName(child).localname
        if name in seen and name != "category":
            yield Problem("itunes-repeated", f"{named(child)} stands here twice", child)
        seen.add(name)


def _podcast_problems(root: etree._Element, channel: etree._Element) -> Problems:
    for name, code in (("image", "itunes-image-missing"), ("category", "category-missing")):
        if channel.find(itunes(name)) is None:
            yield Problem(code, f"the podcast has no itunes:{name}", channel)
    if channel.find(itunes("explicit")) is None:
        yield Problem("explicit-missing", "the podcast has no itunes:explicit", channel)
    for prefix, namespace in (("atom", ATOM), ("itunes", ITUNES), ("podcast", PODCAST)):
        if namespace not in root.nsmap.values():
            yield Problem("namespace-missing", f"rss does not declare the namespace {prefix}", root)
    items = channel.findall("item")
    is_serial = text_of(channel, itunes("type")) == "serial"
    for item in items:
        yield from _episode_problems(item, is_serial=is_serial)
    enclosures = [each for item in items for each in item.findall("enclosure")[:1]]
    yield from common.repeated_recordings((each.get("url", ""), each) for each in enclosures)


def _episode_problems(item: etree._Element, *, is_serial: bool) -> Problems:
    if not text_of(item, "title") and text_of(item, "description"):
        yield Problem("item-title-missing", "an episode has no title", item)
    is_full = (text_of(item, itunes("episodeType")) or "full") == "full"
    if is_serial and is_full and item.find(itunes("episode")) is None:
        yield Problem("episode-number-missing", "an episode of a serial show has no number", item)
    enclosure = item.find("enclosure")
    if enclosure is None:
        yield Problem("item-without-enclosure", "an item of a podcast has no enclosure", item)
        return
    url, media_type = enclosure.get("url", ""), enclosure.get("type", "")
    if is_absolute(url) and not has_extension(url):
        yield Problem("enclosure-extension", f"the recording is {shown(url)}", enclosure)
    if "/" in media_type and media_type not in _TYPES:
        yield Problem("enclosure-type-unusual", f"the type is {shown(media_type)}", enclosure)
