"""`feedmaker.lock`: what has been published, so that readers are never told twice. Pure."""

from feedmaker.lock.entries import LOCK_NAME, Entry, Lock, dump_lock, parse_lock
from feedmaker.lock.minting import free_slug, slug_of
from feedmaker.lock.resolving import Clash, Resolution, page_address, publication, resolve

__all__ = [
    "LOCK_NAME",
    "Clash",
    "Entry",
    "Lock",
    "Resolution",
    "dump_lock",
    "free_slug",
    "page_address",
    "parse_lock",
    "publication",
    "resolve",
    "slug_of",
]
