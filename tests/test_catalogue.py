"""Which recommendations of different notes are recognised as one thing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.catalogue import Catalogue, Listed, Thing, folded, make_catalogue
from feedmaker.notes.note import Named

DUNE = Named("Dune", "book", "Frank Herbert")
NO_CREATOR = Named("Dune", "book")
INFERRED = Named("Dune", "book", "Frank Herbert", creator_inferred=True)
GUESSED = Named("Dune", "book", "F. Herbert", creator_inferred=True)
OTHER = Named("Dune", "book", "Ida Sand")


def note(number: int, *recommendations: Named) -> Listed:
    """Make a note whose recommendations have the keys k0, k1 and so on."""
    keys = tuple(f"k{index}" for index, _ in enumerate(recommendations))
    address = f"https://notes.example.org/{number}/"
    return Listed(f"{number}.md", address, f"Note {number}", "Show", date(2020, 1, 1), recommendations, keys)


def things_of(*recommendations: Named) -> Catalogue:
    """Make the catalogue of recommendations, each in a note of its own, the oldest first."""
    return make_catalogue(note(number, item) for number, item in enumerate(recommendations))


def called(thing: Thing) -> tuple[str, str, str | None, bool]:
    """Return what a thing is called."""
    return thing.name, thing.medium, thing.creator, thing.creator_inferred


def parts(catalogue: Catalogue) -> list[list[int]]:
    """Return which notes are about one thing, by their numbers."""
    return [
        [int(mention.note.path.removesuffix(".md")) for mention in thing.mentions]
        for thing in catalogue.things
    ]


def grouped(*recommendations: Named) -> list[list[int]]:
    """Return which recommendations are one thing, by their positions."""
    return parts(things_of(*recommendations))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The Left Hand of Darkness", "the left hand  of darkness"),
        ("Don’t Make Me Think", "Don't Make Me Think"),
        ("Don´t Make Me Think", "Dont make me think"),
        ("“Heroes”", "Heroes"),
        ("Sapiens: A Brief History", "Sapiens – A Brief History"),
        ("Sapiens — A Brief History", "Sapiens. A brief history"),
        ("Blink-182", "Blink 182"),
        ("Help!", "Help"),
        ("ＡＢＣ", "abc"),
        ("ﬁre", "fire"),
        ("Straße", "STRASSE"),
        ("soft\u00adened", "softened"),
        ("wait…", "wait..."),
        ("caf\u00e9", "cafe\u0301"),
    ],
)
def test_names_that_differ_in_signs_alone_are_one(first: str, second: str) -> None:
    """Capitals, white space, punctuation and the form of signs do not count."""
    assert folded(first) == folded(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("C", "C++"),
        ("C", "C#"),
        ("M*A*S*H", "MASH"),
        ("The Dispossessed", "Dispossessed"),
        ("Emma", "Emmas"),
        ("cafe", "café"),
        ("1.5", "15"),
        ("Rust & Bone", "Rust and Bone"),
        ("!!!", "???"),
        ("🦉", "🦅"),
    ],
)
def test_names_that_could_be_two_things_are_two(first: str, second: str) -> None:
    """Articles, accents, endings and telling signs count, for a wrong match is worse than none."""
    assert folded(first) != folded(second)


@given(st.text())
def test_folding_is_done_once(name: str) -> None:
    """What is folded stays as it is, and no name but a blank one is lost."""
    assert folded(folded(name)) == folded(name)
    assert folded(name) == folded(name.upper().lower()) or not name.isascii()


@pytest.mark.parametrize(
    ("recommendations", "groups"),
    [
        ((DUNE, DUNE._replace(creator="frank  herbert")), [[0, 1]]),
        ((NO_CREATOR, NO_CREATOR), [[0, 1]]),
        ((DUNE, NO_CREATOR, INFERRED, GUESSED), [[0, 1, 2, 3]]),
        ((DUNE, OTHER), [[0], [1]]),
        ((DUNE, OTHER, NO_CREATOR, NO_CREATOR), [[0], [1], [2], [3]]),
        ((DUNE, OTHER, INFERRED, GUESSED), [[0, 2], [1], [3]]),
        ((INFERRED, GUESSED, NO_CREATOR), [[0], [1], [2]]),
        ((INFERRED, NO_CREATOR, INFERRED), [[0, 1, 2]]),
        ((DUNE, DUNE._replace(medium="film")), [[0], [1]]),
        ((DUNE, DUNE._replace(name="Dune Messiah")), [[0], [1]]),
    ],
    ids=[
        "equal creators",
        "no creators",
        "one stated creator",
        "two creators",
        "creator open between two",
        "inferred creators beside two stated ones",
        "two inferred creators",
        "one inferred creator",
        "two media",
        "two names",
    ],
)
def test_medium_name_and_creator_decide(recommendations: Sequence[Named], groups: list[list[int]]) -> None:
    """One thing has one medium, one name, and creators that do not speak against it."""
    assert grouped(*recommendations) == groups


def test_creator_inferred_from_the_name_says_nothing() -> None:
    """Keras "by Keras (inferred)" is as open as Keras alone, and joins the one creator that is stated."""
    guess = Named("Keras", "product", "keras", creator_inferred=True)
    stated = Named("Keras", "product", "François Chollet")

    (thing,) = things_of(guess, stated).things
    (alone,) = things_of(guess).things

    assert (thing.creator, thing.creator_inferred) == ("François Chollet", False)
    assert (alone.creator, alone.creator_inferred) == (None, False)


def test_same_as_joins_transitively() -> None:
    """A note that says so joins two names, and what is one with either is one with both."""
    film, novel = Named("Arrival", "book"), Named("Story of Your Life", "book", same_as=("arrival",))
    third = Named("Stories of Your Life", "book", same_as=("Story of Your Life",))

    assert grouped(film, third, novel, film) == [[0, 1, 2, 3]]


def test_same_as_looks_for_the_same_medium_first() -> None:
    """Of several things of a name the one of the same medium is meant, or else the only one there is."""
    book, film = Named("Arrival", "book"), Named("Arrival", "film")

    assert grouped(book, film, Named("The Story", "book", same_as=("Arrival",))) == [[0, 2], [1]]
    assert grouped(film, Named("The Story", "book", same_as=("Arrival",))) == [[0, 1]]


def test_same_as_that_could_mean_several_joins_nothing() -> None:
    """Between two things of one name nobody can choose, unless the creator does."""
    said = Named("Desert Planet", "book", same_as=("Dune",))

    assert grouped(DUNE, OTHER, said) == [[0], [1], [2]]
    assert grouped(DUNE, OTHER, said._replace(creator="Ida Sand")) == [[0], [1, 2]]


def test_same_as_joins_two_creators_of_one_name() -> None:
    """A note that names its own name means the other thing that has it."""
    short = Named("Dune", "book", "F. Herbert", same_as=("Dune",))

    assert grouped(DUNE, short) == [[0, 1]]
    planet = Named("Desert Planet", "book", same_as=("Dune",))
    assert grouped(DUNE, short, planet) == grouped(planet, short, DUNE) == [[0, 1, 2]]


def test_same_as_of_nothing_joins_nothing() -> None:
    """A name that no note has is no fault."""
    assert grouped(DUNE._replace(same_as=("Nothing",))) == [[0]]


def test_not_same_as_its_own_name_stands_alone() -> None:
    """A note may say that its Dune is none of the others, and what the others are does not change by it."""
    alone = Named("Dune", "book", "Somebody", not_same_as=("dune",))

    assert grouped(DUNE, alone, NO_CREATOR, alone) == [[0, 2], [1], [3]]
    assert grouped(DUNE, alone, Named("Desert Planet", "book", same_as=("Dune",))) == [[0, 2], [1]]


def test_not_same_as_wins_over_same_as() -> None:
    """Whoever is said to be none of them leaves, whatever other notes say."""
    joins = Named("Desert Planet", "book", same_as=("Dune",))
    keeps_apart = Named("Desert Planet", "book", not_same_as=("Dune",))

    assert grouped(DUNE, joins) == [[0, 1]]
    assert grouped(DUNE, joins, keeps_apart, keeps_apart) == [[0, 1], [2, 3]]


def test_what_only_the_leaving_one_joined_comes_apart() -> None:
    """A recommendation that leaves takes along what it had said to be one."""
    bridge = Named("B", "book", same_as=("A", "C"), not_same_as=("C",))

    assert grouped(Named("A", "book"), bridge, Named("C", "book")) == [[0], [1], [2]]


def test_thing_is_called_as_most_call_it() -> None:
    """Name, medium and creator are those of most mentions, and of equals the oldest; stated creators win."""
    shout = INFERRED._replace(name="DUNE")
    film = Named("Dune!", "film", "David Lynch", same_as=("Dune",))

    (thing,) = things_of(shout, DUNE, DUNE, film).things

    assert called(thing) == ("Dune", "book", "Frank Herbert", False)
    (guessed,) = things_of(shout, INFERRED._replace(name="Dune")).things
    assert called(guessed) == ("DUNE", "book", "Frank Herbert", True)


def test_other_mentions_are_found_by_note_and_key() -> None:
    """Each recommendation leads to the other notes that have the same thing, from the oldest on."""
    catalogue = make_catalogue([note(0, OTHER, DUNE), note(1, NO_CREATOR, DUNE), note(2, DUNE)])

    assert [m.note.path for m in catalogue.others("1.md", "k1")] == ["0.md", "2.md"]
    assert [m.note.path for m in catalogue.others("2.md", "k0")] == ["0.md", "1.md"]
    assert catalogue.others("0.md", "k0") == catalogue.others("9.md", "k0") == ()


def test_note_that_mentions_a_thing_twice_is_no_other() -> None:
    """Two recommendations of one thing in one note count twice, and neither is "also recommended"."""
    catalogue = make_catalogue([note(0, DUNE, DUNE)])

    assert [len(thing.mentions) for thing in catalogue.things] == [2]
    assert catalogue.others("0.md", "k0") == ()


def test_notes_that_share_a_thing_are_known() -> None:
    """What says of each note whether it shares something overlooks none that others mention."""
    catalogue = make_catalogue([note(0, DUNE, OTHER), note(1, DUNE), note(2, Named("Emma", "book")), note(3)])

    assert [catalogue.is_shared(f"{number}.md") for number in range(5)] == [True, True, False, False, False]


def test_note_is_shown_to_others_without_what_it_recommends() -> None:
    """What is made of mentions is keyed by how they show themselves, and must not change with more."""
    same = note(0, DUNE)

    assert repr(same) == repr(note(0, DUNE, OTHER))
    assert repr(same) != repr(same._replace(title="Another"))


def test_identity_is_that_of_the_oldest_mention() -> None:
    """What a thing is known by stays when later notes mention it."""
    (before,) = things_of(DUNE).things
    (after,) = things_of(DUNE, NO_CREATOR).things

    assert before.identity == after.identity == "https://notes.example.org/0/#k0"


def test_things_stand_by_age() -> None:
    """Things stand in the order of their oldest mention, or from the newest mention on."""
    catalogue = make_catalogue(
        [note(0, DUNE, Named("Emma", "book")), note(1, DUNE), note(2, Named("Ulysses", "book"))]
    )

    def names(things: Sequence[Thing]) -> list[str]:
        return [thing.name for thing in things]

    assert names(catalogue.things) == ["Dune", "Emma", "Ulysses"]
    assert names(catalogue.newest_first()) == ["Ulysses", "Dune", "Emma"]


NAMES = st.sampled_from(["A", "a", "B", "b!", "C"])
CREATORS = st.sampled_from([None, "X", "x.", "Y", "A"])
SOME_NAMES = st.lists(NAMES, max_size=2).map(tuple)


def recommendations() -> st.SearchStrategy[list[Named]]:
    """Make recommendations of few names, so that they often meet."""
    one = st.builds(
        Named,
        name=NAMES,
        medium=st.sampled_from(["book", "film"]),
        creator=CREATORS,
        creator_inferred=st.booleans(),
        same_as=SOME_NAMES,
        not_same_as=SOME_NAMES,
    )
    return st.lists(one, max_size=9)


@given(recommendations(), st.randoms(use_true_random=False))
def test_order_of_notes_does_not_matter(items: list[Named], random: Random) -> None:
    """What is one thing is the same whichever note was published first."""
    numbers = list(range(len(items)))
    random.shuffle(numbers)

    shuffled = make_catalogue(note(number, items[number]) for number in numbers)

    assert {frozenset(part) for part in parts(shuffled)} == {frozenset(part) for part in grouped(*items)}


@given(recommendations())
def test_every_recommendation_is_one_thing(items: list[Named]) -> None:
    """Each recommendation stands in just one thing, and things in the order of their oldest mention."""
    groups = grouped(*items)

    assert sorted(number for group in groups for number in group) == list(range(len(items)))
    assert all(group == sorted(group) for group in groups)
    assert [group[0] for group in groups] == sorted(group[0] for group in groups)


@given(recommendations())
def test_not_same_as_is_always_honoured(items: list[Named]) -> None:
    """No thing holds a recommendation together with another of a name that it is said not to be."""
    for group in grouped(*items):
        for number in group:
            others = {folded(items[other].name) for other in group if other != number}
            assert not others & {folded(name) for name in items[number].not_same_as}


@given(recommendations())
def test_nothing_is_joined_without_a_reason(items: list[Named]) -> None:
    """Things of several names or media are held together by some `same_as`."""
    for group in grouped(*items):
        kinds = {(items[number].medium, folded(items[number].name)) for number in group}
        wishes = sum(len(items[number].same_as) for number in group)
        assert len(kinds) - 1 <= wishes


def test_large_catalogue_is_fast() -> None:
    """Each build recognises everything anew, so 40,000 recommendations take well below a second."""
    items = [
        Named(f"A book about tides {number % 15000}", "book", f"Author {number % 15000}")
        for number in range(40_000)
    ]
    notes = [note(number, *items[number * 4 : number * 4 + 4]) for number in range(10_000)]
    begun = time.process_time()

    catalogue = make_catalogue(notes)

    assert time.process_time() - begun < 1
    assert len(catalogue.things) == 15_000


def test_one_name_said_a_thousand_times_is_no_trap() -> None:
    """A name that very many things have tells none of them, and takes no time to say so."""
    items = [Named("Diary", "book", f"Author {number}", same_as=("Diary",)) for number in range(5000)]
    begun = time.process_time()

    assert len(things_of(*items).things) == 5000
    assert time.process_time() - begun < 2
