"""Ten invented notes, most of them long: the issue of a publisher who was away for a while."""

from __future__ import annotations

from datetime import date

from feedmaker.model import Episode, Guest, Link, Quote, Recommendation, prose
from tests.newsletter.samples import BREAD, HARBOUR


def _book(
    name: str, creator: str | None, quote: str, speaker: str, at: int, *, inferred: bool = False
) -> Recommendation:
    return Recommendation(
        "recommended",
        "book",
        name,
        creator,
        creator_inferred=inferred,
        quote=Quote(quote, speaker, at),
        link=Link(f"amazon:{name}"),
    )


CLOCKS = Episode(
    show="Long Seconds",
    title="The town that kept two times for thirty years (Teodor Haas)",
    aired=date(2026, 11, 18),
    duration=5280,
    dek=prose(
        "A clockmaker’s grandson explains how a border town ran on railway time and church time at once, and "
        "why the children were the only ones who were never late."
    ),
    guests=(Guest("Teodor Haas", "Restores tower clocks"), Guest("Lene Vik", "Archivist of the town")),
    gist=(
        prose(
            "Railway time came in 1874 and stopped at the station door. The church, eleven minutes behind, "
            "rang for work, and the factory paid by the bell. Haas found the ledgers in which the difference "
            "was booked, minute by minute, as a loan to the parish."
        ),
        prose(
            "What ended it was not a law but a football match whose second half two teams began eleven "
            "minutes apart."
        ),
    ),
    reveals=(
        prose(
            "For thirty years the town booked eleven minutes a day as a loan from the factory to the church."
        ),
        prose("The station clock had two minute hands, one painted red so that priests would not use it."),
        prose("No accident on the line was ever put down to the two times; three weddings were."),
        prose("The loan was never paid back, and the parish still lists it."),
    ),
    takeaways=(
        prose("A tower clock loses more time to pigeons than to wear."),
        prose("Most people did not own a watch: they owned a neighbour who did."),
        prose("Eleven minutes is what the sun needs from the one end of the parish to the capital."),
        prose("The red hand hangs in the town hall, and it is still wound."),
    ),
    recommendations=(
        _book(
            "Borrowed Minutes",
            "Lene Vik",
            "It’s her book so I have to say it, but no — it’s the ledgers that, that make you laugh.",
            "Teodor Haas",
            1212,
        ),
        Recommendation(
            "recommended",
            "product",
            "A loupe with a lamp",
            quote=Quote(
                "Buy the ugly one. The pretty ones all have the lamp in the wrong place.", "Teodor Haas", 3005
            ),
        ),
    ),
)

SALT = Episode(
    show="Crumb",
    title="Salt that remembers the sea it came from",
    aired=date(2026, 11, 17),
    duration=2710,
    dek=prose("Why two salts with the same analysis cure a ham differently, measured rather than tasted."),
    guests=(Guest("Ignacio Perea"),),
    gist=(
        prose(
            "Perea cured forty hams from one farm with eight salts and weighed them weekly for two years. "
            "Grain and moisture explained nearly everything; origin explained almost nothing."
        ),
    ),
    reveals=(
        prose("The most expensive salt of the eight lost to road salt that had been washed and dried."),
        prose("Grain size alone predicted the weight of a ham after a year to within forty grams."),
        prose("He sold the winning hams under eight labels, and customers swore they could tell them apart."),
    ),
    takeaways=(
        prose("Weigh salt; a spoon of coarse salt holds half as much as one of fine."),
        prose("A ham that is turned cures faster on the side that was up first."),
    ),
    recommendations=(
        _book(
            "The Patience of Hams",
            None,
            "Everyone quotes it, um, nobody has weighed anything.",
            "Ignacio Perea",
            1804,
        ),
    ),
)

MAPS = Episode(
    show="Lost and Found",
    title="The map error that fed a village",
    aired=date(2026, 11, 16),
    duration=4020,
    dek=prose(
        "A surveyor drew a spring where there was none; a century of subsidies followed it, and so, in the "
        "end, did the water."
    ),
    guests=(Guest("Noor Jansen", "Historian of maps"),),
    gist=(
        prose(
            "The spring was a copyist’s blot. It entitled the village to a well fund, the fund paid for a "
            "pipeline, and the pipeline is the reason why there is a village to ask today."
        ),
    ),
    reveals=(
        prose("The spring on the official map was a blot of ink, and it brought in money for 104 years."),
        prose("Two inspectors saw that there was no spring, and both wrote that it was “seasonal”."),
        prose("When the pipeline came, it was laid to the blot, to the metre."),
        prose("The newest map still has it; it is now a protected monument."),
    ),
    takeaways=(prose("A blot is round, a spring is not: copyists knew, and engravers did not ask."),),
    recommendations=(
        _book(
            "Blots",
            "Noor Jansen",
            "I mean I wrote it, so. But the pictures! The pictures are not mine.",
            "Noor Jansen",
            902,
        ),
        _book(
            "How to Lie Politely",
            "E. Marsh",
            "The chapter on footnotes, just that one.",
            "Noor Jansen",
            3110,
            inferred=True,
        ),
    ),
)

BEES = Episode(
    show="Tide Tables",
    title="Bees on a lightship",
    aired=date(2026, 11, 14),
    duration=3065,
    dek=prose("Forty nautical miles out, a keeper found bees, and then found out what they were living on."),
    reveals=(
        prose("The hive lived for six weeks on the varnish of the lifeboats."),
        prose("It came aboard in a crate of oranges, and left with a westerly that lasted nineteen hours."),
        prose("The honey was analysed: four parts sugar, one part linseed."),
    ),
    takeaways=(prose("Bees do not fly over water that they cannot see across."),),
    recommendations=(
        Recommendation(
            "recommended", "media", "The Shipping Forecast, read slowly", "Radio Vell", creator_inferred=True
        ),
    ),
)

GLASS = Episode(
    show="Long Seconds",
    title="Glass does flow, but not in your lifetime or in anybody’s (Prof. Anjali Rao)",
    aired=date(2026, 11, 13),
    duration=6120,
    dek=prose(
        "A physicist on the most stubborn myth in her field, and on the experiment that she runs to annoy it."
    ),
    guests=(Guest("Anjali Rao", "Physicist"),),
    reveals=(
        prose("Old panes are thick at the bottom because glaziers put the heavy edge there on purpose."),
        prose("Her experiment has run for sixteen years and has measured nothing, which is the result."),
        prose("At room temperature a pane would need longer than the universe has had to sag by an atom."),
    ),
    recommendations=(
        _book(
            "Solid Enough",
            "Anjali Rao & Per Lund",
            "My mother read it. My mother liked it! That’s the blurb.",
            "Anjali Rao",
            5511,
        ),
        Recommendation(
            "own",
            "product",
            "Pane, a puzzle",
            "Rao Toys",
            link=Link("https://pane.example/", "See the puzzle"),
        ),
    ),
)

LIFTS = Episode(
    show="Lost and Found",
    title="Who invented the button that closes lift doors, and why it is not connected",
    aired=date(2026, 11, 11),
    duration=2405,
    dek=prose("A lift mechanic opens forty panels and counts the wires."),
    reveals=(
        prose("Of forty buttons that close the door, nine did anything at all, six of those in hospitals."),
        prose("One had been wired to a lamp, so that people would stop complaining; they did."),
    ),
    recommendations=(
        _book(
            "Nothing Happens When",
            "T. Okafor",
            "It’s a, it’s a love letter to relays.",
            "Rosa Lindqvist",
            1401,
        ),
    ),
)

OWLS = Episode(
    show="Crumb",
    title="What the owl knew about the mill",
    aired=date(2026, 11, 10),
    duration=3300,
    dek=prose("Four hundred pellets from one mill, and what they say about a hundred years of flour."),
    reveals=(
        prose(
            "The pellets date the end of stone milling to within a season, better than the mill’s own books."
        ),
        prose("Mice of the roller years are a fifth lighter than those before."),
        prose("There is no owl any more: the flour went first, then the mice."),
    ),
    recommendations=(
        _book("A Year of Pellets", "Hedda Sund", "Read it before lunch, not after.", "Hedda Sund", 777),
    ),
)

ROPES = Episode(
    show="Tide Tables",
    title="The knot that is in no book",
    aired=date(2026, 11, 9),
    duration=1985,
    dek=prose(
        "A harbour pilot shows a knot that three libraries of knots do not have, and says who taught her."
    ),
    reveals=(
        prose("The knot holds only when it is wet, which is why nobody who writes at a desk has found it."),
        prose("Her teacher had it from a prisoner, who had it from a lace maker."),
    ),
    recommendations=(
        _book(
            "Three Thousand Knots",
            None,
            "It is not in there. That’s, um, that’s the recommendation.",
            "Sunniva Dahl",
            640,
        ),
    ),
)

TEN = (CLOCKS, SALT, MAPS, BREAD, BEES, GLASS, HARBOUR, LIFTS, OWLS, ROPES)
