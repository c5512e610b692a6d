"""Jinja2, set up once for pages and mail: safe by default, and a project's own templates win.

Reads template files and nothing else. Autoescape is on for every template but `.txt`; an unknown name is an
error, never an empty string; whatever fails is a `TemplateError` with the template's file and line.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from traceback import walk_tb
from typing import Any

import jinja2

from feedmaker.errors import TemplateError
from feedmaker.template_files import packaged_folder, template_files
from feedmaker.text import clock, long_date, spoken_duration, utc

# What a template can provoke by its own fault. Anything else is a bug of the program and keeps its traceback.
_FAILURES = (
    *(jinja2.TemplateError, AttributeError, TypeError, ValueError, ArithmeticError, LookupError),
    *(OSError, RecursionError),
)


class Templates:
    """Render templates by name, such as `site/episode.html`.

    `folder` is the project's `templates/`; a file there wins over the packaged one of the same name, and may
    extend it as `packaged/NAME`.
    """

    def __init__(self, folder: Path) -> None:
        self._folders = [folder, packaged_folder()]
        packaged = jinja2.FileSystemLoader(self._folders[1])
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
        """Render a template; raise `TemplateError` naming file and line when that is not possible."""
        try:
            return self._environment.get_template(name).render(context)
        except _FAILURES as error:
            raise self._explain(error, name) from error

    def source(self, name: str) -> str:
        """Return a template as it is written; raise `TemplateError` where it cannot be read."""
        try:
            return self._loader.get_source(self._environment, name)[0]
        except _FAILURES as error:
            raise self._explain(error, name) from error

    def digest(self) -> str:
        """Return a fingerprint of every template file, so that a changed or moved one is noticed."""
        total = hashlib.blake2b(digest_size=16)
        for path in template_files(self._folders[0]):
            total.update(f"{self._shown(str(path))}\0".encode("utf-8", "surrogateescape"))
            total.update(path.read_bytes())
        return total.hexdigest()

    def _explain(self, error: Exception, name: str) -> TemplateError:
        return TemplateError(f"{self._place(error, name)}: {_reason(error)}; mend the template")

    def _place(self, error: Exception, name: str) -> str:
        """Name the template file, and the line in it, where an error arose."""
        if isinstance(error, jinja2.TemplateSyntaxError):
            return f"{self._shown(error.filename or name)}:{error.lineno}"
        frames = walk_tb(error.__traceback__)
        lines = [(frame.f_code.co_filename, line) for frame, line in frames]
        inside = [f"{self._shown(file)}:{line}" for file, line in lines if self._holds(file)]
        return inside[-1] if inside else self._shown(name)

    def _holds(self, filename: str) -> bool:
        return any(Path(filename).is_relative_to(folder) for folder in self._folders)

    def _shown(self, filename: str) -> str:
        """Name a template the way its owner sees it."""
        for folder in self._folders:
            if Path(filename).is_relative_to(folder):
                return f"templates/{Path(filename).relative_to(folder).as_posix()}"
        return f"templates/{filename}"


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return 'it extends or includes itself; "packaged/NAME" is the packaged template of the same name'
    if isinstance(error, jinja2.TemplatesNotFound | jinja2.TemplateNotFound):
        return f'there is no template "{error}"'
    return str(error)
