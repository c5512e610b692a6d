"""Compressed copies of what a build writes, for static hosts that serve them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from feedmaker.build.material import Planned
from feedmaker.serving import ENDINGS, Compression, compress, is_compressible


def with_copies(planned: Iterable[Planned], kinds: Sequence[Compression]) -> Iterator[Planned]:
    """Plan compressed copies beside each text, in front of it: no copy is older than what it is a copy of."""
    for item in planned:
        for kind in kinds if is_compressible(item.path) else ():
            make = partial(_copy, item, kind)
            yield Planned(item.path + ENDINGS[kind], f"{kind} {item.key}", make, item.near)
        yield item


def _copy(item: Planned, kind: Compression) -> bytes:
    return compress(item.make(), kind)
