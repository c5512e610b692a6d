"""The lists of everything that was recommended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from feedmaker.catalogue import Catalogue, Listed, make_catalogue
from feedmaker.notes.note import Named
from feedmaker.pages import ThingList, recommendations_page, thing_lists
from tests.content.reader import Element, read_html
from tests.pages.site import ADDRESS, PACKAGED, SITE, fact_on

BELL = Named("The Bell", "book", "Iris Hale", speaker="Ada")
ROPE = Named("A rope", "product", speaker=None)
FILM = Named("Harbour", "film", "Jo Reed", creator_inferred=True, speaker="Ben")


def catalogue(*notes: Sequence[Named], year: int = 2020) -> Catalogue:
    """Make the catalogue of notes that aired a year after each other and are published in this order."""
    return make_catalogue(
        Listed(
            f"{number}.md",
            f"{ADDRESS}episodes/n{number}/",
            f"Note {number}",
            "Shoreline",
            date(year + number, 5, 6),
            tuple(named),
            tuple(f"k{index}" for index, _ in enumerate(named)),
        )
        for number, named in enumerate(notes)
    )


THREE = catalogue([ROPE, BELL], [BELL], [FILM])


def lists(of: Catalogue) -> dict[str, ThingList]:
    """Return all lists by the folder of their page below recommendations/."""
    return {
        things.path.removeprefix("recommendations/").removesuffix("index.html"): things
        for things in thing_lists(of)
    }


def names(things: ThingList) -> list[str]:
    """Return what a list holds, in order."""
    return [thing.name for thing in things.things]


def page(things: ThingList) -> Element:
    """Write and read the page of a list."""
    return read_html(recommendations_page(PACKAGED, SITE, things))


def choices(of: Element, name: str) -> list[tuple[str, str | None]]:
    """Return the words and addresses of a list of choices."""
    nav = of.one("nav", **{"aria-label": name})
    return [(line.text, line.one("a").attributes["href"]) for line in nav.find("li")]


def test_there_is_a_list_of_all_and_of_each_medium_in_two_orders() -> None:
    """What is recommended can be filtered by medium and sorted, each choice being a page of its own."""
    assert {folder: names(things) for folder, things in lists(THREE).items()} == {
        "": ["The Bell", "Harbour", "A rope"],
        "film/": ["Harbour"],
        "book/": ["The Bell"],
        "product/": ["A rope"],
        "newest/": ["Harbour", "The Bell", "A rope"],
        "film/newest/": ["Harbour"],
        "book/newest/": ["The Bell"],
        "product/newest/": ["A rope"],
    }


def test_equally_often_recommended_things_stand_newest_first() -> None:
    """The number of recommendations counts first, and then the newest one; within a note its own order."""
    found = lists(catalogue([ROPE, FILM], [BELL], [ROPE]))

    assert names(found[""]) == ["A rope", "The Bell", "Harbour"]
    assert names(found["newest/"]) == ["A rope", "The Bell", "Harbour"]
    assert names(lists(catalogue([ROPE, FILM]))["newest/"]) == ["A rope", "Harbour"]


def test_lists_are_there_while_nothing_is() -> None:
    """The header of every page leads to the lists, so they exist before the first recommendation."""
    found = lists(catalogue())

    assert list(found) == ["", "newest/"]
    assert "Nothing has been recommended yet." in page(found[""]).one("main").text


def test_thing_is_shown_with_all_who_recommended_it() -> None:
    """A thing has name, creator, medium and number, and each mention says who, where and when."""
    first, second, third = page(lists(THREE)[""]).one("ol", class_="things").children[1::2]

    assert isinstance(first, Element)
    assert isinstance(second, Element)
    assert isinstance(third, Element)
    assert first.one("h2").text == "The Bell"
    assert first.one("p").text == "by Iris Hale · book · Recommended twice"
    assert [line.text for line in first.find("li")] == [
        "by Ada in Note 1 Shoreline · 6 May 2021",
        "by Ada in Note 0 Shoreline · 6 May 2020",
    ]
    assert [a.attributes["href"] for a in first.find("a")] == [
        "../episodes/n1/#k0",
        "../episodes/n0/#k1",
    ]
    assert second.one("p").text == "by Jo Reed (inferred) · film · Recommended once"
    assert third.one("p").text == "product · Recommended once"
    assert third.one("li").text == "in Note 0 Shoreline · 6 May 2020"


def test_number_of_mentions_is_written_out() -> None:
    """Three recommendations and more are counted in figures."""
    assert "Recommended 3 times" in page(lists(catalogue([BELL], [BELL], [BELL]))[""]).one("main").text


def test_filters_and_orders_are_links() -> None:
    """From each list the others can be reached without a script, and the order stays when filtering."""
    found = lists(THREE)

    assert choices(page(found[""]), "Medium") == [
        ("All", "../recommendations/"),
        ("book 1", "../recommendations/book/"),
        ("film 1", "../recommendations/film/"),
        ("product 1", "../recommendations/product/"),
    ]
    newest = page(found["book/newest/"])
    assert choices(newest, "Medium")[1] == ("book 1", "../../../recommendations/book/newest/")
    assert choices(newest, "Order") == [
        ("Most recommended", "../../../recommendations/book/"),
        ("Newest", "../../../recommendations/book/newest/"),
    ]
    current = [
        a.text for nav in newest.one("main").find("nav") for a in nav.find("a", **{"aria-current": "page"})
    ]
    assert current == ["book", "Newest"]


def test_one_medium_needs_no_filter() -> None:
    """A filter appears where there is something to choose."""
    assert [
        nav.attributes["aria-label"] for nav in page(lists(catalogue([BELL]))[""]).one("main").find("nav")
    ] == ["Order"]


@pytest.fixture(scope="module")
def many() -> Catalogue:
    """Make a catalogue whose lists do not fit: 270 things, one of them recommended 30 times."""
    ropes = [[ROPE, *(Named(f"Thing {n} {k}", f"medium {k}") for k in range(9))] for n in range(30)]
    return catalogue(*ropes, year=1990)


def test_long_list_is_cut_and_says_so(many: Catalogue) -> None:
    """A page shows 200 things at most, and leads to lists of the years, which hold everything."""
    found = lists(many)
    shown = page(found[""]).one("main")

    assert (len(found[""].things), found[""].total) == (200, 271)
    assert "These are 200 of 271. The lists by year hold them all." in shown.text
    assert choices(shown, "Years")[0] == ("2019", "../recommendations/2019/")
    rest = [thing.name for year in range(1990, 2020) for thing in found[f"{year}/"].things]
    assert set(rest) == {thing.name for thing in many.things}


def test_years_show_what_was_recommended_in_them(many: Catalogue) -> None:
    """The page of a year has the mentions of that year, and says how many there are elsewhere."""
    year = lists(many)["1995/"]
    shown = page(year).one("main")

    assert shown.one("h1").text == "Recommendations of 1995"
    assert len(year.things) == 10
    things = [item for item in shown.one("ol", class_="things").children if isinstance(item, Element)]
    assert [item.find("li")[0].one("a").text for item in things] == ["Note 5"] * 10
    rope = next(item for item in things if item.one("h2").text == "A rope")
    assert "Recommended 30 times" in rope.text
    assert "And 29 more, in other years." in rope.text


def test_few_mentions_of_a_thing_are_shown(many: Catalogue) -> None:
    """Of a thing that everybody recommends the newest ten mentions are shown."""
    rope = next(i for i in page(lists(many)[""]).one("ol").children if isinstance(i, Element))

    assert rope.one("h2").text == "A rope"
    assert [line.one("a").text for line in rope.find("li")] == [f"Note {n}" for n in range(29, 19, -1)]
    assert "And 20 more, in the lists by year." in rope.text


def test_short_lists_need_no_years() -> None:
    """Lists by year are made only where something is cut."""
    full = [Named(f"Thing {number}", "book") for number in range(200)]

    assert not any(things.year for things in thing_lists(catalogue(full)))
    assert any(things.year for things in thing_lists(catalogue(full, [BELL])))
    assert any(things.year for things in thing_lists(catalogue(*[[BELL]] * 11)))


def test_years_list_the_last_day_first() -> None:
    """Within a year, what aired last stands first, whenever it was published."""
    days = [date(2020, month, 1) for month in (3, 9, 1, *([6] * 11))]
    notes = [
        Listed(
            f"{n}.md",
            f"{ADDRESS}{n}/",
            f"{n}",
            "S",
            day,
            (BELL if n > 2 else Named(f"T{n}", "book"),),
            ("k",),
        )
        for n, day in enumerate(days)
    ]

    assert names(lists(make_catalogue(notes))["2020/"]) == ["T1", "The Bell", "T0", "T2"]


def test_media_never_take_the_place_of_other_lists() -> None:
    """A medium called like a year or an order, or in another script, has a page of its own."""
    media = ["newest", "2020", "книга", "本", "C", "c++", "index.html"]
    found = thing_lists(catalogue([Named(f"Thing {medium}", medium) for medium in media], *[[ROPE]] * 11))

    paths = [things.path for things in found]
    assert len(set(paths)) == len(paths)
    assert all(len(path.split("/")) in (2, 3, 4) for path in paths)
    assert "recommendations/2020/index.html" in paths


def test_many_media_are_listed_on_the_first_page() -> None:
    """The first page names all media; the others name the twenty most common and lead to the rest."""
    found = lists(catalogue([Named(f"T{n}", f"medium {n:02}") for n in range(30)], [Named("T", "medium 07")]))

    assert len(choices(page(found[""]), "Medium")) == 31
    few = choices(page(found["medium-29/"]), "Medium")
    assert len(few) == 22
    assert few[1] == ("medium 07 2", "../../recommendations/medium-07/")
    assert few[-1] == ("Others", "../../recommendations/")


def test_thing_of_two_media_stands_in_both() -> None:
    """Where a note says that a film is the book of another note, both lists have the thing."""
    film = Named("Bell, the film", "film", same_as=("The Bell",))
    found = lists(catalogue([BELL], [film]))

    assert names(found[""]) == ["The Bell"]
    assert names(found["book/"]) == names(found["film/"]) == ["The Bell"]


def test_list_is_told_to_machines() -> None:
    """The things of a page are a list of JSON-LD, without guesses about who made them."""
    said = fact_on(page(lists(THREE)[""]), "ItemList")

    assert [item["item"] for item in said["itemListElement"]] == [
        {"@type": "Book", "name": "The Bell", "author": {"@type": "Person", "name": "Iris Hale"}},
        {"@type": "Movie", "name": "Harbour"},
        {"@type": "Product", "name": "A rope"},
    ]
