"""What is wrong with a project's templates, found by compiling each and by rendering an invented note."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from feedmaker import pages
from feedmaker.catalogue import Catalogue, Listed, make_catalogue
from feedmaker.config import Config
from feedmaker.errors import Diagnostic, GateError, TemplateError
from feedmaker.model import Publication, prose
from feedmaker.newsletter import mjml, plain_text
from feedmaker.newsletter.issue import LINE, Correction, Occasion, Reference, Story, compose, length_of
from feedmaker.newsletter.proof import make_proof
from feedmaker.notes.note import Named
from feedmaker.pages import ArchiveRow
from feedmaker.sample import DAY, FULL, MOMENT, SIGNS, sample_entries
from feedmaker.sent import CarriedEpisode, SentIssue
from feedmaker.signup.pages import Pages, every_page
from feedmaker.template_files import own_templates, packaged_folder
from feedmaker.templating import Templates

_COMPILED = (".css", ".html", ".mjml", ".txt")


def template_faults(folder: Path, config: Config | None) -> Iterator[Diagnostic]:
    """Report what is wrong with the templates in `folder`; without `config` they are compiled only.

    A fault may be told more than once, by each way that leads to it.
    """
    templates = Templates(folder)
    names = own_templates(folder)
    used = {path.relative_to(packaged_folder()).as_posix() for path in packaged_folder().rglob("*")}
    known = sorted(used)
    for name in names:
        try:
            if name.endswith(_COMPILED) and templates.is_template(name):
                used |= templates.references(name)
                yield from _unknown_blocks(name, templates)
        except TemplateError as error:
            yield from error.diagnostics
    if config:
        for make in (*_pages(templates, config), *_issues(templates, config), *_signups(templates, config)):
            yield from _faults_of(make, names)
    for name in names:
        if name not in used | templates.loaded():
            yield _unused(name, known)


def _unknown_blocks(name: str, templates: Templates) -> Iterator[Diagnostic]:
    """Find blocks that no template has which this one extends: nobody would ever see them."""
    known = templates.blocks_above(name)
    for block, line in templates.lost_blocks(name):
        near = get_close_matches(block, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
        message = f'what this template extends has no block "{block}", so it is not shown; {hint}'
        yield Diagnostic(f"templates/{name}", line, 1, "unknown-block", message, "warning")


def _unused(name: str, known: list[str]) -> Diagnostic:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "let another template include it, or remove it"
    message = f"nothing is made of this file; {hint}"
    return Diagnostic(f"templates/{name}", 1, 1, "unused-template", message, "warning")


def _faults_of(make: Callable[[], object], own: Sequence[str]) -> Iterator[Diagnostic]:
    try:
        make()
    except TemplateError as error:
        yield from error.diagnostics
    except GateError as error:
        first, *faults = str(error).split("\n")
        for fault in faults or [first]:
            name = plain_text.TEMPLATE if fault.startswith("text part") else mjml.TEMPLATE
            path = f"templates/{name}" if name in own else f"packaged/{name}"
            yield Diagnostic(path, 1, 1, "incomplete-issue", fault)


def _issues(templates: Templates, config: Config) -> Iterator[Callable[[], object]]:
    """Make issues, each part alone, so that the faults of one do not hide those of the other."""
    if config.newsletter is None:
        return
    # What is switched off now can be switched on later, by `edit` or a line of schedule.yaml.
    own = config.newsletter
    letter = own.model_copy(update={"intro": own.intro or (SIGNS,), "outro": own.outro or (SIGNS,)})
    config = config.model_copy(update={"newsletter": letter})
    full, bare = stories = _stories(config)
    corrections = (Correction(Reference(SIGNS, config.site.address), prose(SIGNS)),)
    occasion = Occasion(DAY, config.site.address, f"{config.site.address}logo.png", corrections)
    sections = letter.sections
    whole, short = length_of(FULL, sections, "whole"), length_of(FULL, sections, "short")
    empty = length_of(bare.publication.episode, sections, "whole")
    for content in (
        compose([full, bare, full, bare, full], config, occasion, [whole, empty, short, LINE]),
        compose([bare], config, Occasion(DAY)),
    ):
        yield partial(mjml.render_html, content, templates)
        yield partial(plain_text.render_text, content, templates)
    yield partial(make_proof, stories, config, templates, occasion)


def _signups(templates: Templates, config: Config) -> Iterator[Callable[[], object]]:
    """Make each page where people sign up and leave."""
    if config.newsletter and config.signup:
        yield from every_page(Pages(templates, config), MOMENT)


def _pages(templates: Templates, config: Config) -> Iterator[Callable[[], object]]:
    """Make each kind of page."""
    site, stories = config.site, _stories(config)
    for story in stories:
        said = partial(pages.episode_page, templates, site, story.publication, story.content, story.keys)
        yield partial(said, story.also, has_show_page=True)
    rows = [_row(story.publication) for story in stories]
    tags = pages.topics((rows[0], (tag,)) for tag in FULL.tags)
    yield partial(pages.index_page, templates, site, sample_entries(config))
    yield partial(pages.archive_page, templates, site, rows)
    yield partial(pages.tags_page, templates, site, tags)
    yield partial(pages.tag_page, templates, site, tags[0])
    yield partial(pages.show_page, templates, site, pages.topics([(rows[0], (rows[0].show,))])[0])
    for things in pages.thing_lists(_catalogue(config)):
        yield partial(pages.recommendations_page, templates, site, things)
    yield partial(pages.newsletter_page, templates, site, SIGNS, [_sent(config)])
    yield partial(pages.stylesheet, templates, site)
    yield partial(pages.feed_stylesheet, templates, site)


def _stories(config: Config) -> tuple[Story, Story]:
    """Return the full note, whose things another one recommends as well, and the bare one."""
    full, bare = sample_entries(config)
    keys = pages.default_keys(FULL)
    catalogue = _catalogue(config)
    return Story(*full, keys, [catalogue.others("one", key) for key in keys]), Story(*bare)


def _catalogue(config: Config) -> Catalogue:
    row = _row(sample_entries(config)[0][0])
    named = tuple(Named(item.name, item.medium, item.creator) for item in FULL.recommendations)
    keys = pages.default_keys(FULL)
    return make_catalogue(Listed(path, *row, named, keys) for path in ("one", "other"))


def _row(published: Publication) -> ArchiveRow:
    said = published.episode
    return ArchiveRow(published.url, said.title, said.show, said.aired)


def _sent(config: Config) -> SentIssue:
    address = config.site.address
    carried = (CarriedEpisode(SIGNS, address, (SIGNS,)), CarriedEpisode(SIGNS, address))
    return SentIssue("sample", address, SIGNS, SIGNS, SIGNS, "he", MOMENT, carried, page="")
