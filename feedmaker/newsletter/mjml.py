"""The HTML part: Jinja2 first, then MJML. Nothing in it is loaded from elsewhere."""

from __future__ import annotations

from functools import partial

from markupsafe import Markup

from feedmaker.content import prose_html
from feedmaker.errors import TemplateError
from feedmaker.merchants import PAID_MARK, PAID_REL
from feedmaker.model import Prose
from feedmaker.newsletter.issue import IssueContent
from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.newsletter.lint import mjml_faults
from feedmaker.templating import Templates

TEMPLATE = "newsletter/issue.mjml"
# MJML changes control characters in attributes and leaves references alone. A note has no such reference, for
# each & of it is escaped.
_SLOT = f"&#{ord(TOKEN_SLOT)};"


def render_html(content: IssueContent, templates: Templates) -> str:
    """Render the HTML part of an issue; raise `TemplateError` where the template or its MJML is wrong."""
    theme = content.theme
    source = templates.render(
        TEMPLATE,
        issue=content,
        light=theme.light,
        dark=theme.dark,
        html=partial(_html, theme.light["link"]),
        paid_mark=PAID_MARK,
        paid_rel=PAID_REL,
    )
    return _html_from(source)


def _html(link: str, prose: Prose) -> Markup:
    """Write a paragraph for the template; the text in it is escaped already.

    Mail programs that drop the style sheet must not fall back to their own colour of links.
    """
    return Markup(prose_html(prose).replace('<a href="', f'<a style="color:{link}" href="'))  # noqa: S704


def _html_from(source: str) -> str:
    from mjml import mjml2html

    if faults := mjml_faults(source):
        raise TemplateError("\n".join(f"templates/{TEMPLATE}: {fault}" for fault in faults))
    try:
        # Without `fonts` it would link fonts of others, without a loader it refuses mj-include.
        return _tidy(mjml2html(source.replace(TOKEN_SLOT, _SLOT), fonts={}))
    except ValueError as error:
        raise TemplateError(f"templates/{TEMPLATE}: not valid MJML: {error}; mend the template") from error


def _tidy(html: str) -> str:
    """Write void elements and the doctype as HTML does, not XML; in text every > is escaped."""
    html = html.replace("<!doctype", "<!DOCTYPE", 1).replace("<br/>", "<br>").replace(" />", ">")
    return html.replace(_SLOT, TOKEN_SLOT)
