"""All planted bugs, room by room."""

from __future__ import annotations

from in_numerics import IN_NUMERICS
from in_theory import IN_THEORY

MUTANTS = (*IN_THEORY, *IN_NUMERICS)
