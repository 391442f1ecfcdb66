"""Real tensors that come with installed packages; no download."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from numerics._data_record import Data
from numerics._errors import UsageError


def _kinetic() -> tuple[np.ndarray, np.ndarray | None]:
    from tensorly.datasets import load_kinetic

    found = load_kinetic()
    return np.asarray(found.tensor), ~np.asarray(found.missing_values_position, dtype=bool)


def _indian_pines() -> tuple[np.ndarray, np.ndarray | None]:
    from tensorly.datasets import load_indian_pines

    return np.asarray(load_indian_pines().tensor), None


def _serology() -> tuple[np.ndarray, np.ndarray | None]:
    from tensorly.datasets import load_covid19_serology

    return np.asarray(load_covid19_serology().tensor), None


def _interleukin() -> tuple[np.ndarray, np.ndarray | None]:
    from tensorly.datasets import load_IL2data

    return np.asarray(load_IL2data().tensor), None  # its missing entries are NaN


def _astronaut() -> tuple[np.ndarray, np.ndarray | None]:
    from skimage.data import astronaut

    return np.asarray(astronaut(), dtype=np.float64) / 255, None


def _chelsea() -> tuple[np.ndarray, np.ndarray | None]:
    from skimage.data import chelsea

    return np.asarray(chelsea(), dtype=np.float64) / 255, None


@dataclass(frozen=True)
class Shipped:
    """A tensor of an installed package: what it is, and its values with the entries that are known (None: by NaN)."""

    words: str
    load: Callable[[], tuple[np.ndarray, np.ndarray | None]]


SHIPPED = {
    "kinetic": Shipped("kinetic fluorescence (TensorLy)", _kinetic),
    "astronaut": Shipped("colour image (scikit-image)", _astronaut),
    "chelsea": Shipped("colour image (scikit-image)", _chelsea),
    "indian-pines": Shipped("hyperspectral image (TensorLy)", _indian_pines),
    "serology": Shipped("COVID-19 serology (TensorLy)", _serology),
    "il2": Shipped("responses of cells to interleukin 2 (TensorLy)", _interleukin),
}


def shipped(name: str) -> Data:
    """The tensor of that name.

    Raises:
        UsageError: the package that it comes with is not installed.
    """
    try:
        values, known = SHIPPED[name].load()
    except ImportError:
        raise UsageError(f"data={name} needs an optional package; pip install 'deep-tucker-verify[data]'") from None
    return Data(values, np.ones(values.shape, dtype=bool) if known is None else known, name, SHIPPED[name].words)
