"""The HTML part: Jinja2 first, then MJML. Nothing in it is loaded from elsewhere."""

from __future__ import annotations

from markupsafe import Markup

from feedmaker.content import prose_html
from feedmaker.errors import TemplateError
from feedmaker.merchants import PAID_MARK, PAID_REL
from feedmaker.model import Prose
from feedmaker.newsletter.issue import IssueContent
from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.newsletter.lint import mjml_faults
from feedmaker.templating import Templates

TEMPLATE = "newsletter/issue.mjml"
# MJML changes control characters in attributes and leaves references alone. A note has no such reference, for
# each & of it is escaped.
_SLOT = f"&#{ord(TOKEN_SLOT)};"


def render_html(content: IssueContent, templates: Templates) -> str:
    """Render the HTML part of an issue; raise `TemplateError` where the template or its MJML is wrong."""
    source = templates.render(TEMPLATE, issue=content, html=_html, paid_mark=PAID_MARK, paid_rel=PAID_REL)
    return _html_from(source)


def _html(prose: Prose) -> Markup:
    """Write a paragraph for the template; the text in it is escaped already."""
    return Markup(prose_html(prose))  # noqa: S704


def _html_from(source: str) -> str:
    from mjml import mjml2html

    if faults := mjml_faults(source):
        raise TemplateError("\n".join(f"templates/{TEMPLATE}: {fault}" for fault in faults))
    try:
        # Without `fonts` it would link fonts of others, without a loader it refuses mj-include.
        html = mjml2html(source.replace(TOKEN_SLOT, _SLOT), fonts={})
    except ValueError as error:
        raise TemplateError(f"templates/{TEMPLATE}: not valid MJML: {error}; mend the template") from error
    return html.replace(_SLOT, TOKEN_SLOT)
