"""Which recommendations of different notes are of one thing. Pure.

Conservative, because a wrong "also recommended" is worse than a missing one: names are compared sign by sign
after folding, never by likeness, and what creators leave open stays apart. A note says the rest itself, with
`same_as` and `not_same_as`. What is one thing does not depend on the order of the notes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple
from unicodedata import category, normalize

from feedmaker.notes.note import Named

_DROPPED = "'\"`\u02bb\u02bc\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a"
_TELLING = "#%&*@"
# A name that so many different things have tells none of them, and comparing them all would take long.
_MOST_OF_A_NAME = 100


# A build makes tens of thousands of these, and a plain tuple is made several times as fast as a frozen
# dataclass.
class Listed(NamedTuple):
    """Hold what the catalogue knows of a published note.

    `path` is the note's file and `address` its page, absolute. `keys` names each recommendation within the
    note, in the same order.
    """

    path: str
    address: str
    title: str
    show: str
    aired: date
    recommendations: tuple[Named, ...] = ()
    keys: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show what other notes say of it: what is made of mentions is keyed by this, and by no more."""
        return f"Listed{self[:5]}"


class Mention(NamedTuple):
    """Say that a note recommends something; `key` is unique in the note."""

    note: Listed
    key: str
    named: Named


# Most things are never shown, so what a thing is called is found out when somebody asks.
@dataclass(eq=False)
class Thing:
    """Hold what is recommended: its mentions from the oldest on, and what most of them say."""

    mentions: tuple[Mention, ...]

    @cached_property
    def name(self) -> str:
        """Return the name that most notes use, and of those that are as many the oldest."""
        return _commonest([mention.named.name for mention in self.mentions])

    @cached_property
    def medium(self) -> str:
        """Return the medium that most notes give it."""
        return _commonest([mention.named.medium for mention in self.mentions])

    @cached_property
    def creator(self) -> str | None:
        """Return a stated creator where there is any, or else an inferred one."""
        creators = self._stated or self._inferred
        return _commonest(creators) if creators else None

    @property
    def creator_inferred(self) -> bool:
        """Tell whether the creator is a guess."""
        return not self._stated and self.creator is not None

    @property
    def times(self) -> int:
        """Return how often it is recommended; by those whose own it is, it is not."""
        mentions = self.mentions
        if len(mentions) == 1:
            return int(mentions[0].named.kind == "recommended")
        return sum(mention.named.kind == "recommended" for mention in mentions)

    @property
    def identity(self) -> str:
        """Return what stays when later notes mention the thing too: the address of the oldest mention."""
        oldest = self.mentions[0]
        return f"{oldest.note.address}#{oldest.key}"

    @cached_property
    def _stated(self) -> list[str]:
        every = (mention.named for mention in self.mentions)
        return [named.creator for named in every if named.creator and not named.creator_inferred]

    @property
    def _inferred(self) -> list[str]:
        every = (mention.named for mention in self.mentions)
        return [named.creator for named in every if named.creator and _tells_more(named)]


class Catalogue:
    """Hold all things that notes recommend; `things` stand in the order of their oldest mention."""

    def __init__(self, things: Iterable[Thing], paths: Iterable[str]) -> None:
        self.things = tuple(things)
        self._ages = {path: number for number, path in enumerate(paths)}
        self._shared: dict[str, dict[str, Thing]] = defaultdict(dict)
        for thing in self.things:
            if len(thing.mentions) > 1:
                for mention in thing.mentions:
                    self._shared[mention.note.path][mention.key] = thing

    def is_shared(self, path: str) -> bool:
        """Tell whether something that a note recommends is mentioned more than once."""
        return path in self._shared

    def others(self, path: str, key: str) -> tuple[Mention, ...]:
        """Return where other notes recommend the same thing, from the oldest on; guests' own do not count."""
        thing = self._shared[path].get(key) if path in self._shared else None
        mentions = thing.mentions if thing else ()
        return tuple(m for m in mentions if m.note.path != path and m.named.kind == "recommended")

    def newest_first(self) -> list[Thing]:
        """Return all things by their newest mention; those of one note in the order of the note."""
        return sorted(self.things, key=lambda thing: -self._ages[thing.mentions[-1].note.path])


def make_catalogue(notes: Iterable[Listed]) -> Catalogue:
    """Recognise what notes recommend; `notes` stand in the order of publication, the oldest first."""
    notes = tuple(notes)
    mentions = [
        Mention(note, key, named)
        for note in notes
        for key, named in zip(note.keys, note.recommendations, strict=True)
    ]
    groups = sorted(_Recogniser([mention.named for mention in mentions]).groups(), key=itemgetter(0))
    things = (Thing(tuple(map(mentions.__getitem__, group))) for group in groups)
    return Catalogue(things, (note.path for note in notes))


def folded(name: str) -> str:
    """Return what is compared of a name: equal for names that differ in signs and capitals alone.

    Width and ligatures (NFKC), capitals, white space, quotation marks, dashes and other punctuation do not
    count. Signs that tell names apart, as in C++, C# and M*A*S*H, do; so do articles and accents.
    """
    if name.isascii():
        text = name.casefold()
    else:
        text = normalize("NFKC", normalize("NFKC", name.replace("\u00b4", "'")).casefold())
    # A name of nothing but punctuation is still a name.
    return " ".join(text.translate(_SIGNS).split()) or " ".join(text.split())


class _Signs(dict[int, str]):
    """Say what becomes of each sign, asking Unicode once."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        kind = category(sign)
        if sign in _DROPPED or kind == "Cf":
            self[code] = ""
        elif kind.startswith("P") and sign not in _TELLING:
            self[code] = " "
        else:
            self[code] = sign
        return self[code]


_SIGNS = _Signs()


class _Wish(NamedTuple):
    """Hold a `same_as`: who says it, the group it stands in, and the groups that it may mean."""

    said_by: int
    home: int
    candidates: tuple[int, ...]


class _Recogniser:
    """Group recommendations, all known by their index.

    `loners` are said to be none of those that have their own name.
    """

    def __init__(self, recommendations: Sequence[Named]) -> None:
        self.recommendations = recommendations
        self._folded: dict[str, str] = {}
        self.names = [self._fold(named.name) for named in recommendations]
        self.exclusions = {
            index: {self._fold(name) for name in named.not_same_as}
            for index, named in enumerate(recommendations)
            if named.not_same_as
        }
        self.loners = {index for index, names in self.exclusions.items() if self.names[index] in names}

    def groups(self) -> list[list[int]]:
        """Return what is one thing, as lists of ascending indices."""
        alike = self._alike()
        wishes = self._wishes(alike) if any(named.same_as for named in self.recommendations) else []
        if not wishes:
            return alike
        by_home: dict[int, list[_Wish]] = defaultdict(list)
        for wish in wishes:
            by_home[wish.home].append(wish)
        groups: list[list[int]] = []
        for numbers in _components(range(len(alike)), wishes):
            if len(numbers) == 1:
                groups.append(alike[numbers[0]])
            else:
                within = [wish for number in numbers for wish in by_home.get(number, ())]
                groups += self._kept_apart({number: alike[number] for number in numbers}, within)
        return groups

    def _fold(self, name: str) -> str:
        found = self._folded.get(name)
        if found is None:
            found = self._folded[name] = folded(name)
        return found

    def _alike(self) -> list[list[int]]:
        """Group what is alike in medium, name and creator."""
        namesakes: dict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(self.names):
            namesakes[name].append(index)
        groups: list[list[int]] = []
        for indices in namesakes.values():
            # Nearly every name stands alone.
            groups += [indices] if len(indices) == 1 else self._of_one_name(indices)
        return groups

    def _of_one_name(self, indices: list[int]) -> Iterator[list[int]]:
        """Part recommendations of one name whose media or creators differ."""
        by_medium: dict[str, list[int]] = defaultdict(list)
        for index in indices:
            if index in self.loners:
                yield [index]
            else:
                by_medium[self.recommendations[index].medium].append(index)
        for family in by_medium.values():
            yield from self._by_creator(family) if len(family) > 1 else [family]

    def _by_creator(self, family: list[int]) -> list[list[int]]:
        """Part recommendations of one name whose creators differ; whose creator is open then stays alone."""
        creators = {(self._creator(index), self.recommendations[index].creator_inferred) for index in family}
        stated = {creator for creator, inferred in creators if creator and not inferred}
        if len(stated or {creator for creator, _ in creators if creator}) < 2:
            return [family]
        groups: dict[str | int, list[int]] = defaultdict(list)
        for index in family:
            groups[self._creator(index) or index].append(index)
        return list(groups.values())

    def _creator(self, index: int) -> str:
        """Return the folded creator, empty where it is absent; one inferred from the name says nothing."""
        named = self.recommendations[index]
        creator = self._fold(named.creator) if named.creator else ""
        return "" if named.creator_inferred and creator == self.names[index] else creator

    def _wishes(self, groups: list[list[int]]) -> list[_Wish]:
        """Find the groups that each `same_as` may mean."""
        by_name: dict[str, list[int]] = defaultdict(list)
        for number, group in enumerate(groups):
            if group[0] not in self.loners:
                by_name[self.names[group[0]]].append(number)
        return [
            _Wish(index, home, self._meant(index, home, by_name.get(self._fold(name), []), groups))
            for home, group in enumerate(groups)
            for index in group
            for name in self.recommendations[index].same_as
        ]

    def _meant(
        self, index: int, home: int, numbers: Sequence[int], groups: list[list[int]]
    ) -> tuple[int, ...]:
        """Narrow the groups of a name down to those of the same medium, and of these of the same creator."""
        if len(numbers) > _MOST_OF_A_NAME:
            return ()
        found = [number for number in numbers if number != home]
        medium, creator = self.recommendations[index].medium, self._creator(index)
        of_medium = [n for n in found if self.recommendations[groups[n][0]].medium == medium]
        found = of_medium or found
        of_creator = [n for n in found if creator and creator in map(self._creator, groups[n])]
        return tuple(of_creator or found)

    def _kept_apart(self, groups: Mapping[int, list[int]], wishes: list[_Wish]) -> Iterator[list[int]]:
        """Join groups, but for what is said to be none of the others."""
        members = [index for group in groups.values() for index in group]
        present = Counter(self.names[index] for index in members)
        leaving = {index for index in members if self._is_misplaced(index, present)}
        staying = {n: rest for n, group in groups.items() if (rest := [i for i in group if i not in leaving])}
        for numbers in _components(staying, [wish for wish in wishes if wish.said_by not in leaving]):
            yield sorted(index for number in numbers for index in staying[number])
        yield from filter(None, ([i for i in group if i in leaving] for group in groups.values()))

    def _is_misplaced(self, index: int, present: Mapping[str, int]) -> bool:
        """Tell whether something stands among names that it is said not to be."""
        excluded = self.exclusions.get(index, set())
        return any(present.get(name, 0) > (name == self.names[index]) for name in excluded)


def _components(numbers: Iterable[int], wishes: Sequence[_Wish]) -> list[list[int]]:
    """Join groups by their numbers, as far as each wish means one of what is there, or has become one."""
    parents = {number: number for number in numbers}

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    pending = [wish for wish in wishes if wish.home in parents]
    while pending:
        unclear = []
        for wish in pending:
            meant = {root(number) for number in wish.candidates if number in parents}
            if len(meant) == 1:
                parents[meant.pop()] = root(wish.home)
            else:
                unclear.append(wish)
        # What has been joined may have made one thing of the several that a wish could mean.
        pending = unclear if len(unclear) < len(pending) else []
    joined: dict[int, list[int]] = defaultdict(list)
    for number in parents:
        joined[root(number)].append(number)
    return list(joined.values())


def _tells_more(named: Named) -> bool:
    """Tell an inferred creator from one that only repeats the name."""
    return folded(named.creator or "") != folded(named.name)


def _commonest(values: list[str]) -> str:
    if values.count(values[0]) == len(values):
        return values[0]
    return Counter(values).most_common(1)[0][0]
