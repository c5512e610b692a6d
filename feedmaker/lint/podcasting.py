"""The tags of Podcasting 2.0 (podcastindex.org/namespace/1.0). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from lxml import etree

from feedmaker.lint import common, prose
from feedmaker.lint.addresses import is_absolute, is_secure
from feedmaker.lint.apple import is_podcast
from feedmaker.lint.documents import PODCAST, Document, children, named, podcast
from feedmaker.lint.findings import Problem, Problems, parse_rules, shown, words
from feedmaker.text import nearest

RULES = parse_rules(
    """
    podcast-guid-missing warning 15 PSP-1; Podcasting 2.0, guid
        A podcast has a podcast:guid, by which it is known when it moves.
        add the UUIDv5 of the feed's address and never change it
    podcast-guid-form error 15 Podcasting 2.0, guid
        A podcast:guid is a UUID.
        write the UUIDv5 of the feed's first address
    locked-missing warning 15 PSP-1; Podcasting 2.0, locked
        A podcast has podcast:locked, which keeps others from taking it over.
        add <podcast:locked>yes</podcast:locked>
    locked-value error 15 Podcasting 2.0, locked
        The value of podcast:locked is yes or no.
        write yes or no
    medium-value error 15 Podcasting 2.0, medium
        The medium is one of the list, in lower case, with an L behind it for a list.
        write podcast, or what the feed is
    podcast-tag-unknown warning 15 Podcasting 2.0
        A tag of podcast: is one that the namespace has, spelt as it is there.
        correct its name
    podcast-wrong-parent error 15,16,17 Podcasting 2.0
        A tag of podcast: stands where the namespace puts it.
        move it
    podcast-repeated error 15,16 Podcasting 2.0
        What the namespace allows once stands once.
        keep one of the tags
    podcast-url-insecure warning 15 Podcasting 2.0, 1.0.md
        Addresses in podcast: tags are https.
        serve the file over https
    chapters-attribute error 16 Podcasting 2.0, chapters
        The tag podcast:chapters has url and type.
        write <podcast:chapters url="..." type="application/json+chapters"/>
    chapters-type error 16 Podcasting 2.0, chapters
        The type of chapters is application/json+chapters.
        write that type
    transcript-attribute error 16 Podcasting 2.0, transcript
        The tag podcast:transcript has url and type.
        write <podcast:transcript url="..." type="text/vtt"/>
    transcript-type error 16 Podcasting 2.0, transcript; PSP-1
        A transcript is text/vtt, application/x-subrip, text/html or application/json.
        write one of these types
    transcript-order warning 16 PSP-1; Apple, transcripts
        Of several transcripts the one in text/vtt stands first.
        put it first
    soundbite-attribute error 17 Podcasting 2.0, soundbite
        A soundbite has startTime and duration in seconds, with a point before fractions.
        write them as in startTime="73.0" duration="60.0"
    soundbite-title warning 17 Podcasting 2.0, soundbite; known readers
        A soundbite has a title; without one it is of no use.
        write the title between the tags
    podcast-text-missing error 17 Podcasting 2.0, person, location, funding, txt
        A person, a place and a note hold a text, and so does a link for support.
        write it between the tags
    podcast-attribute error 17 Podcasting 2.0
        A tag has the attributes that it needs.
        add the attribute
    podcast-text-too-long warning 17 Podcasting 2.0, person, funding, txt, location
        A text has at most 128 characters, that of podcast:txt at most 4,000.
        shorten it
    license-empty error 17 Podcasting 2.0, license
        A license is an identifier, or a text of one's own with url.
        write an identifier such as cc-by-4.0
    location-form error 17 Podcasting 2.0, location
        The place of a location is geo:latitude,longitude, its OpenStreetMap object N, W or R and a number.
        write them as in geo="geo:52.5,13.4" osm="R62422"
    podcast-number error 16 Podcasting 2.0, season, episode
        A season is a whole number, an episode a number that may have a point.
        write digits
    """
)
_CHANNEL = words("guid locked medium updateFrequency podping block trailer liveItem podroll publisher")
_ITEM = words("chapters transcript soundbite season episode alternateEnclosure contentLink")
_BOTH = words("person funding location license socialInteract txt image images value chat")
_INNER = words("valueRecipient valueTimeSplit source integrity remoteItem metaBoost")
_ALL = _CHANNEL | _ITEM | _BOTH | _INNER
_ONCE = words("guid locked medium updateFrequency podping chapters season episode license images")
_MEDIA = words("podcast music video film audiobook newsletter blog publisher course")
_TRANSCRIPTS = words(
    "text/vtt application/x-subrip application/srt text/srt text/html application/json text/plain"
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_GEO = re.compile(r"geo:-?\d{1,3}(\.\d+)?,-?\d{1,3}(\.\d+)?(,-?\d+(\.\d+)?)?(;.*)?", re.ASCII)
_OSM = re.compile(r"[NWR]\d+(#\d+)?", re.ASCII)
_LIMITS = {"txt": 4000, **dict.fromkeys(("person", "funding", "location", "soundbite", "season"), 128)}
_TEXT_REQUIRED = frozenset({"person", "location", "funding", "txt", "contentLink"})
_REQUIRED = {
    "funding": ("url",),
    "image": ("href",),
    "contentLink": ("href",),
    "podping": ("usesPodping",),
    "trailer": ("url", "pubdate"),
    "alternateEnclosure": ("type",),
    "images": ("srcset",),
}
_ADDRESSES = ("url", "href", "uri", "img")


def problems(document: Document) -> Problems:
    """Report what is wrong with the podcast: tags of an RSS document."""
    for element in document.root.iter(f"{{{PODCAST}}}*"):
        yield from _tag_problems(element)
    for channel in document.root.findall("channel"):
        for parent in (channel, *channel.findall("item")):
            yield from _repeated(parent)
            yield from _order_problems(parent)
        if is_podcast(channel):
            for name in ("guid", "locked"):
                if channel.find(podcast(name)) is None:
                    code = "podcast-guid-missing" if name == "guid" else "locked-missing"
                    yield Problem(code, f"the podcast has no podcast:{name}", channel)


def _tag_problems(element: etree._Element) -> Problems:
    name, parent = etree.QName(element).localname, element.getparent()
    if name not in _ALL:
        yield Problem("podcast-tag-unknown", f"there is no {named(element)} ({nearest(name, _ALL)})", element)
    elif not _is_at_home(name, parent):
        where = "the root" if parent is None else named(parent)
        yield Problem("podcast-wrong-parent", f"{named(element)} does not stand in {where}", element)
    else:
        yield from _shared_problems(element, name)
        check = _CHECKS.get(name)
        if check is not None:
            yield from check(element, (element.text or "").strip())


def _is_at_home(name: str, parent: etree._Element | None) -> bool:
    inside = "" if parent is None else str(parent.tag)
    if inside.startswith(f"{{{PODCAST}}}"):
        return name not in _CHANNEL or name == "guid"
    if name in _INNER:
        return inside == "channel" and name == "remoteItem"
    return (inside == "channel" and name not in _ITEM) or (inside == "item" and name not in _CHANNEL)


def _shared_problems(element: etree._Element, name: str) -> Problems:
    text = (element.text or "").strip()
    yield from prose.space_problems(element)
    if name in _TEXT_REQUIRED and not text:
        yield Problem("podcast-text-missing", f"{named(element)} is empty", element)
    if len(text) > _LIMITS.get(name, len(text)):
        yield Problem("podcast-text-too-long", f"{named(element)} has {len(text):,} characters", element)
    if len(element.get("purpose", "")) > 128:
        yield Problem("podcast-text-too-long", f"the purpose of {named(element)} is too long", element)
    for attribute in _REQUIRED.get(name, ()):
        if not element.get(attribute):
            yield Problem("podcast-attribute", f"{named(element)} has no {attribute}", element)
    for attribute in _ADDRESSES:
        value = element.get(attribute, "")
        if value and not is_absolute(value):
            yield from common.address_problems(value, f"{attribute} of {named(element)}", element)
        elif not is_secure(value):
            yield Problem("podcast-url-insecure", f"{named(element)} has the address {shown(value)}", element)


def _guid(element: etree._Element, text: str) -> Problems:
    if not _UUID.fullmatch(text):
        yield Problem("podcast-guid-form", f"podcast:guid is {shown(text)}", element)


def _locked(element: etree._Element, text: str) -> Problems:
    if text not in ("yes", "no"):
        yield Problem("locked-value", f"podcast:locked is {shown(text)}", element)


def _medium(element: etree._Element, text: str) -> Problems:
    if text.removesuffix("L") not in _MEDIA and text != "mixed":
        yield Problem("medium-value", f"podcast:medium is {shown(text)} ({nearest(text, _MEDIA)})", element)


def _chapters(element: etree._Element, _text: str) -> Problems:
    for name in ("url", "type"):
        if not element.get(name):
            yield Problem("chapters-attribute", f"podcast:chapters has no {name}", element)
    kind = element.get("type")
    if kind and kind not in ("application/json+chapters", "application/json"):
        yield Problem("chapters-type", f"the type of the chapters is {shown(kind)}", element)


def _transcript(element: etree._Element, _text: str) -> Problems:
    for name in ("url", "type"):
        if not element.get(name):
            yield Problem("transcript-attribute", f"podcast:transcript has no {name}", element)
    kind = element.get("type")
    if kind and kind not in _TRANSCRIPTS:
        yield Problem("transcript-type", f"the type of the transcript is {shown(kind)}", element)


def _soundbite(element: etree._Element, text: str) -> Problems:
    for name in ("startTime", "duration"):
        value = element.get(name, "")
        if not _DECIMAL.fullmatch(value):
            yield Problem("soundbite-attribute", f"{name} of the soundbite is {shown(value)}", element)
    if not text:
        yield Problem("soundbite-title", "the soundbite has no title", element)


def _license(element: etree._Element, text: str) -> Problems:
    if not text:
        yield Problem("license-empty", "podcast:license is empty", element)


def _location(element: etree._Element, _text: str) -> Problems:
    for name, form in (("geo", _GEO), ("osm", _OSM)):
        value = element.get(name)
        if value is not None and not form.fullmatch(value):
            yield Problem("location-form", f"{name} of the location is {shown(value)}", element)


def _social_interact(element: etree._Element, _text: str) -> Problems:
    protocol = element.get("protocol")
    if not protocol:
        yield Problem("podcast-attribute", "podcast:socialInteract has no protocol", element)
    elif protocol != "disabled" and not element.get("uri"):
        yield Problem("podcast-attribute", "podcast:socialInteract has no uri", element)


def _number(element: etree._Element, text: str) -> Problems:
    is_season = etree.QName(element).localname == "season"
    if not (_DECIMAL.fullmatch(text) and not (is_season and "." in text)):
        yield Problem("podcast-number", f"{named(element)} is {shown(text)}", element)


_CHECKS: Mapping[str, Callable[[etree._Element, str], Problems]] = {
    "guid": _guid,
    "locked": _locked,
    "medium": _medium,
    "chapters": _chapters,
    "transcript": _transcript,
    "soundbite": _soundbite,
    "license": _license,
    "location": _location,
    "socialInteract": _social_interact,
    "season": _number,
    "episode": _number,
}


def _repeated(parent: etree._Element) -> Problems:
    seen = set()
    for child in children(parent, PODCAST):
        name = etree.QName(child).localname
        if name in seen and name in _ONCE:
            yield Problem("podcast-repeated", f"{named(child)} stands here twice", child)
        seen.add(name)


def _order_problems(parent: etree._Element) -> Problems:
    kinds = [transcript.get("type") for transcript in parent.findall(podcast("transcript"))]
    if "text/vtt" in kinds[1:] and kinds[0] != "text/vtt":
        first = parent.find(podcast("transcript"))
        if first is not None:
            yield Problem("transcript-order", f"the first transcript is {shown(kinds[0])}", first)
