"""What is wrong with a project's templates, found by compiling each and by rendering an invented note."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from feedmaker import pages
from feedmaker.catalogue import Listed, make_catalogue
from feedmaker.config import Config
from feedmaker.errors import Diagnostic, GateError, TemplateError
from feedmaker.model import Episode, Publication
from feedmaker.newsletter import mjml, plain_text
from feedmaker.newsletter.gate import check_issue
from feedmaker.newsletter.issue import LINE, SHORT, Correction, Occasion, Reference, Shown, Story, compose
from feedmaker.notes.note import Named
from feedmaker.notes.prose import inline
from feedmaker.pages import ArchiveRow
from feedmaker.sample import sample_entries
from feedmaker.template_files import own_templates, packaged_folder
from feedmaker.templating import Templates

_FORMS = (SHORT, LINE)
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
        if name.endswith(_COMPILED) and templates.is_template(name):
            try:
                used |= templates.references(name)
            except TemplateError as error:
                yield from error.diagnostics
    if config:
        for make in (*_site(templates, config), *_issue(templates, config)):
            yield from _faults_of(make)
    for name in names:
        if name not in used | templates.loaded():
            yield _unused(name, known)


def _unused(name: str, known: list[str]) -> Diagnostic:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "let another template include it, or remove it"
    message = f"nothing is made of this file; {hint}"
    return Diagnostic(f"templates/{name}", 1, 1, "unused-template", message, "warning")


def _faults_of(make: Callable[[], object]) -> Iterator[Diagnostic]:
    try:
        make()
    except TemplateError as error:
        yield from error.diagnostics
    except GateError as error:
        for fault in str(error).split("\n")[1:]:
            name = plain_text.TEMPLATE if fault.startswith("text part") else mjml.TEMPLATE
            yield Diagnostic(f"templates/{name}", 1, 1, "incomplete-issue", fault)


def _issue(templates: Templates, config: Config) -> Iterator[Callable[[], object]]:
    """Make both parts of an issue, each alone, so that the faults of one do not hide those of the other."""
    if config.newsletter is None:
        return
    stories = [Story(*entry) for entry in sample_entries(config)]
    wrong = Correction(Reference("A sample", config.site.address), inline("It was *not* Tuesday."))
    occasion = Occasion(date(2026, 1, 5), config.site.address, corrections=(wrong,))
    content = compose([stories[0], *stories, stories[0]], config, occasion, [Shown(), *_FORMS])
    yield partial(mjml.render_html, content, templates)
    yield partial(plain_text.render_text, content, templates)
    yield lambda: check_issue(
        content, mjml.render_html(content, templates), plain_text.render_text(content, templates)
    )


def _site(templates: Templates, config: Config) -> Iterator[Callable[[], object]]:
    """Make each kind of page."""
    site, entries = config.site, sample_entries(config)
    rows = [_row(published) for published, _ in entries]
    catalogue = make_catalogue(_listed(path, rows[0], entries[0][0].episode) for path in ("one", "other"))
    keys = pages.default_keys(entries[0][0].episode)
    mentions = [catalogue.others("one", key) for key in keys], ()
    for (published, content), also in zip(entries, mentions, strict=True):
        yield partial(pages.episode_page, templates, site, published, content, also=also, has_show_page=True)
    yield partial(pages.index_page, templates, site, entries)
    yield partial(pages.archive_page, templates, site, rows)
    tags = pages.topics((rows[0], (tag,)) for tag in entries[0][0].episode.tags)
    yield partial(pages.tags_page, templates, site, tags)
    yield partial(pages.tag_page, templates, site, tags[0])
    yield partial(pages.show_page, templates, site, pages.topics([(rows[0], (rows[0].show,))])[0])
    for each in pages.thing_lists(catalogue):
        yield partial(pages.recommendations_page, templates, site, each)
    yield partial(pages.stylesheet, templates, site)
    yield partial(pages.feed_stylesheet, templates, site)


def _row(published: Publication) -> ArchiveRow:
    said = published.episode
    return ArchiveRow(published.url, said.title, said.show, said.aired)


def _listed(path: str, row: ArchiveRow, episode: Episode) -> Listed:
    named = tuple(Named(item.name, item.medium, item.creator) for item in episode.recommendations)
    return Listed(path, row.url, row.title, row.show, row.aired, named, pages.default_keys(episode))
