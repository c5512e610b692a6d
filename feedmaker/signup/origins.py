"""From which pages a browser may bring word that somebody asks to sign up. Pure.

A foreign page could otherwise make each of its visitors ask for mail to addresses of its choice, and spread
the asking over many networks. Programs that are no browsers say nothing of pages, and are no danger of this
kind. docs/decisions/ has the whole thought.
"""

from __future__ import annotations

from feedmaker.config import Config, origin_of

_HIDDEN = "null"

_AT = " at "


def known_origins(config: Config) -> tuple[str, ...]:
    """Return the origins whose pages may hold the form: the site, the pages themselves, and what is named."""
    signup = config.signup
    own = [origin_of(config.site.address), *([origin_of(signup.address), *signup.origins] if signup else [])]
    return tuple(dict.fromkeys(own))


def may_ask(origin: str | None, fetch_site: str | None, known: tuple[str, ...]) -> bool:
    """Tell whether a request may ask to sign up, by its headers Origin and Sec-Fetch-Site.

    What names its origin is judged by that. Where it is hidden ("null"), as from pages that send no referrer,
    the browser says whether it is the same as here; one too old to say is believed.
    """
    if fetch_site in ("same-origin", "none"):
        return True
    if origin and origin != _HIDDEN:
        return origin in known
    return fetch_site is None


def source_of(kind: str, origin: str | None, referer: str | None, known: tuple[str, ...]) -> str:
    """Say by what somebody asked, such as "form at https://example.org", for the record of their consent.

    The page is named by the header Origin, or else Referer, and only where it is a known one.
    """
    for address in (origin, referer):
        found = next((each for each in known if address and f"{address}/".startswith(f"{each}/")), None)
        if found:
            return f"{kind}{_AT}{found}"
    return kind


def site_of(source: str) -> str:
    """Return the site that a source names, or an empty text."""
    return source.partition(_AT)[2]
