"""Commands for the list of those who get issues, and those who must not."""

from feedmaker.cli.subscribers import figures, files, people

__all__ = ["figures", "files", "people"]
