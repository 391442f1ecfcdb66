"""Runs `theory._first` from its file, before anything else is imported."""

import os
from importlib.util import module_from_spec, spec_from_file_location

_rooms = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
_spec = spec_from_file_location("_rooms_first", os.path.join(_rooms, "theory", "_first.py"))
assert _spec is not None
assert _spec.loader is not None
_spec.loader.exec_module(module_from_spec(_spec))
