"""The rules of JSON Feed 1.1 as a JSON Schema, closed: a member that neither it nor we name is an error."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string", "minLength": 1}
_ADDRESS = {"type": "string", "pattern": r"^https?://[!-~]+$"}
_TIME = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}
_COUNT = {"type": "integer", "minimum": 1}
# Feed readers must ignore what they do not know, under names that begin so.
_EXTENSIONS = {r"^_[A-Za-z][^.]*$": {"$ref": "#/$defs/extension"}}


def _object(required: str, **members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": members,
        "patternProperties": _EXTENSIONS,
        "additionalProperties": False,
    }


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": 1}


_AUTHOR = _object("name", name=_TEXT, url=_ADDRESS, avatar=_ADDRESS)
_ATTACHMENT = _object(
    "url mime_type",
    url=_ADDRESS,
    mime_type={"type": "string", "pattern": r"^[a-z]+/[a-z0-9.+-]+$"},
    title=_TEXT,
    size_in_bytes=_COUNT,
    duration_in_seconds=_COUNT,
)
_ITEM = _object(
    "id url title summary content_html date_published date_modified authors _episode_notes",
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
    language={"type": "string", "pattern": "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
    attachments=_list(_ATTACHMENT),
)
JSON_FEED: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {
        # Members of an extension do not begin with an underscore, have no dots, and ours are never null.
        "extension": {
            "type": "object",
            "required": ["about"],
            "patternProperties": {r"^[^_.][^.]*$": {"$ref": "#/$defs/fact"}},
            "additionalProperties": False,
        },
        "fact": {
            "anyOf": [
                {"type": ["string", "integer", "boolean"]},
                {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/fact"}},
                {
                    "type": "object",
                    "minProperties": 1,
                    "patternProperties": {r"^[^_.][^.]*$": {"$ref": "#/$defs/fact"}},
                    "additionalProperties": False,
                },
            ]
        },
    },
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
        language=_TEXT,
        expired={"const": True},
        items={"type": "array", "items": _ITEM},
    ),
}
