"""The JSON Schema of `schedule.yaml`, for editors. Pure."""

from __future__ import annotations

from typing import Any

from feedmaker.config import MERCHANT_NAME, WAYS, Config


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `schedule.yaml`, for editors.

    It knows less than `parse_config`: not which names are taken twice, which time zones there are, or what a
    cron expression or a time in words means.
    """
    schema = Config.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "feedmaker schedule.yaml"
    definitions = schema["$defs"]
    job = definitions["Job"]
    job["if"] = {"required": ["on"], "properties": {"on": {"not": {"type": "null"}}}}
    job["then"] = _written("at")
    job["oneOf"] = [_written(name) for name in WAYS]
    definitions["Source"]["oneOf"] = [
        _written("feed"),
        _written("sitemap"),
        {"required": ["pages"], "properties": {"pages": {"not": {"type": "null"}}}},
    ]
    at = definitions["Site"]["properties"]["publish_at"]
    at["default"] = at["default"][:5]  # as people write it, not as RFC 3339 has it
    _describe_merchants(schema)
    schema["allOf"] = [
        {
            "if": {"required": ["jobs"], "properties": {"jobs": {"type": "array", "contains": _job(run)}}},
            "then": _written(section, kind),
        }
        for run, section, kind in (("newsletter ", "newsletter", "object"), ("collect", "sources", "array"))
    ]
    schema["allOf"].append({"if": _written("signup", "object"), "then": _written("newsletter", "object")})
    for part in (schema, *definitions.values()):
        _allow_nulls(part)
    return schema


def _job(run: str) -> dict[str, Any]:
    """Describe a job that runs something."""
    return {"required": ["run"], "properties": {"run": {"pattern": f"^{run}"}}}


def _written(name: str, kind: str = "string") -> dict[str, Any]:
    """Describe an object that holds a key with a value."""
    return {"required": [name], "properties": {name: {"type": kind}}}


def _describe_merchants(schema: dict[str, Any]) -> None:
    """Tell the merchant that we know, which may leave anything out, from the others."""
    schema["$defs"]["KnownMerchant"] = schema["$defs"]["Merchant"] | {"required": []}
    merchants = schema["properties"]["merchants"]
    merchants["propertyNames"] = {"pattern": f"^{MERCHANT_NAME.pattern}$"}
    merchants["properties"] = {"amazon": {"anyOf": [{"$ref": "#/$defs/KnownMerchant"}, {"type": "null"}]}}


def _allow_nulls(part: dict[str, Any]) -> None:
    """Let keys that may be absent be empty, which means the same."""
    properties = part.get("properties", {})
    for name, described in properties.items():
        if name not in part.get("required", ()) and {"type": "null"} not in described.get("anyOf", ()):
            about = {key: described.pop(key) for key in ("default", "description") if key in described}
            properties[name] = {"anyOf": [described, {"type": "null"}], **about}
