"""What a build would publish and the newsletter would send now, made when it is asked for and kept nowhere.

Nothing that readers see is touched: no file of public/, no lock, no state. What was read of the notes is kept
in an index of its own, `.feedmaker/preview.db`.
"""

from feedmaker.app.previewing.faults import Excerpt, Fault, Place
from feedmaker.app.previewing.feeds import Cell, FeedView, Row
from feedmaker.app.previewing.issues import IssueView
from feedmaker.app.previewing.notes import NoteView
from feedmaker.app.previewing.preview import PageLink, Preview, Shown, State

__all__ = [
    "Cell",
    "Excerpt",
    "Fault",
    "FeedView",
    "IssueView",
    "NoteView",
    "PageLink",
    "Place",
    "Preview",
    "Row",
    "Shown",
    "State",
]
