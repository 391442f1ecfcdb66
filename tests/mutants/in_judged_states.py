"""Bugs planted in what verify/ says of a State or a Target: thresholds, second looks, efforts."""

from __future__ import annotations

from _mutant import Mutant

ONE_ENTRY = "tests/verify/test_one_entry.py"
LOOKS_AGAIN = "tests/verify/test_second_looks_of_paths.py"
THRESHOLDS = "tests/verify/test_thresholds.py"
ENGINE = "tests/verify/test_engine.py"
EARNED = "tests/verify/test_earned_verdicts.py"
SUBJECTS = "tests/verify/test_subjects.py"
FUNCTIONS = "tests/verify/test_precise_functions.py"
CLAIMS = "tests/verify/test_built_in_claims.py"

STATE = "verify/_judge_state.py"
TARGET = "verify/_judge_target.py"

IN_JUDGED_STATES = (
    Mutant(
        "verify-state-one-entry-excuses-all",
        STATE,
        "if np.all(relative <= ROUNDING):",
        "if np.any(relative <= ROUNDING):",
        "One entry that agrees excuses all others of a State.",
        (ONE_ENTRY, EARNED, ENGINE),
    ),
    Mutant(
        "verify-state-one-entry-within-its-bar",
        STATE,
        "if np.all(violation <= allowed) and not is_blind(violation, allowed, scale):",
        "if np.any(violation <= allowed) and not is_blind(violation, allowed, scale):",
        "One entry within its error bar excuses all others of a State.",
        (ONE_ENTRY, EARNED, ENGINE),
    ),
    Mutant(
        "verify-noise-forgives",
        STATE,
        "NOISE_MARGIN = 16.0",
        "NOISE_MARGIN = 16e7",
        "Discrepancies of ten million roundings of the input pass as rounding.",
        (ONE_ENTRY, THRESHOLDS, ENGINE, EARNED),
    ),
    Mutant(
        "verify-clear-at-once",
        STATE,
        "CLEAR, CLEARLY = 1e6, 1e-8",
        "CLEAR, CLEARLY = 1.0, 1e-30",
        "What stands just above its error bar needs no second look.",
        (THRESHOLDS, ENGINE, FUNCTIONS),
    ),
    Mutant(
        "verify-state-ceiling",
        STATE,
        "CEILING = 1e-6",
        "CEILING = 1.0",
        "An error bar as large as the values themselves counts as evidence.",
        (THRESHOLDS, EARNED),
    ),
    Mutant(
        "verify-gross-is-fine",
        STATE,
        "GROSS = 1e-3",
        "GROSS = 1e-12",
        "float64 alone refutes by a relative 1e-12 where a function has no counterpart in high precision.",
        (THRESHOLDS, ENGINE),
    ),
    Mutant(
        "verify-float64-alone-always",
        STATE,
        "if outcome.missing and is_gross(violation, allowed, scale):",
        "if outcome.missing:",
        "Without a high-precision counterpart any discrepancy refutes.",
        (ENGINE,),
    ),
    Mutant(
        "verify-gross-within-its-bar",
        STATE,
        "gross & (violation > CLEAR * allowed) & (allowed <= CEILING * scale)",
        "gross & (allowed <= CEILING * scale)",
        "float64 alone refutes although the error bar is not a million times smaller.",
        (THRESHOLDS, ENGINE, EARNED),
    ),
    Mutant(
        "verify-nothing-in-digits",
        STATE,
        "NOTHING = 1e-45",
        "NOTHING = 1e-3",
        "In 75 digits a relative discrepancy of a thousandth is nothing.",
        (THRESHOLDS, EARNED, ENGINE),
    ),
    Mutant(
        "verify-vanished",
        STATE,
        "VANISHED = 1e-20",
        "VANISHED = 10.0",
        "What stays as it is from 75 to 300 digits counts as rounding.",
        (THRESHOLDS, ENGINE, EARNED),
    ),
    Mutant(
        "verify-persisted-states",
        STATE,
        "PERSISTED = 0.1",
        "PERSISTED = 1e-40",
        "What shrinks by forty orders under refinement is a real violation.",
        (THRESHOLDS, ENGINE, EARNED),
    ),
    Mutant(
        "verify-persisted-grows",
        STATE,
        "PERSISTED = 0.1",
        "PERSISTED = 4.0",
        "A violation is real only where it grows under refinement.",
        (THRESHOLDS, ENGINE, EARNED),
    ),
    Mutant(
        "verify-seventy-five-digits-twice",
        STATE,
        "precise, fine, fine_scale = at_precision(MORE_DIGITS)",
        "precise, fine, fine_scale = at_precision(DIGITS)",
        "The look in 300 digits is one in 75 digits again.",
        (THRESHOLDS, ENGINE, EARNED),
    ),
    Mutant(
        "verify-nothing-becomes-something",
        STATE,
        " & np.isfinite(before)",
        "",
        "What is exactly zero in 75 digits and not in 300 is a violation.",
        (THRESHOLDS, ENGINE, EARNED),
    ),
    Mutant(
        "verify-rounded-constants",
        STATE,
        "real = persists & (fine > bar)",
        "real = persists",
        "What a rounded constant explains is a violation.",
        (THRESHOLDS, FUNCTIONS, ENGINE),
    ),
    Mutant(
        "verify-rounded-bar-without-ceiling",
        STATE,
        "if np.any(left & (bar > CEILING * fine_scale)):",
        "if np.any(left & (bar > fine_scale)):",
        "A bar of rounded values as large as the values themselves lets a claim hold.",
        (THRESHOLDS, FUNCTIONS, EARNED),
    ),
    Mutant(
        "verify-exact-with-rounding",
        STATE,
        "if rounding.inexact or not are_exact(stated):",
        "if not are_exact(stated):",
        "A verdict rests on exact arithmetic although a rounded constant took part.",
        (FUNCTIONS,),
    ),
    Mutant(
        "verify-state-may-be-changed",
        STATE,
        "if _versions(state) != before:",
        "if False:",
        "A conjecture may change its State in place.",
        (ENGINE,),
    ),
    # -- targets
    Mutant(
        "verify-minimised-loosely",
        TARGET,
        "MINIMISED = 1e-9",
        "MINIMISED = 0.5",
        "A representation cost may be off by half of itself.",
        (LOOKS_AGAIN, SUBJECTS, CLAIMS),
    ),
    Mutant(
        "verify-one-effort",
        TARGET,
        "EFFORTS = ((1, 0), (2, 1), (6, 2))",
        "EFFORTS = ((1, 0), (1, 0), (1, 0))",
        "A representation cost is held against itself.",
        (LOOKS_AGAIN, SUBJECTS),
    ),
    Mutant(
        "verify-target-one-entry-excuses-all",
        TARGET,
        "if np.all(violation <= allowed) and not is_blind(violation, allowed, scale):\n        if not audit:",
        "if np.any(violation <= allowed) and not is_blind(violation, allowed, scale):\n        if not audit:",
        "One entry that agrees excuses all others of a Target.",
        (ONE_ENTRY, SUBJECTS, EARNED),
    ),
    Mutant(
        "verify-blind-costs-hold",
        TARGET,
        'return Outcome("undecided" if blind else "holds", how=how, **given)',
        'return Outcome("holds", how=how, **given)',
        "A representation cost with an error bar as large as itself lets a claim hold.",
        (LOOKS_AGAIN, SUBJECTS),
    ),
    Mutant(
        "verify-last-effort-is-not-asked",
        TARGET,
        "np.any(bad & (last > PERSISTED * violation) & (violation > 10 * allowed))",
        "np.any(bad & (violation > 10 * allowed))",
        "A violation of a representation cost need not survive the last minimisation.",
        (LOOKS_AGAIN, SUBJECTS),
    ),
)
