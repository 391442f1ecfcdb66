"""Bugs planted in what verify/ says of flows and exactly of descents: error bars, margins, second looks."""

from __future__ import annotations

from _mutant import Mutant

ONE_PATH = "tests/verify/test_one_path.py"
ONE_ENTRY = "tests/verify/test_one_entry.py"
LOOKS_AGAIN = "tests/verify/test_second_looks_of_paths.py"
THRESHOLDS = "tests/verify/test_thresholds.py"
ENGINE = "tests/verify/test_engine.py"
PATHS = "tests/verify/test_path_verdicts.py"
FUNCTIONS = "tests/verify/test_precise_functions.py"
CLAIMS = "tests/verify/test_built_in_claims.py"

PATH = "verify/_judge_path.py"
BARS = "verify/_bars.py"

IN_JUDGED_PATHS = (
    # -- flows
    Mutant(
        "verify-flow-margin",
        PATH,
        "FLOW_MARGIN = 8.0",
        "FLOW_MARGIN = 8e6",
        "Along a flow a million times the solver's error is allowed.",
        (LOOKS_AGAIN, PATHS, ENGINE),
    ),
    Mutant(
        "verify-flow-error-is-forgotten",
        PATH,
        "FLOW_MARGIN = 8.0",
        "FLOW_MARGIN = 0.0",
        "The solver's error is not part of the error bar of a flow.",
        (LOOKS_AGAIN, PATHS, ENGINE),
    ),
    Mutant(
        "verify-clear-of-solver",
        PATH,
        "CLEAR_OF_SOLVER = 100.0",
        "CLEAR_OF_SOLVER = 0.0",
        "A violation need not stand clear of the solver's error.",
        (LOOKS_AGAIN, PATHS, ENGINE),
    ),
    Mutant(
        "verify-never-clear-of-solver",
        PATH,
        "CLEAR_OF_SOLVER = 100.0",
        "CLEAR_OF_SOLVER = 1e12",
        "Nothing along a flow stands clear of the solver's error.",
        (LOOKS_AGAIN, PATHS, ENGINE),
    ),
    Mutant(
        "verify-flow-violation-that-vanishes",
        PATH,
        "clear = bad & (finest > PERSISTED * fine) & (fine > CLEAR_OF_SOLVER * allowed)",
        "clear = bad & (fine > CLEAR_OF_SOLVER * allowed)",
        "A violation along a flow need not stay when the tolerance is tightened.",
        (LOOKS_AGAIN, PATHS, ENGINE),
    ),
    Mutant(
        "verify-flow-falls-somewhere",
        PATH,
        "if np.all(coarse[bad] > 8 * fine[bad]):",
        "if np.any(coarse[bad] > 8 * fine[bad]):",
        "One entry that falls with the tolerance excuses all others of a flow.",
        (LOOKS_AGAIN, PATHS, ENGINE),
    ),
    Mutant(
        "verify-flow-vanishes-somewhere",
        PATH,
        "if np.all(finest[bad] <= PERSISTED * fine[bad]):",
        "if np.any(finest[bad] <= PERSISTED * fine[bad]):",
        "One entry that vanishes with the tolerance excuses all others of a flow.",
        (LOOKS_AGAIN, PATHS, ENGINE),
    ),
    Mutant(
        "verify-nothing-is-hidden-along-a-flow",
        PATH,
        "return bool(np.any((moves <= rounding * scale) & (scale > COMMON)))",
        "return False",
        "What a large common term hides along a flow is not asked for in 75 digits.",
        (
            ONE_PATH,
            PATHS,
        ),
    ),
    Mutant(
        "verify-tolerance-of-a-large-term",
        PATH,
        "solved = np.where(scale <= COMMON, FINE * scale, 0.0)",
        "solved = FINE * scale",
        "The tolerance of the solver is allowed of a large common term, too.",
        (
            ONE_PATH,
            PATHS,
        ),
    ),
    Mutant(
        "verify-wide-bars-of-flows",
        BARS,
        "CEILING = 1e-6",
        "CEILING = 1.0",
        "Along a path an error bar as large as the quantity itself counts as evidence.",
        (THRESHOLDS, PATHS),
    ),
    Mutant(
        "verify-every-size-is-rounding",
        BARS,
        "AT_ROUNDING = 1e-10",
        "AT_ROUNDING = 1e300",
        "Whatever its size, a quantity along a path is what cancellation left of larger ones.",
        (THRESHOLDS, PATHS),
    ),
    Mutant(
        "verify-no-term-is-common",
        BARS,
        "COMMON = 1e3",
        "COMMON = 1e300",
        "No term is large enough to hide what moves.",
        (
            ONE_PATH,
            THRESHOLDS,
            PATHS,
        ),
    ),
    Mutant(
        "verify-bar-of-a-series",
        BARS,
        "values.max(axis=0, keepdims=True, initial=0.0)",
        "values[:1]",
        "The error of a series is that of its first entry.",
        (
            ONE_PATH,
            THRESHOLDS,
            PATHS,
            ENGINE,
            CLAIMS,
        ),
    ),
    Mutant(
        "verify-predicted-does-not-move",
        BARS,
        "in ((relation.measured, other.measured), (relation.predicted, other.predicted)):",
        "in ((relation.measured, other.measured),):",
        "Rounding moves the measured side alone.",
        (THRESHOLDS, PATHS, ENGINE),
    ),
    # -- descents, exactly
    Mutant(
        "verify-better-outcome-counts",
        PATH,
        'return min(outcomes, key=lambda o: ("violated"',
        'return max(outcomes, key=lambda o: ("violated"',
        "Of relations with and without an order the better outcome counts.",
        (
            ONE_ENTRY,
            PATHS,
        ),
    ),
    Mutant(
        "verify-order-beside-exact",
        PATH,
        "if any(relation.order for relation in stated) and not (outcomes and outcomes[0].status",
        "if all(relation.order for relation in stated) and not (outcomes and outcomes[0].status",
        "Beside a relation without an order those with one are not judged.",
        (
            ONE_ENTRY,
            PATHS,
        ),
    ),
    Mutant(
        "verify-common-term-of-a-descent",
        PATH,
        "if np.all(violation <= allowed) and not np.any(wide | common):",
        "if np.all(violation <= allowed) and not np.any(wide):",
        "What a large common term hides in a descent is not asked for in 75 digits.",
        (
            ONE_PATH,
            PATHS,
        ),
    ),
    Mutant(
        "verify-descent-constants",
        PATH,
        "CONSTANTS = 1e-13",
        "CONSTANTS = 1.0",
        "Whatever a descent shows may come from a rounded constant.",
        (LOOKS_AGAIN, PATHS, ENGINE),
    ),
    Mutant(
        "verify-rounded-constant-in-a-descent",
        PATH,
        "CONSTANTS = 1e-13",
        "CONSTANTS = 0.0",
        "A rounded constant in a claim about a descent refutes it.",
        (LOOKS_AGAIN, PATHS, FUNCTIONS),
    ),
    Mutant(
        "verify-gone-in-a-descent",
        PATH,
        "gone = (ratio(fine, scale) <= NOTHING)",
        "gone = (ratio(fine, scale) <= 1e-3)",
        "In 75 digits a thousandth of a descent's values is nothing.",
        (LOOKS_AGAIN, PATHS, ENGINE),
    ),
    Mutant(
        "verify-descent-must-change",
        PATH,
        "same = np.abs(finest - fine) <= PERSISTED * fine",
        "same = np.abs(finest - fine) <= 1e9 * fine",
        "A violation in 75 digits need not be the same in 300.",
        (LOOKS_AGAIN, PATHS),
    ),
    Mutant(
        "verify-descent-within-its-flow",
        PATH,
        "& (fine > clear) & (fine > bar) &",
        "& (fine > bar) &",
        "A descent held against a solved flow is refuted within that flow's error.",
        (LOOKS_AGAIN, PATHS, FUNCTIONS),
    ),
    Mutant(
        "verify-flow-of-a-descent-is-exact",
        PATH,
        "    if with_flow:\n        of_flow =",
        "    if False:\n        of_flow =",
        "The flow beside a descent has no error.",
        (
            ONE_PATH,
            PATHS,
            FUNCTIONS,
        ),
    ),
)
