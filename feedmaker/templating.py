"""Jinja2, set up once for pages and mail: safe by default, and a project's own templates win.

Reads template files and nothing else. Autoescape is on for every template but `.txt`; an unknown name is an
error, never an empty string; whatever fails is a `TemplateError` with the template's file, line and column.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from traceback import walk_tb
from typing import Any, TypeVar

import jinja2
from jinja2 import meta, nodes

from feedmaker.errors import Diagnostic, TemplateError
from feedmaker.template_files import packaged_folder, template_files
from feedmaker.text import clock, long_date, spoken_duration, utc
from feedmaker.tracing import Marking, Traced, places_of

# What a template can provoke by its own fault. Anything else is a bug of the program and keeps its traceback.
_FAILURES = (
    *(jinja2.TemplateError, AttributeError, TypeError, ValueError, ArithmeticError, LookupError),
    *(OSError, RecursionError),
)
_Made = TypeVar("_Made")
_MODULE = re.compile(r"\bfeedmaker(?:\.\w+)*\.(?=\w)")
_QUOTED = re.compile(r"""['"]([^'"]+)['"]""")


class Templates:
    """Render templates by name, such as `site/episode.html`.

    `folder` is the project's `templates/`; a file there wins over the packaged one of the same name, and may
    extend it as `packaged/NAME`.
    """

    def __init__(self, folder: Path) -> None:
        self._folders = {"templates": folder, "packaged": packaged_folder()}
        packaged = jinja2.FileSystemLoader(packaged_folder())
        self._loader = jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(folder),
                packaged,
                jinja2.PrefixLoader({"packaged": packaged}),
            ]
        )
        self._environment = jinja2.Environment(
            loader=self._loader,
            auto_reload=False,  # a build makes its own environment
            autoescape=lambda name: not (name or "").endswith(".txt"),  # noqa: S701 - off in plain text alone
            undefined=jinja2.StrictUndefined,
            finalize=_written,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters |= {
            "clock": clock,
            "long_date": long_date,
            "duration": spoken_duration,
            "utc": utc,
        }

    def render(self, name: str, **context: Any) -> str:
        """Render a template; raise `TemplateError` naming the place where that is not possible."""
        return self._tried(name, lambda: self._environment.get_template(name).render(context))

    def traced(self, name: str, **context: Any) -> Traced:
        """Render a template as `render` does, and know of each character which template wrote it."""
        marking = self._environment.overlay(extensions=[Marking])
        template = self._tried(name, lambda: marking.get_template(name))
        marked = self._tried(name, lambda: template.render(context))
        places = [place._replace(path=self._shown(place.path)) for place in places_of(marking)]
        return Traced.read(marked, places, self._shown(template.filename or name))

    def source(self, name: str) -> str:
        """Return a template as it is written; raise `TemplateError` where it cannot be read."""
        return self._tried(name, lambda: self._loader.get_source(self._environment, name)[0])

    def is_template(self, name: str) -> bool:
        """Tell whether a file is to be rendered; a stylesheet without `{%` and `{{` is taken as it stands.

        `{#`, where a comment of a template begins, is common in compact CSS.
        """
        source = self.source(name)
        return not name.endswith(".css") or "{%" in source or "{{" in source

    def references(self, name: str) -> set[str]:
        """Compile a template and return the names of those that it includes, imports or extends by name.

        Raises `TemplateError` where it cannot be compiled.
        """
        return self._tried(name, lambda: self._references(name))

    def _references(self, name: str) -> set[str]:
        source, filename, _ = self._loader.get_source(self._environment, name)
        self._environment.compile(source, name, filename)
        found = meta.find_referenced_templates(self._environment.parse(source, name, filename))
        return {reference for reference in found if reference}

    def lost_blocks(self, name: str) -> list[tuple[str, int]]:
        """Return name and line of each block that is not shown, for what the template extends has none such.

        Raises `TemplateError` where a template cannot be read.
        """
        blocks = (node for node in self._parsed(name).body if isinstance(node, nodes.Block))
        known = self.blocks_above(name)
        return [(block.name, block.lineno) for block in blocks if known and block.name not in known]

    def blocks_above(self, name: str) -> set[str]:
        """Return the names of the blocks in the templates that a template extends."""
        found: set[str] = set()
        seen = {name}
        above = _extended(self._parsed(name))
        while above and above not in seen:
            seen.add(above)
            parent = self._parsed(above)
            found |= {block.name for block in parent.find_all(nodes.Block)}
            above = _extended(parent)
        return found

    def _parsed(self, name: str) -> nodes.Template:
        return self._tried(name, lambda: self._environment.parse(self.source(name), name))

    def loaded(self) -> set[str]:
        """Return the names of the templates that rendering has needed so far."""
        cache = self._environment.cache
        return {name for _, name in cache.keys()} if cache else set()  # noqa: SIM118 - no mapping to iterate

    def digest(self) -> str:
        """Return a fingerprint of every template file, so that a changed or moved one is noticed."""
        total = hashlib.blake2b(digest_size=16)
        for path in template_files(self._folders["templates"]):
            total.update(f"{self._shown(str(path))}\0".encode("utf-8", "surrogateescape"))
            total.update(path.read_bytes())
        return total.hexdigest()

    def _tried(self, name: str, make: Callable[[], _Made]) -> _Made:
        try:
            return make()
        except _FAILURES as error:
            raise self._explain(error, name) from error

    def _explain(self, error: Exception, name: str) -> TemplateError:
        file, line = self._place(error, name)
        reason = _reason(error)
        column = _column(file, line, reason)
        return TemplateError([Diagnostic(self._shown(file), line, column, "bad-template", reason)])

    def _place(self, error: Exception, name: str) -> tuple[str, int]:
        """Return the template file, and the line in it, where an error arose."""
        if isinstance(error, jinja2.TemplateSyntaxError):
            return error.filename or name, error.lineno
        frames = walk_tb(error.__traceback__)
        lines = [(frame.f_code.co_filename, line) for frame, line in frames]
        inside = [(file, line) for file, line in lines if self._holds(file)]
        return inside[-1] if inside else (name, 1)

    def _holds(self, filename: str) -> bool:
        return any(Path(filename).is_relative_to(folder) for folder in self._folders.values())

    def _shown(self, filename: str) -> str:
        """Name a template the way its owner sees it: a file of the project, or one to extend."""
        for shown, folder in self._folders.items():
            if Path(filename).is_relative_to(folder):
                return f"{shown}/{Path(filename).relative_to(folder).as_posix()}"
        return f"templates/{filename}"


def _extended(parsed: nodes.Template) -> str | None:
    """Return the name of the template that another extends, where it stands as a word."""
    extends = parsed.find(nodes.Extends)
    if extends is None or not isinstance(extends.template, nodes.Const):
        return None
    return str(extends.template.value)


def _written(value: object) -> object:
    """Refuse to write what nobody wants to read: nothing, a list, or something of the program's own."""
    if value is None:
        raise TypeError("there is nothing to write here; ask with {% if %} first")
    if isinstance(value, tuple | list):
        raise TypeError("this is a list, or formatted text; write its members, or html(…) or links.words(…)")
    if is_dataclass(value):
        raise TypeError(f"{type(value).__name__} is no text; write one of its parts")
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return 'it extends or includes itself; "packaged/NAME" is the packaged template of the same name'
    if isinstance(error, jinja2.TemplatesNotFound | jinja2.TemplateNotFound):
        return f'there is no template "{error}"'
    if isinstance(error, UnicodeDecodeError):
        return "the file is not UTF-8; save it as UTF-8"
    return _MODULE.sub("", str(error))


def _column(file: str, line: int, reason: str) -> int:
    """Find in a line what Jinja2, which knows no columns, names in its message; 1 where it names nothing."""
    text = _line(file, line)
    start = text.find("{")
    for word in reversed(_QUOTED.findall(reason)):
        if found := re.compile(rf"(?<!\w){re.escape(word)}(?!\w)").search(text, max(start, 0)):
            return found.start() + 1
    return 1


def _line(file: str, line: int) -> str:
    try:
        lines = Path(file).read_text("utf-8").split("\n")
    except (OSError, ValueError):
        return ""
    return lines[line - 1] if 0 < line <= len(lines) else ""
