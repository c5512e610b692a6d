"""RSS 2.0 by its specification and by the Best Practices Profile of the RSS Advisory Board. Pure."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime

from lxml import etree

from feedmaker.lint import common, prose
from feedmaker.lint.addresses import is_web
from feedmaker.lint.dates import date_problems, read_rfc822
from feedmaker.lint.documents import (
    ATOM_LINK,
    DC,
    ENCODED,
    SLASH,
    XML,
    Document,
    children,
    itunes,
    links,
    named,
    text_of,
)
from feedmaker.lint.findings import Problem, Problems, parse_rules, shown, words
from feedmaker.lint.html import html_problems
from feedmaker.text import nearest

RULES = parse_rules(
    """
    rss-version error 6 RSS 2.0
        The rss element has version="2.0".
        write version="2.0"
    rss-channel error 6 RSS 2.0
        An RSS document has one channel, and all items are in it.
        put everything into one channel
    channel-element-missing error 6 RSS 2.0, required channel elements
        A channel has title, link and description, and none of them is empty.
        add it
    element-repeated error 2 RSS 2.0; RSS Profile
        What can stand once in a channel or an item stands there once.
        keep one of them
    unknown-element error 2 RSS 2.0, extending RSS; RFC 4287, 6
        An element is one that its format has, spelt as the format does, or has a namespace of its own.
        correct its name, or give it a namespace
    item-misplaced warning 2 RSS Profile; W3C feed validator, MisplacedItem
        The items stand behind everything else in the channel.
        put the items last
    last-build-date-missing warning 6 RSS Profile, lastBuildDate
        A channel says when its contents last changed.
        add lastBuildDate, with the newest time of all items
    self-link-type warning 6,7,19 RSS Profile, atom:link
        The link of a feed to itself names the media type of the feed.
        write application/rss+xml in RSS and application/atom+xml in Atom
    image-incomplete error 6 RSS 2.0, image
        A channel's image has url, title and link.
        add what is missing
    image-differs warning 6 RSS Profile, image
        Title and link of a channel's image are those of the channel.
        write the channel's
    image-size error 6 RSS 2.0, image
        The image of a channel is at most 144 pixels wide and 400 high.
        give the size of a smaller picture, or leave the size out
    rss-attribute error 2 RSS 2.0, cloud, source
        A cloud has domain, port, path, registerProcedure and protocol, a source has url.
        add the attribute
    skip-hours error 2 RSS 2.0, skipHours, skipDays
        Hours to skip are numbers from 0 to 23, days to skip are English weekdays, and none stands twice.
        correct the value, or leave the element out
    ttl error 2 RSS 2.0, ttl
        The time to live is a number of minutes.
        write digits alone, or leave the element out, which few readers obey
    text-input warning 2 RSS Profile, textInput
        A channel has no textInput, which readers ignore.
        leave it out
    comments-without-date warning 2 W3C feed validator, NoLastBuildDate
        A channel whose items count comments says when it was built.
        add lastBuildDate
    item-empty error 2 RSS 2.0, item
        An item has a title or a description.
        add either
    guid-missing warning 3 RSS Profile, guid; Apple, podcast requirements
        Every item has a guid, by which readers know what is new.
        give the item a guid that never changes
    guid-empty error 3 RSS 2.0, guid
        A guid is a text.
        write the id into it
    guid-permalink-value error 3 RSS 2.0, guid
        The attribute isPermaLink is true or false.
        write isPermaLink="false" unless the guid is the page's address
    guid-no-permalink error 3 RSS 2.0, guid
        A guid without isPermaLink="false" is the address of the item's page.
        add isPermaLink="false"
    guid-other-page warning 3 RSS 2.0, guid
        A guid that is a permalink is the address that the item links to.
        add isPermaLink="false", or correct the link
    author-without-mail error 13 RSS 2.0, author, managingEditor, webMaster
        A person in RSS is an e-mail address.
        write jane@example.org (Jane Doe), or use dc:creator for a name without an address
    mail-without-name warning 13 RSS Profile, author; W3C feed validator, MissingRealName
        An e-mail address in RSS has the person's name behind it.
        write jane@example.org (Jane Doe)
    enclosure-attribute error 9 RSS 2.0, enclosure
        An enclosure has url, length and type.
        add the attribute; a length that is not known is 0
    enclosure-several warning 9 RSS Profile, enclosure
        An item has one enclosure, for readers take any one of several.
        keep one, and link to the others
    enclosure-url error 9 RSS 2.0, enclosure; RSS Profile
        The address of an enclosure is http or https.
        write the full address of the recording
    content-before-description warning 10 RSS Profile, content:encoded; W3C feed validator
        The description stands before content:encoded, for some readers show the last of the two as summary.
        put the description first
    description-too-long warning 10 Apple, podcast requirements; PSP-1
        A description has at most 4,000 bytes.
        shorten it; the full text belongs into content:encoded
    content-misplaced error 10 content module, content:encoded
        The element content:encoded stands in an item.
        put it into the item that it belongs to
    """
)
_CHANNEL = words(
    "title link description language copyright managingEditor webMaster pubDate lastBuildDate category "
    "generator docs cloud ttl image rating textInput skipHours skipDays item"
)
_ITEM = words("title link description author category comments enclosure guid pubDate source")
_MANY = frozenset({"category", "item", "enclosure"})
_PLAIN = ("title", "category", "copyright", "generator")
_TIGHT = ("link", "guid", "pubDate", "lastBuildDate", "language")
_DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_CLOUD = ("domain", "port", "path", "registerProcedure", "protocol")
_MAIL = re.compile(r"[^\s@()<>]+@[^\s@()<>]+")
_MAIL_AND_NAME = re.compile(r"[^\s@()<>]+@[^\s@()<>]+ \(.*[^\s()].*\)")
_CREATOR = f"{{{DC}}}creator"
_MEDIA_TYPES = ("application/rss+xml",)
_LONGEST_DESCRIPTION = 4000


def problems(document: Document) -> Problems:
    """Report what is wrong with an RSS document."""
    root = document.root
    if root.get("version") != "2.0":
        yield Problem("rss-version", f"the version is {shown(root.get('version', ''))}", root)
    channels = root.findall("channel")
    if len(channels) != 1 or len(list(children(root))) != 1:
        outside = len(list(children(root))) - len(channels)
        what = f"there are {len(channels)} channels and {outside} elements beside them"
        yield Problem("rss-channel", what, root)
    for channel in channels[:1]:
        yield from _channel_problems(document, channel)
    for content in root.iter(ENCODED):
        parent = content.getparent()
        if parent is None or parent.tag != "item":
            yield Problem("content-misplaced", "content:encoded stands outside of an item", content)


def _channel_problems(document: Document, channel: etree._Element) -> Problems:
    items = channel.findall("item")
    yield from _required(channel)
    yield from _structure(channel, _CHANNEL)
    yield from _texts(document, channel)
    yield from _channel_links(document, channel)
    yield from _channel_dates(channel, items)
    yield from _image_problems(channel)
    yield from _small_elements(channel)
    for name in ("managingEditor", "webMaster"):
        for person in channel.findall(name):
            yield from _person_problems(person)
    guids = [guid for item in items for guid in item.findall("guid")[:1]]
    yield from common.repeated_ids((guid.text.strip(), guid) for guid in guids if guid.text)
    for item in items:
        yield from _item_problems(document, item)


def _required(channel: etree._Element) -> Problems:
    for name in ("title", "link", "description"):
        if not text_of(channel, name):
            yield Problem("channel-element-missing", f"the channel has no {name}", channel)
    language = channel.find("language")
    if language is None:
        yield Problem("language-missing", "the channel has no language", channel)
    else:
        yield from common.language_problems((language.text or "").strip(), language)


def _structure(parent: etree._Element, known: frozenset[str]) -> Problems:
    """Report elements that are unknown, repeated or behind the items."""
    counts: Counter[str] = Counter()
    for child in children(parent):
        name = str(child.tag)
        counts[name] += 1
        if name not in known:
            yield Problem(
                "unknown-element", f"RSS has no {named(child)} here ({nearest(name, known)})", child
            )
        elif counts[name] == 2 and name not in _MANY:
            yield Problem("element-repeated", f"{named(child)} stands here twice", child)
    first = next((child for child in parent.iterchildren("*") if child.tag == "item"), None)
    behind = [] if first is None else [each for each in first.itersiblings("*") if each.tag != "item"]
    if behind:
        yield Problem("item-misplaced", f"{named(behind[0])} stands behind an item", behind[0])


def _texts(document: Document, parent: etree._Element) -> Problems:
    for child in children(parent):
        if child.tag in _PLAIN:
            yield from prose.plain_problems(document, child, is_rss=True)
        if child.tag in _TIGHT or child.tag == "title":
            yield from prose.space_problems(child)
    yield from _html_fields(parent)
    for link in parent.findall("link"):
        if link.text and link.text.strip():
            yield from common.address_problems(link.text.strip(), "the link", link)
    for name in ("comments", "docs"):
        for element in parent.findall(name):
            if element.text and element.text.strip():
                yield from common.address_problems(element.text.strip(), f"the address in {name}", element)


def _html_fields(parent: etree._Element) -> Problems:
    if parent.tag != "item":
        return  # the description of a channel is plain text
    around = (parent, *parent.iterancestors())
    base = next(filter(None, (each.get(f"{{{XML}}}base") for each in around)), None)
    for name in ("description", ENCODED):
        for field in parent.findall(name):
            yield from prose.html_escaping_problems(field)
            yield from html_problems(field.text or "", field, base)


def _channel_links(document: Document, channel: etree._Element) -> Problems:
    own = links(channel, "self")
    if not own and not links(channel, "hub"):
        yield Problem("self-link-missing", "the channel has no atom:link with rel=self", channel)
    for link in own[:1]:
        yield from common.self_problems(link.get("href", ""), document.url, link)
    for link in own:
        if link.get("type") not in _MEDIA_TYPES:
            yield Problem("self-link-type", f"the type is {shown(link.get('type', ''))}", link)
    for link in own[1:]:
        yield Problem("element-repeated", "the channel links to itself twice", link)
    for link in channel.iter(ATOM_LINK):
        yield from common.address_problems(link.get("href", ""), "the address of the link", link)
    home = channel.find("link")
    addresses = {link.get("href") for link in own} | {document.url}
    if home is not None and home.text and home.text.strip() in addresses:
        yield Problem("home-is-feed", f"the channel links to {shown(home.text)}, its own address", home)


def _channel_dates(channel: etree._Element, items: list[etree._Element]) -> Problems:
    for name in ("pubDate", "lastBuildDate"):
        for element in channel.findall(name):
            yield from _date_problems(element)
    built = channel.find("lastBuildDate")
    if built is not None:
        moments = [_moment(item, "pubDate") for item in items]
        yield from common.order_problems(_moment(channel, "lastBuildDate"), moments, built)
        return
    counted = next(channel.iter(f"{{{SLASH}}}comments"), None)
    if counted is None:
        yield Problem("last-build-date-missing", "the channel has no lastBuildDate", channel)
    else:
        yield Problem("comments-without-date", "an item counts comments", counted)


def _moment(parent: etree._Element, name: str) -> datetime | None:
    return read_rfc822(text_of(parent, name) or "").moment


def _date_problems(element: etree._Element, now: datetime | None = None) -> Problems:
    text = (element.text or "").strip()
    yield from date_problems(read_rfc822(text), text, element, now)


def _image_problems(channel: etree._Element) -> Problems:
    for image in channel.findall("image"):
        texts = {name: text_of(image, name) for name in ("url", "title", "link")}
        for name, text in texts.items():
            if not text:
                yield Problem("image-incomplete", f"the image has no {name}", image)
            elif name == "title" and text != text_of(channel, name):
                yield Problem("image-differs", f"the image has the title {shown(text)}", image)
            elif name == "link" and text != text_of(channel, name):
                yield Problem("image-differs", f"the image links to {shown(text)}", image)
        if texts["url"]:
            yield from common.address_problems(texts["url"], "the address of the image", image)
        for name, most in (("width", 144), ("height", 400)):
            size = text_of(image, name)
            if size is not None and not (_is_number(size) and int(size) <= most):
                yield Problem("image-size", f"the {name} is {shown(size)}", image)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _small_elements(channel: etree._Element) -> Problems:
    for cloud in channel.findall("cloud"):
        for name in _CLOUD:
            if not cloud.get(name):
                yield Problem("rss-attribute", f"the cloud has no {name}", cloud)
    for ttl in channel.findall("ttl"):
        if not _is_number((ttl.text or "").strip()):
            yield Problem("ttl", f"the time to live is {shown(ttl.text or '')}", ttl)
    for text_input in channel.findall("textInput"):
        yield Problem("text-input", "the channel has a textInput", text_input)
    yield from _skip_problems(channel)


def _skip_problems(channel: etree._Element) -> Problems:
    hours = [(hour.text or "").strip() for hour in channel.iterfind("skipHours/hour")]
    days = [(day.text or "").strip() for day in channel.iterfind("skipDays/day")]
    wrong = [hour for hour in hours if not (_is_number(hour) and int(hour) <= 23)]
    wrong += [day for day in days if day not in _DAYS]
    wrong += [each for each, count in Counter(hours + days).items() if count > 1]
    for name in ("skipHours", "skipDays"):
        element = channel.find(name)
        if element is not None and wrong:
            yield Problem("skip-hours", f"{shown(wrong[0])} cannot be skipped", element)
            return


def _item_problems(document: Document, item: etree._Element) -> Problems:
    if not text_of(item, "title") and not text_of(item, "description"):
        yield Problem("item-empty", "an item has neither title nor description", item)
    yield from _structure(item, _ITEM)
    yield from _texts(document, item)
    yield from _content_problems(item)
    yield from _guid_problems(item)
    yield from _author_problems(item)
    for published in item.findall("pubDate"):
        yield from _date_problems(published, document.now)
    if item.find("pubDate") is None:
        yield Problem("date-missing", "an item has no pubDate", item)
    for enclosure in item.findall("enclosure"):
        yield from _enclosure_problems(enclosure)
    for enclosure in item.findall("enclosure")[1:]:
        yield Problem("enclosure-several", "an item has several enclosures", enclosure)
    for source in item.findall("source"):
        if not source.get("url"):
            yield Problem("rss-attribute", "the source has no url", source)


def _content_problems(item: etree._Element) -> Problems:
    description, content = item.find("description"), item.find(ENCODED)
    if description is None or not (description.text or "").strip():
        if text_of(item, "title"):
            yield Problem("summary-missing", "an item has no description", item)
    elif len((description.text or "").encode()) > _LONGEST_DESCRIPTION:
        what = f"the description has {len((description.text or '').encode()):,} bytes"
        yield Problem("description-too-long", what, description)
    if content is None:
        yield Problem("full-content-missing", "an item has no content:encoded", item)
    elif description is not None and item.index(content) < item.index(description):
        yield Problem("content-before-description", "content:encoded stands before the description", content)


def _guid_problems(item: etree._Element) -> Problems:
    guid, link = item.find("guid"), text_of(item, "link")
    if guid is None:
        yield Problem("guid-missing", "an item has no guid", item)
        return
    value, says = (guid.text or "").strip(), guid.get("isPermaLink", "true")
    if not value:
        yield Problem("guid-empty", "the guid is empty", guid)
    elif says not in ("true", "false"):
        yield Problem("guid-permalink-value", f"isPermaLink is {shown(says)}", guid)
    elif says == "true" and not is_web(value):
        yield Problem("guid-no-permalink", f"the guid {shown(value)} is taken for an address", guid)
    elif says == "true" and link and link != value:
        yield Problem("guid-other-page", f"the guid is {shown(value)}, the link {shown(link)}", guid)


def _author_problems(item: etree._Element) -> Problems:
    for author in item.findall("author"):
        yield from _person_problems(author)
    if not any(text_of(item, name) for name in ("author", _CREATOR, itunes("author"))):
        yield Problem("author-missing", "an item names no author", item)


def _person_problems(person: etree._Element) -> Problems:
    text = (person.text or "").strip()
    if _MAIL.fullmatch(text):
        yield Problem("mail-without-name", f"{named(person)} is {shown(text)}", person)
    elif not _MAIL_AND_NAME.fullmatch(text):
        yield Problem("author-without-mail", f"{named(person)} is {shown(text)}", person)


def _enclosure_problems(enclosure: etree._Element) -> Problems:
    for name in ("url", "length", "type"):
        if not enclosure.get(name):
            yield Problem("enclosure-attribute", f"the enclosure has no {name}", enclosure)
    url, length, media_type = (enclosure.get(name) for name in ("url", "length", "type"))
    if url and not is_web(url):
        yield Problem("enclosure-url", f"the address of the enclosure is {shown(url)}", enclosure)
    elif url:
        yield from common.characters_problems(url, enclosure)
    if length and not (length.isascii() and length.isdigit()):
        yield Problem("enclosure-length-form", f"the length is {shown(length)}", enclosure)
    if media_type:
        yield from common.media_type_problems(media_type, enclosure)
