"""How every output of the three command lines is written: files whole, pipes and devices straight, links followed."""

from __future__ import annotations

import os
import re
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO

LONGEST = 255  # bytes of a name that file systems take
LONGEST_NAME = 200  # of one that we make up: the name of a draft is longer than that of its file
_numbers = count()


def is_stream(path: Path) -> bool:
    """Whether `path` is a pipe, a device or what stdout or stderr goes to: it is written once and never replaced."""
    try:
        found = path.stat()
    except OSError:
        return False
    return not stat.S_ISREG(found.st_mode) or _standard(found) is not None


def why_unwritable(path: Path) -> str:
    """Why no file can be written there, in words that follow its name; "" where one can. Nothing is changed.

    Folders that are missing are made for the test and removed after it.
    """
    try:
        try:
            kind = path.stat().st_mode
        except FileNotFoundError:
            kind = stat.S_IFREG
        if stat.S_ISDIR(kind):
            return "is a folder; name a file"
        if stat.S_ISBLK(kind) or stat.S_ISSOCK(kind):
            return "is a disk or a socket; name a file, a pipe or a character device"
        if path.exists() and not os.access(path, os.W_OK):
            return "cannot be written: the file there is read-only"
        if is_stream(path):
            return ""
        target = Path(os.path.realpath(path))
        if path.is_symlink() and not target.parent.exists():  # no folder is made that nobody has named
            return f"is a link into {target.parent}, which is not there"
        if len(os.fsencode(target.name)) > LONGEST:
            return f"cannot be written: its name is longer than {LONGEST} bytes"
        return _why_closed(target.parent, target.name)
    except (OSError, ValueError) as error:  # ValueError: a NUL, or a lone surrogate
        return f"cannot be written: {in_words(error)}"


def why_no_folder(path: Path) -> str:
    """Why no file can be written into the folder `path`, as `why_unwritable` says it. Nothing is changed."""
    try:
        if path.exists() and not path.is_dir():
            return "is a file; name a folder"
        return _why_closed(path, "")
    except (OSError, ValueError) as error:
        return f"cannot be written: {in_words(error)}"


def in_words(error: Exception) -> str:
    """What the operating system says, without the number and the path."""
    said = error.strerror if isinstance(error, OSError) else None
    return (said or str(error) or type(error).__name__).lower()


@contextmanager
def written_whole(path: Path, *, sync: bool = False) -> Iterator[IO[bytes]]:
    """A stream of bytes that becomes the file `path` at the end of the block: a reader sees the old file or the new.

    A link stays a link: the file it points at is replaced. Pipes and devices are written into. A block that raises
    leaves the old file; drafts of processes that were killed are removed.

    Arguments:
        sync: wait until the bytes are on the disk.

    Raises:
        OSError: with the name of the file.
    """
    draft: Path | None = None
    try:
        if is_stream(path):
            with _opened(path, "wb") as stream:
                yield stream
            return
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(target)
        draft = _draft(target, os.getpid())
        with draft.open("wb") as stream:
            yield stream
            if sync:
                stream.flush()
                os.fsync(stream.fileno())
        with suppress(FileNotFoundError):
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        draft.replace(target)
    except OSError as error:
        raise _named(error, path, draft) from None
    finally:
        if draft is not None:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all; what is no Unicode (a lone surrogate) is written as an escape.

    Raises:
        OSError: with the name of the file.
    """
    with written_whole(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))


def opened_to_append(path: Path) -> IO[bytes]:
    """A stream that adds to the file `path`, which starts a new line where a killed process left half of one.

    Raises:
        OSError: with the name of the file.
    """
    try:
        if is_stream(path):
            return _opened(path, "ab")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as stream:
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
                if stream.read(1) != b"\n":
                    stream.write(b"\n")
        return path.open("ab")
    except OSError as error:
        raise _named(error, path) from None


def file_name(text: str) -> str:
    """`text` as the name of a file that stays in its folder; a name that had to be changed ends in its checksum, so
    that no two texts share a file."""
    name = re.sub(r"[^\w.+=-]", "-", text)
    name = "-" + name[1:] if name.startswith(".") else name
    stem, suffix = os.path.splitext(name)
    room = LONGEST_NAME - len(os.fsencode(suffix))
    short = stem.encode("utf-8", "backslashreplace")[: max(room, 0)].decode("utf-8", "ignore")
    if text and short + suffix == text:
        return text
    mark = f"-{zlib.crc32(text.encode('utf-8', 'backslashreplace')):08x}"
    return f"{short}{mark}{suffix if room > 0 else ''}"


def _why_closed(folder: Path, name: str) -> str:
    """Why the file `name` cannot be made in the folder, in words."""
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    probe = _draft(folder / (name or "probe"), os.getpid())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"probe")
        return ""
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
        for part in missing:
            with suppress(OSError):
                part.rmdir()


def _draft(target: Path, process: int) -> Path:
    return target.with_name(f".{_short(target.name)}.{process}-{next(_numbers)}.part")


def _short(name: str) -> str:
    raw = os.fsencode(name)
    return name if len(raw) <= LONGEST_NAME else f"{zlib.crc32(raw):08x}"


def _remove_stale(target: Path) -> None:
    """Remove the drafts of this file whose process is gone."""
    if os.name != "posix":  # elsewhere signal 0 is not a question
        return
    pattern = re.compile(re.escape(f".{_short(target.name)}.") + r"(\d+)-\d+\.part")
    for other in os.listdir(target.parent):
        found = pattern.fullmatch(other)
        if found and not _lives(int(found[1])):
            with suppress(OSError):
                (target.parent / other).unlink()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _standard(found: os.stat_result) -> int | None:
    """The descriptor of stdout or stderr where that is the file found: it writes from its own place in it."""
    for descriptor in (1, 2):
        with suppress(OSError):
            if os.path.samestat(found, os.fstat(descriptor)):
                return descriptor
    return None


def _opened(path: Path, mode: str) -> IO[bytes]:
    descriptor = _standard(path.stat())
    if descriptor is None:
        return path.open(mode)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    return os.fdopen(os.dup(descriptor), "wb")


def _named(error: OSError, path: Path, draft: Path | None = None) -> OSError:
    """The error with the name that the user knows; one about another file stays as it is."""
    own = {None, str(draft), *map(str, (path, *path.parents, *Path(os.path.realpath(path)).parents))}
    if error.filename is not None and str(error.filename) not in own:
        return error
    return type(error)(error.errno, error.strerror or str(error), str(path))
