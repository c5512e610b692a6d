"""The HTML part: Jinja2 first, then MJML. Nothing in it is loaded from elsewhere."""

from __future__ import annotations

import re
from functools import partial

from markupsafe import Markup

from feedmaker.content import prose_html
from feedmaker.errors import Diagnostic, TemplateError
from feedmaker.merchants import PAID_MARK, PAID_REL
from feedmaker.model import Prose
from feedmaker.newsletter.issue import IssueContent
from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.newsletter.lint import Fault, mjml_faults
from feedmaker.templating import Templates
from feedmaker.tracing import Traced

TEMPLATE = "newsletter/issue.mjml"
# A note has no such reference, for each & of it is escaped.
_SLOT = f"&#{ord(TOKEN_SLOT)};"
_TAG = re.compile(r"<\w[^<>]*>")
_VALUE = re.compile(r""""[^"]*"|'[^']*'""")
_TITLE = re.compile(r"(?<=<mj-title>)[^<]*")
_CHANGED = re.compile(r"[^ -\[\]-~]")
# The end of a part for Outlook, and the beginning of the next one.
_FOR_OUTLOOK = "<![endif]--><!--[if mso | IE]>"
_BODY = re.compile(r'<body style="(?:word-spacing:normal;)?([^>]*>.*)</body>', re.DOTALL)
_STYLE_SHEET = re.compile(r"<style[^>]*>[^<]*")
_NEEDLESS = re.compile(r"#outlook a \{ padding: 0; \}\s*| outline: none;")
_POSITION = re.compile(r" at position (\d+):\d+$")


def render_html(content: IssueContent, templates: Templates) -> str:
    """Render the HTML part of an issue; raise `TemplateError` where the templates or their MJML are wrong."""
    theme = content.theme
    context = {
        "issue": content,
        "light": theme.light,
        "dark": theme.dark,
        "html": partial(_html, theme.light["link"]),
        "paid_mark": PAID_MARK,
        "paid_rel": PAID_REL,
    }
    try:
        return html_from(templates.render(TEMPLATE, **context))
    except MjmlError:
        # To find the places takes as long again, so only what is wrong is traced.
        traced = templates.traced(TEMPLATE, **context)
    raise TemplateError(_diagnostics(traced))


def _html(link: str, prose: Prose) -> Markup:
    """Write a paragraph for the template; the text in it is escaped already.

    Mail programs that drop the style sheet must not fall back to their own colour of links.
    """
    return Markup(prose_html(prose).replace('<a href="', f'<a style="color:{link}" href="'))  # noqa: S704


class MjmlError(Exception):
    """An MJML text has faults."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(faults)


def html_from(source: str) -> str:
    """Compile an MJML text; raise `MjmlError` where it is wrong."""
    from mjml import mjml2html

    if faults := mjml_faults(source):
        raise MjmlError(faults)
    try:
        # Without `fonts` it would link fonts of others, without a loader it refuses mj-include.
        return _tidy(mjml2html(_guarded(source), fonts={}))
    except ValueError as error:
        raise MjmlError([_refusal(source, str(error))]) from error


def _guarded(source: str) -> str:
    """Write references for what MJML changes in attributes, and in the title, which becomes one.

    It doubles a backslash there, and turns line feeds, joiners, accents and the like into their numbers.
    """
    source = _TAG.sub(lambda tag: _VALUE.sub(_with_references, tag[0]), source.replace(TOKEN_SLOT, _SLOT))
    return _TITLE.sub(_with_references, source)


def _with_references(found: re.Match[str]) -> str:
    return _CHANGED.sub(lambda sign: f"&#{ord(sign[0])};", found[0])


def _refusal(source: str, reason: str) -> Fault:
    """Say what the compiler said, which counts in bytes and does not always say where."""
    found = _POSITION.search(reason)
    at = len(source.encode()[: int(found[1])].decode(errors="ignore")) if found else 0
    return Fault(at, f"not valid MJML: {_POSITION.sub('', reason)}")


def _diagnostics(traced: Traced) -> set[Diagnostic]:
    """Place the faults of a text in its templates, each once, however often a loop repeats it."""
    try:
        html_from(traced.text)
    except MjmlError as error:
        return {_diagnostic(traced, fault) for fault in error.faults}
    return {Diagnostic(f"templates/{TEMPLATE}", 1, 1, "bad-mjml", "it has faults, but not when it is traced")}


def _diagnostic(traced: Traced, fault: Fault) -> Diagnostic:
    place = traced.place(fault.at)
    return Diagnostic(place.path, place.line, place.column, "bad-mjml", fault.message)


def _tidy(html: str) -> str:
    """Write HTML, not XML, leave out what mail programs trip over, and make the whole a landmark.

    What is looked for holds < or >, which are escaped wherever a note speaks, or stands in a style sheet.
    """
    html = html.replace("<!doctype", "<!DOCTYPE", 1).replace("<br/>", "<br>").replace(" />", ">")
    html = html.replace(_FOR_OUTLOOK, "")
    html = _BODY.sub(_landmark, html, count=1)
    html = _STYLE_SHEET.sub(lambda found: _NEEDLESS.sub("", found[0]), html)
    return html.replace(_SLOT, TOKEN_SLOT)


def _landmark(body: re.Match[str]) -> str:
    style, end, content = body[1].partition(">")
    return f'<body style="{style}{end}<main>{content}</main></body>'
