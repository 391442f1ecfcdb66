"""Bugs planted in what verify/ says of orders in the step: levels, limits, resolution, the look in 75 digits."""

from __future__ import annotations

from _mutant import Mutant

ONE_PATH = "tests/verify/test_one_path.py"
ONE_ENTRY = "tests/verify/test_one_entry.py"
LOOKS_AGAIN = "tests/verify/test_second_looks_of_paths.py"
ORDER_TESTS = "tests/verify/test_orders.py"
ENGINE = "tests/verify/test_engine.py"
PATHS = "tests/verify/test_path_verdicts.py"

ORDER = "verify/_judge_order.py"
ORDERS = "verify/_orders.py"

IN_JUDGED_ORDERS = (
    # -- the judge
    Mutant(
        "verify-start-margin",
        ORDER,
        "START_MARGIN = 64.0",
        "START_MARGIN = 64e9",
        "Rounding the start explains everything.",
        (
            ONE_PATH,
            PATHS,
            ENGINE,
        ),
    ),
    Mutant(
        "verify-start-is-exact",
        ORDER,
        "START_MARGIN = 64.0",
        "START_MARGIN = 0.0",
        "Rounding the start explains nothing.",
        (
            ONE_PATH,
            ENGINE,
            PATHS,
        ),
    ),
    Mutant(
        "verify-path-rounding",
        ORDER,
        "PATH_ROUNDING = 1024 * EPS",
        "PATH_ROUNDING = 1e9 * EPS",
        "A path may collect a billion roundings.",
        (ONE_ENTRY, PATHS, ENGINE),
    ),
    Mutant(
        "verify-few-halvings",
        ORDER,
        "HALVINGS = 9",
        "HALVINGS = 4",
        "A batch is followed down four levels only.",
        (
            ONE_PATH,
            PATHS,
            ENGINE,
        ),
    ),
    Mutant(
        "verify-not-deeper-alone",
        ORDER,
        "DEEPEST = 11",
        "DEEPEST = 3",
        "A violation is looked at again at three levels, from which nothing can be told.",
        (
            ONE_PATH,
            PATHS,
            ENGINE,
        ),
    ),
    Mutant(
        "verify-no-work-in-digits",
        ORDER,
        "PRECISE_WORK = 60_000",
        "PRECISE_WORK = 0",
        "No run is repeated in 75 digits.",
        (
            ONE_PATH,
            PATHS,
            ENGINE,
        ),
    ),
    Mutant(
        "verify-flow-hides-orders",
        ORDER,
        "SOLVER = 100.0",
        "SOLVER = 1e9",
        "What is held against a solved flow is resolved to a tenth only.",
        (
            ONE_PATH,
            PATHS,
            ENGINE,
        ),
    ),
    Mutant(
        "verify-flow-resolves-orders",
        ORDER,
        "SOLVER = 100.0",
        "SOLVER = 0.0",
        "What is held against a solved flow is resolved to rounding.",
        (
            ONE_PATH,
            ENGINE,
            PATHS,
        ),
    ),
    Mutant(
        "verify-bounds-are-two-sided",
        ORDER,
        'one_sided=rows[-1].kind in ("at_most", "nonincreasing"), regime',
        "one_sided=False, regime",
        "A bound up to a power of the step is violated by what stays below it.",
        (
            ONE_ENTRY,
            PATHS,
            ENGINE,
        ),
    ),
    Mutant(
        "verify-equalities-are-one-sided",
        ORDER,
        'one_sided=rows[-1].kind in ("at_most", "nonincreasing"), regime',
        "one_sided=True, regime",
        "An equality up to a power of the step is violated from one side only.",
        (
            ONE_ENTRY,
            PATHS,
            ENGINE,
        ),
    ),
    Mutant(
        "verify-every-step-is-asymptotic",
        ORDER,
        "regime=0 if witnessed else self._regime()",
        "regime=0",
        "An order is read off steps that are too coarse for one.",
        (
            LOOKS_AGAIN,
            ONE_PATH,
            PATHS,
            ENGINE,
        ),
    ),
    Mutant(
        "verify-noise-is-confirmed",
        ORDER,
        "trace.told[i].where & (np.abs(last[i].gap()[0].reshape(-1)) > noise[i])",
        "trace.told[i].where",
        "What rounding the start explains is asked in 75 digits as a violation.",
        (LOOKS_AGAIN, ENGINE, PATHS),
    ),
    Mutant(
        "verify-digits-need-not-agree",
        ORDER,
        "if np.any(entries & same & real):",
        "if np.any(entries):",
        "A violation counts as confirmed although 75 digits show something else.",
        (LOOKS_AGAIN, ENGINE, PATHS),
    ),
    Mutant(
        "verify-all-series-are-one",
        ORDER,
        "return np.tile(np.arange(count), shape[0]) if along else np.arange(count)",
        "return np.zeros(math.prod(shape), dtype=int)",
        "A limit in one series hides behind another that vanishes.",
        (ORDER_TESTS, PATHS, ENGINE),
    ),
    Mutant(
        "verify-hidden-is-enough",
        ORDER,
        "1e-40 * np.maximum(seen[at], 1e-300)",
        "1.0 * np.maximum(seen[at], 1e-300)",
        "In 75 digits a discrepancy as large as its operands is below resolution.",
        (LOOKS_AGAIN, PATHS),
    ),
    Mutant(
        "verify-open-in-digits-holds",
        ORDER,
        'if again.status == "halve" or again.status == "violated":',
        'if again.status == "violated":',
        "What has not told its order in 75 digits holds.",
        (LOOKS_AGAIN, PATHS, ENGINE),
    ),
    Mutant(
        "verify-order-of-what-is-hidden",
        ORDER,
        'return _resolved(trace, outcome) if outcome.status == "hidden" else outcome',
        'return replace(outcome, status="holds") if outcome.status == "hidden" else outcome',
        "What stands below the resolution of float64 holds.",
        (
            ONE_PATH,
            PATHS,
        ),
    ),
    # -- reading an order
    Mutant(
        "verify-order-slack",
        ORDERS,
        "SLACK = 0.25",
        "SLACK = 0.9",
        "An order of a tenth counts as first order.",
        (
            ONE_ENTRY,
            ORDER_TESTS,
            PATHS,
            ENGINE,
        ),
    ),
    Mutant(
        "verify-orders-agree-always",
        ORDERS,
        "AGREE = 0.35",
        "AGREE = 50.0",
        "Orders have settled whatever they are.",
        (ORDER_TESTS, ENGINE, PATHS),
    ),
    Mutant(
        "verify-orders-never-agree",
        ORDERS,
        "AGREE = 0.35",
        "AGREE = -1.0",
        "No order ever settles.",
        (ORDER_TESTS, PATHS, ENGINE),
    ),
    Mutant(
        "verify-limits-agree-always",
        ORDERS,
        "LIMITS_AGREE = 0.2",
        "LIMITS_AGREE = 1e9",
        "Two extrapolated limits agree whatever they are.",
        (ORDER_TESTS, PATHS, ENGINE),
    ),
    Mutant(
        "verify-no-limit-is-bounded",
        ORDERS,
        "BOUNDED = 0.1",
        "BOUNDED = 0.99",
        "A limit counts only where it is all of the discrepancy.",
        (ORDER_TESTS, PATHS, ENGINE),
    ),
    Mutant(
        "verify-every-limit-is-bounded",
        ORDERS,
        "BOUNDED = 0.1",
        "BOUNDED = 1e-12",
        "Whatever extrapolation leaves is a limit.",
        (ORDER_TESTS, PATHS, ENGINE),
    ),
    Mutant(
        "verify-leftover-need-not-fall",
        ORDERS,
        "FALLS = 0.6",
        "FALLS = 1.5",
        "What extrapolation leaves may grow when the step is halved.",
        (ORDER_TESTS, PATHS, ENGINE),
    ),
    Mutant(
        "verify-noise-stands",
        ORDERS,
        "STANDS = 8.0",
        "STANDS = 0.0",
        "Orders are read off what is below its resolution.",
        (ORDER_TESTS, ENGINE, PATHS),
    ),
    Mutant(
        "verify-nothing-stands",
        ORDERS,
        "STANDS = 8.0",
        "STANDS = 8e7",
        "A discrepancy must exceed its resolution a hundred million times before it says anything.",
        (ORDER_TESTS, PATHS, ENGINE),
    ),
    Mutant(
        "verify-nothing-hides",
        ORDERS,
        "HIDES = 1e-3",
        "HIDES = 1e9",
        "What is below its resolution needs no second look.",
        (ORDER_TESTS, PATHS),
    ),
    Mutant(
        "verify-order-of-the-right-side",
        ORDERS,
        "wrong = np.maximum(signed, 0.0) if one_sided else signed",
        "wrong = np.maximum(-signed, 0.0) if one_sided else signed",
        "Of a bound up to a power of the step what lies on its right side is judged.",
        (ORDER_TESTS, PATHS),
    ),
    Mutant(
        "verify-rest-is-a-limit",
        ORDERS,
        " & (orders.min(axis=0) >= 0.4)",
        "",
        "A discrepancy that has hardly begun to fall has settled at a lower order.",
        (ORDER_TESTS, PATHS, ENGINE),
    ),
    Mutant(
        "verify-sign-of-a-limit",
        ORDERS,
        "(limits[1] * np.sign(last[-1]) >= BOUNDED * size)",
        "(np.abs(limits[1]) >= BOUNDED * size)",
        "A limit on the other side of zero counts.",
        (ORDER_TESTS, PATHS, ENGINE),
    ),
)
