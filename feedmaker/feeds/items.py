"""Episodes, recommendations and issues → the items of feeds. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from feedmaker.catalogue import Mention
from feedmaker.config import Site
from feedmaker.content import Content, notices_html
from feedmaker.feeds.data import ABOUT, EndorsementData, MentionData, episode_data, recommendation_data
from feedmaker.feeds.feed import Item
from feedmaker.feeds.podcast import Broadcast
from feedmaker.merchants import BuyLink
from feedmaker.model import Publication, Recommendation
from feedmaker.sent import SentIssue, summary_html
from feedmaker.text import escape, escape_attribute, shorten

SUMMARY_LIMIT = 500


def episode_item(
    site: Site, publication: Publication, content: Content, broadcast: Broadcast | None = None
) -> Item:
    """Make the item of an episode; `broadcast` is what a podcast feed says besides."""
    episode = publication.episode
    return Item(
        id=publication.id,
        url=publication.url,
        title=episode.title,
        summary=content.summary,
        html="\n".join(filter(None, (f"<p>{escape(content.facts)}</p>", content.html))),
        published=publication.published,
        updated=publication.updated,
        authors=(site.author,),
        tags=episode.tags,
        language=episode.language or site.language,
        image=episode.image,
        enclosure=episode.audio,
        duration=episode.duration,
        links=content.links,
        data=episode_data(episode, content.links),
        broadcast=broadcast,
    )


def recommendation_items(
    site: Site,
    publication: Publication,
    content: Content,
    keys: Sequence[str],
    earlier: Sequence[Sequence[Mention]],
    medium: str | None,
) -> Iterator[Item]:
    """Make the items of an episode's recommendations, or of those of one medium.

    `keys` tell them apart within the episode; `earlier` has, for each, the episodes published before this
    one that recommend the same thing, or is empty.
    """
    episode = publication.episode
    nowhere: Sequence[Sequence[Mention]] = [()] * len(keys)
    rows = zip(episode.recommendations, content.cards, content.links, keys, earlier or nowhere, strict=True)
    for number, (item, card, link, key, before) in enumerate(rows):
        if medium in (None, item.medium):
            address = f"{publication.url}#{key}"
            # Entries that share a time of change look like one to validators, and RSS has no such time.
            updated = publication.updated + timedelta(microseconds=number)
            yield Item(
                id=recommendation_id(publication.id, key),
                url=address,
                title=_title(item),
                summary=_summary(item, publication),
                html=_html(publication, content, card, link, address, before),
                published=publication.published,
                updated=updated,
                authors=(site.author,),
                tags=(item.medium,),
                language=episode.language or site.language,
                image=episode.image,
                enclosure=None,
                duration=None,
                links=(link,),
                endorsement=_endorsement(item, link, publication, before),
            )


def recommendation_id(episode: str, key: str) -> str:
    """Name a recommendation by its episode's id; an IRI has room for one fragment."""
    return f"{episode}{'/' if '#' in episode else '#'}{key}"


def issue_item(site: Site, issue: SentIssue) -> Item:
    """Make the item of an issue that went out."""
    return Item(
        id=issue.id,
        url=f"{site.address}{issue.place}",
        title=issue.subject,
        summary=issue.preheader or issue.subject,
        html=summary_html(issue),
        published=issue.sent_at,
        updated=issue.sent_at,
        authors=(site.author,),
        tags=(),
        language=issue.language,
        image=None,
        enclosure=None,
        duration=None,
        links=(),
    )


def _title(item: Recommendation) -> str:
    stated = item.creator if not item.creator_inferred else None
    return f"{item.name} by {stated}" if stated else item.name


def _summary(item: Recommendation, publication: Publication) -> str:
    where = f"Recommended in {publication.episode.title}."
    return shorten(f"“{item.quote.text}” {where}" if item.quote else where, SUMMARY_LIMIT)


def _html(
    publication: Publication,
    content: Content,
    card: str,
    link: BuyLink | None,
    address: str,
    earlier: Sequence[Mention],
) -> str:
    """Write a card without its heading, which is the item's title, and where it comes from."""
    title = escape(publication.episode.title)
    where = f'<p>From <a href="{escape_attribute(address)}">{title}</a> ({escape(content.facts)})</p>'
    also = "\n".join(f"<li>{_mention(mention)}</li>" for mention in reversed(earlier))
    lines = (
        notices_html([link]),
        card.partition("\n")[2],
        where,
        f"<p>Also recommended</p>\n<ul>\n{also}\n</ul>" if also else "",
    )
    return "\n".join(filter(None, lines))


def _mention(mention: Mention) -> str:
    speaker = f"by {escape(mention.named.speaker)} " if mention.named.speaker else ""
    address = escape_attribute(f"{mention.note.address}#{mention.key}")
    return f'{speaker}in <a href="{address}">{escape(mention.note.title)}</a>'


def _endorsement(
    item: Recommendation, link: BuyLink | None, publication: Publication, earlier: Sequence[Mention]
) -> EndorsementData:
    episode = publication.episode
    source: MentionData = {
        "url": publication.url,
        "title": episode.title,
        "show": episode.show,
        "aired": episode.aired.isoformat(),
    }
    data: EndorsementData = {
        "about": ABOUT,
        "recommendation": recommendation_data(item, link),
        "episode": source,
    }
    if earlier:
        data["also"] = [_mention_data(mention) for mention in reversed(earlier)]
    return data


def _mention_data(mention: Mention) -> MentionData:
    note = mention.note
    data: MentionData = {
        "url": f"{note.address}#{mention.key}",
        "title": note.title,
        "show": note.show,
        "aired": note.aired.isoformat(),
    }
    if mention.named.speaker:
        data["speaker"] = mention.named.speaker
    return data
