"""The findings of an issue: each is found where it was planted, and a good issue has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feedmaker.config import Config
from feedmaker.model import Episode, Guest, Span, prose
from feedmaker.newsletter.checks import CURES, Finding, addresses, find
from feedmaker.newsletter.fit import LIMIT
from feedmaker.newsletter.issue import Correction, Occasion, Reference
from feedmaker.newsletter.proof import Proof, make_proof
from feedmaker.newsletter.reading import HtmlPart
from feedmaker.templating import Templates
from tests.newsletter import samples
from tests.newsletter.samples import BREAD, HARBOUR, stories

TEMPLATES = Templates(Path("no-such-folder"))
PICTURE = "https://notes.example.org/boat.png"
CORRECTION = Correction(
    Reference("An older one", "https://notes.example.org/episodes/older/"),
    (Span("It was "), Span("five", href="https://five.example.org/a?b=1&c=2"), Span(" boats.")),
)
FROM_RIGHT = replace(
    HARBOUR,
    language="ar",
    title="لماذا تمتلئ الموانئ بالطمي",
    guests=(Guest("ماريت أويلاران", "مهندسة أنهار"),),
    reveals=(
        prose("أنفق الميناء على التجريف في تسع سنوات أكثر مما كلف بناؤه كله."),
        prose("القناة الأعمق تمتلئ بسرعة أكبر في الشتاء التالي."),
    ),
    highlights=(),
)
BARE = Episode(show="Crumb", title="Salt", aired=BREAD.aired)


@dataclass(frozen=True)
class Frozen:
    """An issue as the state database holds it."""

    subject: str
    preheader: str
    html: str
    text: str
    size: int


def proof_of(*episodes: Episode, settings: Config, occasion: Occasion = samples.OCCASION) -> Proof:
    """Make a proof of episodes, or of the two samples."""
    return make_proof(stories(*episodes), settings, TEMPLATES, occasion)


def frozen(proof: Proof) -> Frozen:
    """Freeze a proof."""
    return Frozen(proof.subject, proof.preheader, proof.html, proof.text, proof.size)


PAID = samples.config(mail="direct", tag="quay-20")
GOOD = frozen(proof_of(settings=PAID))


def found(issue: Frozen, settings: Config = PAID) -> list[tuple[str, str]]:
    """Return codes and messages of what is found."""
    return [(each.code, each.message) for each in find(issue, settings)]


@pytest.mark.parametrize(
    ("mail", "tag"), [("page", None), ("page", "quay-20"), ("direct", "quay-20"), ("none", "quay-20")]
)
@pytest.mark.parametrize(
    "episodes",
    [(HARBOUR,), (BREAD,), (HARBOUR, BREAD), (HARBOUR,) * 9 + (BREAD,) * 30, (FROM_RIGHT, BREAD)],
    ids=["one", "a short one", "two", "a digest that is cut", "right to left"],
)
def test_good_issue_has_no_findings(mail: str, tag: str | None, episodes: tuple[Episode, ...]) -> None:
    """Whatever is left out to fit, in every direction and by every policy, the checks have nothing to say."""
    settings = samples.config(
        mail=mail,
        tag=tag,
        unsubscribe="https://notes.example.org/leave",
        intro=["Hello *you*, see [the list](https://notes.example.org/episodes/?a=1&b=2).", "More & more."],
        outro="**Until** the next tide, when all of this begins once more.",
        theme={"logo": "https://pictures.example.org/logo.png"},
    )
    occasion = replace(
        samples.OCCASION,
        address="https://notes.example.org/newsletter/2026-11-27/",
        logo="https://pictures.example.org/logo.png",
        corrections=(CORRECTION,),
    )
    proof = proof_of(*episodes, settings=settings, occasion=occasion)

    assert find(proof, settings) == []
    assert find(frozen(proof), settings) == []


def test_title_of_the_site_may_be_long() -> None:
    """Both parts name the site in the same words, so that they agree whatever it is called."""
    title = "Notes from the quay, the ropewalk and everything that lies between the two"
    usual = samples.config()
    settings = usual.model_copy(update={"site": usual.site.model_copy(update={"title": title})})

    assert find(proof_of(settings=settings), settings) == []


def test_note_with_nothing_but_a_title_says_little() -> None:
    """Its preheader does not repeat the subject, and cannot fill a row."""
    settings = samples.config()
    proof = proof_of(BARE, settings=settings)

    assert (proof.subject, proof.preheader) == ("Salt", "Crumb · The Quay Letter · Episode notes")
    assert [each.code for each in find(proof, settings)] == ["short-preheader"]


def html(old: str, new: str, count: int = -1) -> Callable[[Frozen], Frozen]:
    """Replace something in the HTML part, where it has to be."""

    def change(issue: Frozen) -> Frozen:
        assert old in issue.html
        return replace(issue, html=issue.html.replace(old, new, count))

    return change


def text(old: str, new: str) -> Callable[[Frozen], Frozen]:
    """Replace something in the text part, where it has to be."""

    def change(issue: Frozen) -> Frozen:
        assert old in issue.text
        return replace(issue, text=issue.text.replace(old, new))

    return change


def adding(more: str, words: str = "") -> Callable[[Frozen], Frozen]:
    """Put HTML before the end of the body, and words at the end of the text."""
    return lambda issue: replace(
        issue, html=issue.html.replace("</body>", f"{more}</body>"), text=issue.text + words
    )


def changed(**facts: Any) -> Callable[[Frozen], Frozen]:
    """Change what stands beside the parts."""
    return lambda issue: replace(issue, **facts)


DISCLOSURE = "Links marked (paid link) earn us"
SOUNDINGS = "https://soundings.example.org/vell?from=1986&to=2026"
QUOTED = "Throw the oven thermometer away."
PLANTED: list[tuple[Callable[[Frozen], Frozen], str, str]] = [
    (changed(subject=" "), "empty-subject", "the subject is empty"),
    (changed(subject="a" * 79), "long-subject", "the subject has 79 characters, more than 78"),
    (changed(preheader=""), "no-preheader", "there is no preheader"),
    (changed(preheader=GOOD.subject.upper()), "repeated-subject", "the preheader says the same as"),
    (changed(preheader=GOOD.preheader[:19]), "short-preheader", "the preheader has 19 characters"),
    (html("</title>", "</title><p>View it in a browser</p>", 1), "preheader-not-first", "the HTML part does"),
    (changed(html="<html lang=en></html>"), "empty-part", "HTML part: it is empty"),
    (changed(text="\n"), "empty-part", "text part: it is empty"),
    (html("mailto:letter@", "mailto:other@"), "no-way-out", "HTML part: the unsubscribe address is missing"),
    (text("4 Ropewalk", ""), "no-postal-address", "text part: the postal address is missing"),
    (html(DISCLOSURE, ""), "undisclosed", "HTML part: the paid link https://www.amazon.com/"),
    (text("(paid link)", ""), "undisclosed", "text part: the paid link https://www.amazon.com/"),
    (html(' rel="sponsored nofollow"', ""), "undisclosed", "HTML part: the paid link https://www.amazon"),
    (adding('<img src="https://x.example/" alt="">'), "remote-content", "HTML part: <img> loads something"),
    (changed(size=LIMIT + 1), "too-large", "the HTML part has 100,001 bytes, more than 100,000"),
    (html('lang="en"', 'lang="und"'), "no-language", "the HTML part does not say which language"),
    (html('<html lang="en"', "<html"), "no-language", "the HTML part does not say which language"),
    (adding("<h2>Letters</h2> "), "empty-section", 'nothing stands under the heading "Letters"'),
    (adding("<h2>A</h2><h2>B</h2><p>b</p>"), "empty-section", 'nothing stands under the heading "A"'),
    (adding("<h2> <b></b></h2><p>b</p>"), "empty-heading", "a heading of level 2 has no words"),
    (adding("<h2>A</h2><h4>B</h4>b"), "skipped-heading", 'the heading "B" of level 4 follows one of level 2'),
    (html("<h1", "<p><h2>First</h2></p><h1", 1), "skipped-heading", 'the heading "First" of level 2 is the'),
    (adding(f'<img src="{PICTURE}">'), "no-alt", f'the picture "{PICTURE}" has no alt words'),
    (adding(f'<a href="{SOUNDINGS}"> </a>'), "wordless-link", 'the link to "https://soundings'),
    (adding(f'<a href="{SOUNDINGS}"><img src="{PICTURE}" alt=""></a>'), "wordless-link", "the link to"),
    (adding(f'<a href="{SOUNDINGS}">{SOUNDINGS}</a>'), "bare-address", 'the link to "https://soundings'),
    (adding('<a href="/episodes/">All</a>'), "relative-link", 'the address "/episodes/" is not a whole one'),
    (adding('<a href="https://[oops">All</a>'), "relative-link", 'the address "https://[oops" is'),
    (
        adding('<a href="http://notes.example.org/a">A</a>', "\nhttp://notes.example.org/a"),
        "insecure-link",
        'the link to "http://notes.example.org/a" is http, and the site is https',
    ),
    (adding('<a href="{{ unsubscribe_url }}">A</a>'), "left-over", 'the address "{{ unsubscribe_url }}" was'),
    (adding(f'<img alt="" src="{PICTURE}?{{% x %}}">'), "left-over", f'the address "{PICTURE}?{{% x %}}"'),
    (
        adding('<a href="https://new.example.org/">N</a><a href="https://b.example.org/">B</a>'),
        "link-not-in-text",
        'this link of the HTML part is not in the text part: "https://new.example.org/", and 1 more',
    ),
    (
        adding("", "\nAnd see (https://new.example.org/a)."),
        "link-not-in-html",
        'this address of the text part is not in the HTML part: "https://new.example.org/a',
    ),
    (
        text(QUOTED, "Throw it away."),
        "words-not-in-text",
        f'this passage of the HTML part is not in the text part: "{QUOTED}"',
    ),
    (text("Low Water\n", "Water\n"), "words-not-in-text", "this passage of the HTML part is not in"),
    (
        adding("", "\nOnly the readers of this part are told of the boat race."),
        "words-not-in-html",
        'this line of the text part is not in the HTML part: "Only the readers of this part',
    ),
]


@pytest.mark.parametrize(
    ("change", "code", "message"), PLANTED, ids=[f"{n}-{code}" for n, (_, code, _) in enumerate(PLANTED)]
)
def test_planted_fault_is_found(change: Callable[[Frozen], Frozen], code: str, message: str) -> None:
    """The finding has its code, and its message says what is wrong and where."""
    assert any(each == code and said.startswith(message) for each, said in found(change(GOOD)))


def test_every_finding_was_planted() -> None:
    """No check of the parts is without its test; those of links are tested with a server."""
    about_links = {"dead-link", "link-moved", "link-not-checked"}

    assert {code for _, code, _ in PLANTED} == CURES.keys() - about_links


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (f'<img src="{PICTURE}" alt="">', ""),
        ('<h2>A</h2><h3>B</h3><img alt="C" src="data:,">', "A B"),
        (f'<h2>A</h2><img src="{PICTURE}" alt="A boat">', "A"),
        (f'<a href="{SOUNDINGS}"><img src="{PICTURE}" alt="Soundings"></a>', ""),
        ('<a href="#top">Up</a>', ""),
        (f'<a href="{SOUNDINGS}">{SOUNDINGS} and more</a>', ""),
        ('<a href="http://elsewhere.example/">E</a>', "E (http://elsewhere.example/)."),
        ("<p>Put {{ braces }} into a template of yours</p>", "Put {{ braces }} into a template of yours"),
        ("<![if x]><![ x ]><!-- <h2>A</h2> --><!--[if mso]><img><![endif]-->", ""),
        (
            "<p>The boats all came back in the year 1986. It rained.</p>",
            "The boats all came back in the year\n1986. It rained.",
        ),
        ("<ol><li>A boat, a rope and a bucket of tar</li></ol>", " 3. A boat, a rope and a bucket of tar"),
        (
            "<p>A boat, <b>a rope</b>, a <a href='mailto:a@example.org'>bucket</a> of tar</p>",
            "  * A boat, a rope,\n    a bucket [7] of tar\n[7] mailto:a@example.org",
        ),
        ("<p>Short.</p>", "Brief."),
    ],
    ids=str,
)
def test_what_is_no_fault_is_not_found(more: str, words: str) -> None:
    """What looks like a fault at first sight, and is none, is left alone."""
    assert found(adding(more, f"\n{words}\n")(GOOD)) == []


def test_settings_that_changed_since_are_found() -> None:
    """A frozen issue is measured by the settings of today, and made anew by the cure."""
    moved = samples.config(mail="direct", tag="other-21")
    (first, *_) = find(GOOD, moved)

    assert (first.code, first.severity) == ("undisclosed", "error")
    assert "is marked as a paid link, and is none" in first.message
    assert "`feedmaker newsletter edit`" in first.cure


def test_errors_come_first() -> None:
    """What keeps an issue from being approved is told before what does not."""
    severities = [each.severity for each in find(replace(GOOD, subject="a" * 99, text=" "), PAID)]

    assert severities == sorted(severities)
    assert set(severities) == {"error", "warning"}


def test_finding_is_told_in_a_line() -> None:
    """Severity, message, cure and code, as everywhere."""
    (told,) = find(replace(GOOD, subject=""), PAID)

    assert isinstance(told, Finding)
    assert str(told) == (
        "error: the subject is empty; give one with `feedmaker newsletter edit --subject` [empty-subject]"
    )


def test_nobodys_token_is_told() -> None:
    """An address with a reader's token in it is told with a word in place of the token."""
    settings = samples.config(unsubscribe="https://notes.example.org/leave")
    issue = frozen(proof_of(settings=settings))
    told = find(replace(issue, text="Nothing."), settings)

    assert any("leave?token=TOKEN" in each.message for each in told)
    assert "\x7f" not in "".join(map(str, told))


def test_addresses_that_act_or_earn_are_not_asked() -> None:
    """Where readers leave is never asked for, nor is a paid link, which would count as somebody's click."""
    settings = samples.config(mail="direct", tag="quay-20", unsubscribe="https://notes.example.org/leave")
    issue = frozen(proof_of(settings=settings))
    more = '<a href="https://notes.example.org/leave">x</a><a href="https://[oops">y</a><a href="tel:1">z</a>'

    assert set(addresses(issue.html + more, settings)) == {
        "https://notes.example.org/",
        "https://notes.example.org/episodes/episode-0/",
        "https://notes.example.org/episodes/episode-1/",
        "https://soundingline.example/buy",
        SOUNDINGS,
    }


PIECES = """
    < > <! <![ <!-- --> ]]> <a href= </a> <h2> </h3> <img src= " https://[ http://notes.example.org mailto: {{
    sponsored <style> </ &#0; https://www.amazon.com/?tag=quay-20 [1] <blockquote> <title> <html lang=
"""
MARKUP = st.lists(
    st.sampled_from([*PIECES.split(), "\0", "\n\n", "\x7f", "\ud800"]) | st.text(), max_size=30
).map("".join)


@given(MARKUP, MARKUP, MARKUP, MARKUP)
@example("", "", "<!", "https://www.amazon.com/?tag=quay-20")
def test_anything_is_checked(subject: str, preheader: str, page: str, words: str) -> None:
    """Whatever the parts hold, the checks come to an end, and each finding has a known code and a cure."""
    told = find(Frozen(subject, preheader, page, words, len(page)), PAID)

    assert all(each.code in CURES and each.message and each.cure for each in told)
    assert all(isinstance(address, str) for address in addresses(page, PAID))


def test_html_is_read_as_it_is_shown() -> None:
    """Words of links, pictures and headings are told apart from styles, titles, comments and scripts."""
    part = HtmlPart(
        '<html lang="nb"><title>t</title><style>p{}</style><script>var s</script>'
        '<h1>A <em>b</em></h1><a href="x">one<img src="i" alt="two"></a><p>Three &amp; four<br>five</p>'
    )

    assert part.language == "nb"
    assert [(link.address, link.words) for link in part.links] == [("x", "onetwo")]
    assert [(heading.level, heading.words, heading.leads) for heading in part.headings] == [(1, "A b", True)]
    assert part.flow.split() == ["A", "b", "x", "one", "Three", "&", "four", "five"]
