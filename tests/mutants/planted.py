"""All planted bugs, room by room."""

from __future__ import annotations

from in_engine import IN_ENGINE
from in_judged_orders import IN_JUDGED_ORDERS
from in_judged_paths import IN_JUDGED_PATHS
from in_judged_seeds import IN_JUDGED_SEEDS
from in_judged_states import IN_JUDGED_STATES
from in_letters import IN_LETTERS
from in_numerics import IN_NUMERICS
from in_theory import IN_THEORY
from in_verify import IN_VERIFY

JUDGED = (*IN_JUDGED_STATES, *IN_JUDGED_PATHS, *IN_JUDGED_ORDERS, *IN_JUDGED_SEEDS)
MUTANTS = (*IN_THEORY, *IN_NUMERICS, *IN_VERIFY, *JUDGED, *IN_ENGINE, *IN_LETTERS)
