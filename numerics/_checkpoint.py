"""Checkpoints as .npz written whole or not at all: plain arrays and one JSON text, never pickle."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from numerics._arrays import read_arrays
from numerics._errors import UsageError
from theory.files import written_whole

META = "meta"


def save_checkpoint(path: Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write `arrays` and `meta` to `path`; a reader or a crash sees the old file or the new one, nothing between."""
    with written_whole(path, sync=True) as stream:
        np.savez(stream, allow_pickle=False, **{META: np.array(json.dumps(meta, sort_keys=True)), **arrays})


def load_checkpoint(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and meta of a checkpoint.

    Raises:
        UsageError: if the file is missing, damaged or not a checkpoint.
    """
    try:
        arrays = read_arrays(path)
        meta = json.loads(str(arrays.pop(META)))
    except UsageError as error:
        raise UsageError(f"{error}; it is no checkpoint of a run here: delete it to start anew") from None
    except FileNotFoundError:
        raise UsageError(f"checkpoint {path} does not exist") from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        kind = type(error).__name__
        raise UsageError(f"{path} is not a readable checkpoint ({kind}); delete it to start anew") from None
    return arrays, meta
