"""All planted bugs, room by room."""

from __future__ import annotations

from in_numerics import IN_NUMERICS
from in_theory import IN_THEORY
from in_verify import IN_VERIFY

MUTANTS = (*IN_THEORY, *IN_NUMERICS, *IN_VERIFY)
