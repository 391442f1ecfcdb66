"""Arrays from files, looked at before they are read: a header may promise more than the machine or the file holds."""

import zipfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from numerics._errors import UsageError
from numerics._memory import available_bytes

Look = Callable[[tuple[int, ...]], None]  # raises UsageError for a shape that nothing can be done with
COPIES = 8  # float64 arrays of the size of a file's that scaling, masks and means make of it


def read_array(path: Path, look: Look | None = None) -> np.ndarray:
    """The array of a .npy file, never a pickle.

    Arguments:
        look: is shown the shape before anything is read.

    Raises:
        UsageError: it does not fit into memory, or `look` raises it.
        ValueError, OSError, EOFError: it cannot be read.
    """
    with path.open("rb") as stream:
        shape = _check_header(stream, path, path.stat().st_size)
    if look is not None:
        look(shape)
    return np.asarray(np.load(path, allow_pickle=False))


def read_arrays(
    path: Path, *, copies: int = 1, look: Callable[[dict[str, tuple[int, ...]]], None] | None = None
) -> dict[str, np.ndarray]:
    """The arrays of a .npz file, never pickles.

    Arguments:
        copies: float64 arrays of each one's size that will be made.
        look: is shown the shapes by name before anything is read.

    Raises:
        UsageError: one or all of them do not fit into memory, or `look` raises it.
        ValueError, OSError, EOFError, zipfile.BadZipFile: it cannot be read.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        check_bytes(path, sum(member.file_size for member in members))
        shapes = {}
        for member in members:
            with archive.open(member) as stream:
                name = member.filename.removesuffix(".npy")
                shapes[name] = _check_header(stream, path, member.file_size, copies)
    if look is not None:
        look(shapes)
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def check_entries(path: Path, shape: tuple[int, ...], copies: int = COPIES) -> None:
    """Raises: UsageError where an array of that shape, in float64, does not fit into memory."""
    check_bytes(path, 8 * copies * prod(shape), f", {' x '.join(map(str, shape))} entries,")


def check_bytes(path: Path, need: int, what: str = "") -> None:
    """Raises: UsageError where there is less memory than that."""
    have = available_bytes()
    if need > have:
        raise UsageError(
            f"{path}{what} needs {need / 2**30:.1f} GiB of memory and {have / 2**30:.1f} GiB are free: "
            "give a smaller tensor, or a part of this one"
        )


def _check_header(stream: IO[Any], path: Path, size: int, copies: int = COPIES) -> tuple[int, ...]:
    """The shape that a header promises, held against memory and the bytes that follow it."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError("pickled objects")
    check_entries(path, shape, copies)
    header = stream.tell()
    if prod(shape) * dtype.itemsize > size - header:
        raise ValueError(f"its header promises {prod(shape)} entries, of which {size - header} bytes are there")
    return shape
