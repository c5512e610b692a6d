"""Transports: the outbox, and how transports are named."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.config import Delivery
from feedmaker.delivery.transports import Envelope, Opening, open_transport
from feedmaker.delivery.transports.outbox import Outbox
from feedmaker.errors import DeliveryError, UsageError

KNOWN = "outbox:, smtp:, smtps:, resend:, listmonk:"
MESSAGE = b"To: ann@example.org\r\n\r\nHello\r\n"


def envelope(recipient: str = "ann@example.org", issue: str = "2026-11-23") -> Envelope:
    """Address a message."""
    return Envelope("letter@example.org", recipient, issue, "<1@example.org>")


def opening(folder: Path) -> Opening:
    """Open transports for a project folder."""
    return Opening(folder, Delivery(), {})


def files(folder: Path) -> list[str]:
    """List all files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("address", "folder"), [("outbox:", "outbox"), ("outbox:mail/out", "mail/out"), ("outbox:.", ".")]
)
def test_outbox_lies_in_the_project_folder(tmp_path: Path, address: str, folder: str) -> None:
    """`outbox:` is the folder outbox/, and `outbox:FOLDER` another one."""
    receipt = open_transport(address, opening(tmp_path)).send(MESSAGE, envelope())

    assert receipt.accepted
    assert receipt.reply == "written to 2026-11-23/ann@example.org.eml"
    assert (tmp_path / folder / "2026-11-23/ann@example.org.eml").read_bytes() == MESSAGE


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("ftp://ann:hunter2@example.org", f'"ftp:" is no transport that feedmaker knows; known: {KNOWN}'),
        ("outbox", f"that is no transport that feedmaker knows; known: {KNOWN}"),
        ("hunter2", f"that is no transport that feedmaker knows; known: {KNOWN}"),
        ("hunter2:x", f"that is no transport that feedmaker knows; known: {KNOWN}"),
        ("", f"that is no transport that feedmaker knows; known: {KNOWN}"),
    ],
)
def test_unknown_transport_is_refused_without_its_password(tmp_path: Path, address: str, named: str) -> None:
    """The text names the known transports and repeats nothing that may be secret."""
    with pytest.raises(UsageError) as raised:
        open_transport(address, opening(tmp_path))

    assert str(raised.value) == named


def test_equal_message_is_not_written_again(tmp_path: Path) -> None:
    """A repeat after a crash leaves the file as it is."""
    outbox = Outbox(tmp_path)
    outbox.send(MESSAGE, envelope())
    path = tmp_path / "2026-11-23/ann@example.org.eml"
    os.utime(path, ns=(7, 7))

    outbox.send(MESSAGE, envelope())

    assert path.stat().st_mtime_ns == 7


def test_other_bytes_replace_the_file(tmp_path: Path) -> None:
    """A message that differs is written whole, and nothing is left beside it."""
    outbox = Outbox(tmp_path)
    outbox.send(b"half", envelope())

    outbox.send(MESSAGE, envelope())

    assert (tmp_path / "2026-11-23/ann@example.org.eml").read_bytes() == MESSAGE
    assert files(tmp_path) == ["2026-11-23/ann@example.org.eml"]


def test_message_is_for_its_owner_only(tmp_path: Path) -> None:
    """Addresses of subscribers are nobody else's business."""
    Outbox(tmp_path).send(MESSAGE, envelope())

    mode = (tmp_path / "2026-11-23").stat().st_mode

    assert stat.S_IMODE(mode) == 0o700


@given(
    st.text(min_size=1) | st.sampled_from(["..", ".", "../../x", "/etc/passwd", "a\0b", "a" * 400, "é" * 90])
)
def test_any_name_is_one_step_down(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """Whatever an address or a slug holds, the file lies two steps below the outbox."""
    folder = tmp_path_factory.mktemp("outbox")

    Outbox(folder).send(MESSAGE, envelope(name, name))

    (only,) = files(folder)
    assert only.count("/") == 1


@given(st.sets(st.text(st.sampled_from("a.@%2E/é"), min_size=1, max_size=5) | st.just("é" * 90), min_size=2))
def test_different_addresses_have_different_files(
    tmp_path_factory: pytest.TempPathFactory, names: set[str]
) -> None:
    """No address takes the place of another one."""
    folder = tmp_path_factory.mktemp("outbox")

    for name in names:
        Outbox(folder).send(MESSAGE, envelope(name))

    assert len(files(folder)) == len(names)


def test_outbox_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Where the folder cannot be made, the text names file and reason, and nothing is left half written."""
    (tmp_path / "outbox").write_text("a file where the folder should be", "utf-8")

    with pytest.raises(DeliveryError, match=r"ann@example\.org\.eml: .*try again|move it away"):
        open_transport("outbox:", opening(tmp_path)).send(MESSAGE, envelope())


def test_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    """Where the last step fails, the temporary file is taken away again."""
    (tmp_path / "2026-11-23/ann@example.org.eml").mkdir(parents=True)

    with pytest.raises(DeliveryError, match="move it away"):
        Outbox(tmp_path).send(MESSAGE, envelope())

    assert files(tmp_path) == []
