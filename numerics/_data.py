"""data=NAME or PATH: the one registry of real tensors; .npy and .npz files (never pickle), images, shipped ones."""

import logging
import warnings
from pathlib import Path

import numpy as np

from numerics._arrays import COPIES, Look, check_entries, read_array, read_arrays
from numerics._data_record import Data
from numerics._errors import UsageError
from numerics._keys import closest
from numerics._shipped import SHIPPED, shipped

IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
TENSOR, MASK = "tensor", "mask"  # arrays of a .npz file; the mask is true where there is a value
SOURCES = f"{', '.join(SHIPPED)}, or a path (.npy, .npz of tensor and mask, image); NaN is a missing entry"


def load_data(source: str, look: Look | None = None) -> Data:
    """The data called `source`, or in the file `source`.

    Arguments:
        look: is shown the shape in a file's header before the file is read; raises UsageError where that is too much.

    Raises:
        UsageError: if there is none, it cannot be read, or it is no real tensor (see `Data`).
    """
    if source in SHIPPED:
        return shipped(source)
    path = Path(source)
    if not path.is_file():
        raise UsageError(f"data={source}: no such file{closest(source, SHIPPED)} (shipped: {', '.join(SHIPPED)})")
    values, known = _from_file(path, look)
    return Data(values, np.ones(values.shape, dtype=bool) if known is None else known, source)


def _from_file(path: Path, look: Look | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Values, and where there is one (None: wherever it is not NaN)."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".npy":
            return read_array(path, look), None
        if suffix == ".npz":
            return _from_archive(path, look)
        if suffix in IMAGES:
            return _from_image(path, look), None
    except UsageError as error:
        said = str(error)
        if said.startswith(str(path)):
            said = f"data={said}"
        raise UsageError(said if said.startswith("data=") else f"data={path}: {said}") from None
    except ImportError:
        raise UsageError(f"data={path}: images need scikit-image; pip install 'deep-tucker-verify[data]'") from None
    except ValueError as error:
        if "pickle" in str(error).lower():
            raise UsageError(f"data={path}: is pickled or damaged, which is refused; save a plain array") from None
        raise UsageError(f"data={path}: cannot be read ({error})") from None
    except Exception as error:  # a damaged file can fail in any way a decoder knows
        raise UsageError(f"data={path}: cannot be read ({type(error).__name__})") from None
    raise UsageError(f"data={path}: unknown kind {suffix!r}; give .npy, .npz or an image ({', '.join(IMAGES)})")


def _from_image(path: Path, look: Look | None) -> np.ndarray:
    from skimage.io import imread

    logger = logging.getLogger("tifffile")  # of a damaged file it says more than the one line
    before, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape = _image_shape(path)
            check_entries(path, shape)
            if look is not None:
                look(shape)
            return np.asarray(imread(path))
    finally:
        logger.disabled = before


def _image_shape(path: Path) -> tuple[int, ...]:
    """The shape that `imread` will return, of the header."""
    from imageio.v3 import improps
    from tifffile import TiffFile

    if path.suffix.lower() in (".tif", ".tiff"):  # improps sees the first page alone
        with TiffFile(path) as file:
            return tuple(file.series[0].shape)
    return tuple(improps(path).shape)


def _from_archive(path: Path, look: Look | None) -> tuple[np.ndarray, np.ndarray | None]:
    def look_at_tensor(shapes: dict[str, tuple[int, ...]]) -> None:
        shape = shapes[_tensor_name(path, list(shapes))]
        if look is not None:
            look(shape)

    archive = read_arrays(path, copies=COPIES, look=look_at_tensor)
    tensor = archive[_tensor_name(path, list(archive))]
    if len(archive) == 1:
        return tensor, None
    if not np.isin(archive[MASK], (0, 1)).all():
        raise UsageError(f"data={path}: the mask holds other values than true and false (1 and 0)")
    return tensor, archive[MASK].astype(bool)


def _tensor_name(path: Path, names: list[str]) -> str:
    if set(names) == {TENSOR, MASK}:
        return TENSOR
    if len(names) != 1:
        raise UsageError(
            f"data={path}: holds {len(names)} arrays ({', '.join(names)}); save one, or two called {TENSOR} and {MASK}"
        )
    return names[0]
