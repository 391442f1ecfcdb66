"""Real tensors: arrays from .npy and .npz files (never pickle), images, and two that come with installed packages."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from numerics._arrays import COPIES, check_entries, read_array, read_arrays
from numerics._errors import UsageError
from numerics._keys import closest

SHIPPED = ("kinetic", "astronaut")
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


def load_tensor(source: str) -> Float[np.ndarray, "..."]:
    """The tensor called `source`, or in the file `source`, as float64.

    Raises:
        UsageError: if there is none, it cannot be read, or it is not a finite real tensor that is not all zero.
    """
    if source in SHIPPED:
        values = _shipped(source)
    else:
        path = Path(source)
        if not path.is_file():
            raise UsageError(f"data={source}: no such file{closest(source, SHIPPED)} (shipped: {', '.join(SHIPPED)})")
        values = _from_file(path)
    if values.dtype.kind not in "biuf":
        raise UsageError(f"data={source}: holds {values.dtype} values; give real numbers")
    values = np.asarray(values, dtype=np.float64)
    if values.ndim < 1 or not values.size:
        raise UsageError(f"data={source}: the tensor has shape {values.shape}; give at least one mode and one entry")
    if not np.isfinite(values).all():
        raise UsageError(f"data={source}: holds NaN or infinity; replace or remove such entries")
    if not values.any():
        raise UsageError(f"data={source}: all entries are zero; there is nothing to learn")
    return values


def _from_file(path: Path) -> np.ndarray:
    suffix = path.suffix.lower()
    try:
        if suffix == ".npy":
            return read_array(path)
        if suffix == ".npz":
            arrays = read_arrays(path, copies=COPIES)
            if len(arrays) != 1:
                raise UsageError(f"data={path}: holds {len(arrays)} arrays; save exactly one")
            return next(iter(arrays.values()))
        if suffix in IMAGES:
            from imageio.v3 import improps
            from skimage.io import imread

            check_entries(path, improps(path).shape)  # of its header
            return np.asarray(imread(path))
    except UsageError as error:
        said = str(error)
        raise UsageError(said if said.startswith("data=") else f"data={said}") from None
    except ImportError:
        raise UsageError(f"data={path}: images need scikit-image; pip install 'deep-tucker-verify[data]'") from None
    except ValueError as error:
        if "pickle" in str(error).lower():
            raise UsageError(f"data={path}: is pickled or damaged, which is refused; save a plain array") from None
        raise UsageError(f"data={path}: cannot be read ({error})") from None
    except Exception as error:  # a damaged file can fail in any way a decoder knows
        raise UsageError(f"data={path}: cannot be read ({type(error).__name__})") from None
    raise UsageError(f"data={path}: unknown kind {suffix!r}; give .npy, .npz or an image ({', '.join(IMAGES)})")


def _shipped(name: str) -> np.ndarray:
    try:
        if name == "kinetic":
            from tensorly.datasets import load_kinetic

            return np.asarray(load_kinetic().tensor)
        from skimage.data import astronaut

        return np.asarray(astronaut(), dtype=np.float64) / 255
    except ImportError:
        raise UsageError(f"data={name} needs an optional package; pip install 'deep-tucker-verify[data]'") from None
