"""The rules of JSON Feed 1.1 as a JSON Schema, closed: a member that neither it nor we name is an error."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string", "minLength": 1}
_ADDRESS = {"type": "string", "pattern": r"^https?://[!-~]+$"}
_TIME = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}
_DAY = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}
_COUNT = {"type": "integer", "minimum": 1}
_TRUTH = {"type": "boolean"}
_MEDIA_TYPE = {"type": "string", "pattern": r"^[a-z]+/[a-z0-9.+-]+$"}
_LANGUAGE = {"type": "string", "pattern": "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"}


def _object(required: str, **members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": members,
        "additionalProperties": False,
    }


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": 1}


_AUTHOR = _object("name", name=_TEXT, url=_ADDRESS, avatar=_ADDRESS)
_ATTACHMENT = _object(
    "url mime_type",
    url=_ADDRESS,
    mime_type=_MEDIA_TYPE,
    title=_TEXT,
    size_in_bytes=_COUNT,
    duration_in_seconds=_COUNT,
)
_HUB = _object("type url", type={"enum": ["WebSub", "rssCloud"]}, url=_ADDRESS)
_ITEM = _object(
    "id url title summary content_html date_published date_modified authors",
    id=_TEXT,
    url=_ADDRESS,
    external_url=_ADDRESS,
    title=_TEXT,
    content_html=_TEXT,
    content_text=_TEXT,
    summary=_TEXT,
    image=_ADDRESS,
    banner_image=_ADDRESS,
    date_published=_TIME,
    date_modified=_TIME,
    authors=_list(_AUTHOR),
    tags=_list(_TEXT),
    language=_LANGUAGE,
    attachments=_list(_ATTACHMENT),
)
# An item of ours is an episode or a recommendation, and its facts have one of these names.
_ITEM["oneOf"] = [{"required": ["_episode_notes"]}, {"required": ["_recommendation"]}]
_RECOMMENDATION = _object(
    "kind medium name",
    kind={"enum": ["recommended", "own"]},
    medium=_TEXT,
    name=_TEXT,
    creator=_TEXT,
    creator_inferred=_TRUTH,
    quote=_object("text", text=_TEXT, speaker=_TEXT, at_in_seconds={"type": "integer", "minimum": 0}),
    url=_ADDRESS,
    paid=_TRUTH,
)
_RECOMMENDATION["dependentRequired"] = {
    "creator": ["creator_inferred"],
    "creator_inferred": ["creator"],
    "url": ["paid"],
    "paid": ["url"],
}
_MENTION = _object("url title show aired", url=_ADDRESS, title=_TEXT, show=_TEXT, aired=_DAY, speaker=_TEXT)
_ITEM["properties"]["_episode_notes"] = _object(
    "about show aired",
    about=_TEXT,
    show=_TEXT,
    aired=_DAY,
    duration_in_seconds=_COUNT,
    guests=_list(_object("name", name=_TEXT, bio=_TEXT)),
    gist=_TEXT,
    reveals=_list(_TEXT),
    takeaways=_list(_TEXT),
    recommendations=_list(_RECOMMENDATION),
    season=_COUNT,
    episode=_COUNT,
    explicit=_TRUTH,
    video=_ADDRESS,
    transcripts=_list(_object("url type", url=_ADDRESS, type=_MEDIA_TYPE)),
)
_ITEM["properties"]["_recommendation"] = _object(
    "about recommendation episode",
    about=_TEXT,
    recommendation=_RECOMMENDATION,
    episode=_MENTION,
    also=_list(_MENTION),
)
JSON_FEED: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        "version title home_page_url feed_url description language authors items",
        version={"const": "https://jsonfeed.org/version/1.1"},
        title=_TEXT,
        home_page_url=_ADDRESS,
        feed_url=_ADDRESS,
        description=_TEXT,
        user_comment=_TEXT,
        next_url=_ADDRESS,
        icon=_ADDRESS,
        favicon=_ADDRESS,
        authors=_list(_AUTHOR),
        language=_LANGUAGE,
        expired={"type": "boolean"},
        hubs=_list(_HUB),
        items={"type": "array", "items": _ITEM},
    ),
}
