"""Reading a file of conjectures: plain Python, whose mistakes come back with file and line."""

from __future__ import annotations

import importlib.util
import sys
import traceback
import types
from pathlib import Path

from numerics import UsageError, closest

from ._claim import Claim, collecting
from ._limits import OutOfTime, time_limit

IMPORT_SECONDS = 60.0
NEW = "; python -m verify new NAME writes a template"

TEMPLATE = '''"""Conjectures about deep Tucker factorization. Run them with

    python -m verify conjectures={file} depth=2,3

Each function states one conjecture; the type of its argument says what it is about:
State (one point of parameter space), Flow (a solved gradient flow), Descent (a real PyTorch run),
Target (a tensor and its representation cost) or Seeds (statistics over random starts).
"""

import torch

from verify import Flow, Seeds, State, Target, assume, at_most, conjecture, constant, equal, nonincreasing


@conjecture(title="Slice norms obey the power law", source="Hariz et al. 2024", assumes="balanced")
def slice_norms_obey_the_power_law(state: State):
    """In a balanced group the norm g of a core slice moves with g^K times its alignment."""
    g = state.slice_norms(mode=0)
    return equal(state.rate(lambda s: s.slice_norms(mode=0)), g**state.depth * state.alignment(mode=0))


@conjecture(title="The loss never rises along the flow")
def loss_never_rises(flow: Flow):
    return nonincreasing(flow.losses)


@conjecture(title="Removing a slice never makes a tensor dearer")
def parts_are_cheaper(target: Target):
    """R_K, the least sum of squared parameters over all factorizations, with and without a slice."""
    part = target.tensor.clone()
    part[0] = 0
    return at_most(target.like(part).representation_cost(), target.representation_cost())


@conjecture(title="At most three runs in ten end with a larger loss", assumes="small")
def most_runs_learn(seeds: Seeds):
    return at_most(seeds.fraction(lambda run: run.losses[-1] > run.losses[0]), 0.3)


@conjecture(title="{title}")
def {name}(state: State):
    """State the theorem here: setting, assumptions, claim, source.

    state.core, state.vectors(mode), state.factor(mode), state.tensor, state.gradient, state.loss,
    state.slice_norms(mode), state.block_norms(mode), state.component(mode, r), state.alignment(mode),
    state.singular_values(mode), state.rate(f) are float64 torch tensors; `assume(condition)` rejects an input.
    """
    g = state.slice_norms(mode=0)
    return at_most(torch.linalg.vector_norm(state.core), g.sum())
'''


def load_conjectures(path: Path) -> list[Claim]:
    """The claims defined in a Python file.

    What cannot be read (a syntax error, an exception while importing, an untyped argument) becomes a claim whose
    verdict is ERROR with file and line; the conjectures before it, and other files, are judged.

    Raises:
        UsageError: no such file, no conjecture inside, or two of one name.
    """
    if path.is_dir():
        raise UsageError(f"conjectures={path} is a folder; name the files in it, e.g. conjectures={path / 'mine.py'}")
    if not path.is_file():
        there = [str(other) for other in path.parent.glob("*.py")]
        near = closest(str(path), there) or closest(f"{path}.py", there)
        raise UsageError(f"conjectures={path}: no such file{near or NEW}")
    text = text_of(path)
    _reach_modules_beside(path.resolve().parent)
    name = f"conjectures_{path.stem}"
    module = types.ModuleType(name)
    module.__file__ = str(path.resolve())
    sys.modules[name] = module
    try:
        with collecting(text) as claims, time_limit(IMPORT_SECONDS):
            exec(compile(text, module.__file__, "exec", dont_inherit=True), module.__dict__)
    except SyntaxError as error:
        claims.append(broken(path, f"syntax error: {error.msg}", error.lineno))
    except OutOfTime:
        claims.append(broken(path, f"importing it took more than {IMPORT_SECONDS:g} s", None))
    except BaseException as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path.resolve())]
        line = frames[-1].lineno if frames else None
        near = ""
        if isinstance(error, ImportError) and error.name == __package__:
            wanted = str(error).split("'")[1] if "'" in str(error) else ""
            near = closest(wanted, sys.modules[error.name].__all__)
        claims.append(broken(path, f"importing it failed: {type(error).__name__}: {error}{near}", line))
    if not claims:
        raise UsageError(
            f"conjectures={path}: no function is decorated with @conjecture; python -m verify new NAME shows how"
        )
    doubled = {claim.id for claim in claims if sum(other.id == claim.id for other in claims) > 1}
    if doubled:
        raise UsageError(f"conjectures={path}: two conjectures are called {min(doubled).replace('-', '_')}; rename one")
    return claims


def text_of(path: Path) -> str:
    """The text of a Python file, read as Python reads it.

    Raises:
        UsageError: it cannot be read, or is no text.
    """
    try:
        return importlib.util.decode_source(path.read_bytes())
    except OSError as error:
        raise UsageError(f"conjectures={path}: {(error.strerror or str(error)).lower()}") from None
    except (SyntaxError, UnicodeDecodeError) as error:
        raise UsageError(f"conjectures={path}: not a Python file ({error})") from None


_FOLDERS: list[str] = []  # of conjecture files, at the end of sys.path: modules beside them never hide installed ones


def _reach_modules_beside(folder: Path) -> None:
    """Let a conjecture file import the modules that lie beside it, and not those beside another conjecture file."""
    for name, module in list(sys.modules.items()):
        origin = getattr(module, "__file__", None)
        elsewhere = origin and {str(Path(origin).parent), str(Path(origin).parent.parent)} & {*_FOLDERS}
        if elsewhere and str(folder) not in elsewhere and _is_beside(name, folder):
            del sys.modules[name]
    for known in _FOLDERS:
        if known in sys.path:
            sys.path.remove(known)
    _FOLDERS[:] = [str(folder), *(known for known in _FOLDERS if known != str(folder))]
    sys.path.extend(known for known in _FOLDERS if known not in sys.path)


def _is_beside(name: str, folder: Path) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()


def broken(path: Path, message: str, line: int | None) -> Claim:
    """What stands in for a file that cannot be read."""
    return Claim.broken(path.stem.replace("_", "-"), message, str(path), line)
