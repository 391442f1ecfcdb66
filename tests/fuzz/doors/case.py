"""One input to a door: the words typed and the folder they are typed in."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = "@HERE@"  # in words and files: the folder of the run, written in when the case is laid out
SENTINEL = "EXECUTED"  # the file that a payload makes
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7)}  # made inside the folder; those of /dev are never named


@dataclass(frozen=True)
class Case:
    """What is typed where; two cases of one seed and number are equal.

    Arguments:
        odd: (name, what, target) for what is no regular file: a fifo, folder, link, sparse file or device node.
        real: through a `python -m` of its own; others run in a fork of a process that has imported the tool.
        stdout: "file", "closed", "full" (a full disk) or "gone" (a pipe that nobody reads).
        prints: the user's own code prints, so control characters on the terminal are not the tool's.
        codes: the exit codes that are right, where the contract leaves no others; empty: what the output says.
    """

    kind: str
    program: str
    words: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    odd: tuple[tuple[str, str, str], ...] = ()
    real: bool = False
    stdout: str = "file"
    environment: tuple[tuple[str, str], ...] = ()
    prints: bool = False
    codes: tuple[int, ...] = ()
    note: str = ""

    def lay_out(self, folder: Path) -> tuple[str, ...]:
        """Write the files into the folder; the words with the folder's name written in."""
        folder.mkdir(parents=True, exist_ok=True)
        here = os.fsencode(folder.resolve())
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.replace(HERE.encode(), here))
        for name, what, target in self.odd:
            _make(folder / name, what, target)
        return tuple(word.replace(HERE, os.fsdecode(here)) for word in self.words)


def _make(path: Path, what: str, target: str) -> None:
    if what == "fifo":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir(parents=True)
    elif what == "link":
        path.symlink_to(target)
    elif what == "sparse":
        with path.open("ab") as file:
            file.truncate(int(target))
    elif what in DEVICES:
        try:
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(*DEVICES[what]))
        except PermissionError:  # only root makes devices; for others a pipe stands for them
            os.mkfifo(path)
    else:
        raise ValueError(what)


def sort_of(path: Path) -> str:
    """What stands at a path, a link not followed: "fifo", "device", "link", "folder", "file" or "nothing"."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return "nothing"
    tests = {"fifo": stat.S_ISFIFO, "device": stat.S_ISCHR, "link": stat.S_ISLNK, "folder": stat.S_ISDIR}
    return next((name for name, test in tests.items() if test(mode)), "file")
