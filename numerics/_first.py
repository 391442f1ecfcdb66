"""Runs `theory._first` from its file, before anything else is imported."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_spec = spec_from_file_location("_rooms_first", Path(__file__).resolve().parents[1] / "theory" / "_first.py")
assert _spec is not None
assert _spec.loader is not None
_spec.loader.exec_module(module_from_spec(_spec))
