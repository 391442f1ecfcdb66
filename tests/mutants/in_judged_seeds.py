"""Bugs planted in what verify/ says of Seeds: the level, the ladder of runs, resampling, the second set."""

from __future__ import annotations

from _mutant import Mutant

LADDER = "tests/verify/test_seed_ladder.py"
CONCLUSIONS = "tests/verify/test_conclusions.py"
EARNED = "tests/verify/test_earned_verdicts.py"
SEEDS = "tests/verify/test_seeds_verdicts.py"
SUBJECTS = "tests/verify/test_subjects.py"

LOOKS = "verify/_judge_seeds.py"
SPREADS = "verify/_resampling.py"
RUNS = "verify/_seeds.py"

IN_JUDGED_SEEDS = (
    Mutant(
        "verify-seeds-level",
        SPREADS,
        "LEVEL = 0.999",
        "LEVEL = 0.5",
        "The interval over seeds misses the truth every other time.",
        (CONCLUSIONS, SEEDS),
    ),
    Mutant(
        "verify-seeds-one-rung",
        LOOKS,
        "COUNTS = (24, 96, 384, 1536)",
        "COUNTS = (24,)",
        "More runs are never asked for.",
        (
            LADDER,
            SEEDS,
            SUBJECTS,
        ),
    ),
    Mutant(
        "verify-seeds-no-last-rung",
        LOOKS,
        "COUNTS = (24, 96, 384, 1536)",
        "COUNTS = (24, 96, 384)",
        "Where 1536 runs would decide, they are not made.",
        (
            LADDER,
            SEEDS,
            SUBJECTS,
        ),
    ),
    Mutant(
        "verify-seeds-few-are-usual",
        LOOKS,
        "USUAL = 384",
        "USUAL = 24",
        "What no run contradicts holds after 24 runs.",
        (
            LADDER,
            SEEDS,
        ),
    ),
    Mutant(
        "verify-seeds-wide-equalities",
        LOOKS,
        "FINE = 0.1",
        "FINE = 10.0",
        "An equality holds although its bar is ten times its scale.",
        (CONCLUSIONS, SEEDS),
    ),
    Mutant(
        "verify-seeds-same-second-set",
        LOOKS,
        "run(problem, claim.assumes, claim.optimizer, count, 1)",
        "run(problem, claim.assumes, claim.optimizer, count, 0)",
        "The second set of seeds is the first one.",
        (
            LADDER,
            SEEDS,
            SUBJECTS,
        ),
    ),
    Mutant(
        "verify-seeds-second-set-overlaps",
        RUNS,
        "SPREAD = 10_000",
        "SPREAD = 0",
        "The starts of the second set are those of the first.",
        (
            LADDER,
            SEEDS,
            SUBJECTS,
        ),
    ),
    Mutant(
        "verify-seeds-second-set-is-not-heard",
        LOOKS,
        '                if again.status == "violated":\n',
        '                if again.status != "rejected":\n',
        "A violation need not be seen in the second set of seeds.",
        (
            LADDER,
            SEEDS,
        ),
    ),
    Mutant(
        "verify-seeds-lower-end",
        LOOKS,
        "np.where(two_sided, (seen.low > 0) | (seen.high < 0), seen.low > 0)",
        "np.where(two_sided, (seen.low > 0) | (seen.high < 0), seen.high > 0)",
        "A bound over seeds is refuted where only the upper end of its interval lies on the wrong side.",
        (CONCLUSIONS, SEEDS),
    ),
    Mutant(
        "verify-seeds-equality-from-one-side",
        LOOKS,
        "np.where(two_sided, (seen.low > 0) | (seen.high < 0), seen.low > 0)",
        "np.where(two_sided, seen.low > 0, seen.low > 0)",
        "An equality over seeds is refuted from above only.",
        (CONCLUSIONS, SEEDS),
    ),
    Mutant(
        "verify-seeds-upper-end",
        LOOKS,
        "seen.high <= 2 * rounding,",
        "seen.low <= 2 * rounding,",
        "A bound over seeds holds where only the lower end of its interval lies on the right side.",
        (CONCLUSIONS, SEEDS),
    ),
    Mutant(
        "verify-seeds-unsteady-violations",
        LOOKS,
        "seen.low > 0) & seen.steady & ~seen.every",
        "seen.low > 0) & ~seen.every",
        "A statistic that drifts with the number of runs refutes.",
        (CONCLUSIONS, SEEDS),
    ),
    Mutant(
        "verify-seeds-greatest",
        LOOKS,
        "np.where(seen.greatest, seen.point > rounding, np.where(seen.least, False, outside))",
        "np.where(seen.greatest, outside, np.where(seen.least, False, outside))",
        "A single run that exceeds a bound on the largest value does not refute it.",
        (CONCLUSIONS, SEEDS),
    ),
    Mutant(
        "verify-seeds-least",
        LOOKS,
        "np.where(seen.least, False, outside))",
        "outside)",
        "The least of the runs seen refutes as if no run could be less.",
        (CONCLUSIONS, SEEDS),
    ),
    Mutant(
        "verify-seeds-drift",
        SPREADS,
        "DRIFT = 0.15",
        "DRIFT = 1e9",
        "Every statistic counts as steady.",
        (SEEDS,),
    ),
    Mutant(
        "verify-seeds-no-unseen-value",
        SPREADS,
        "NEVER_VARIED = 1e-3",
        "NEVER_VARIED = -1.0",
        "What never varied cannot vary in other runs.",
        (SEEDS,),
    ),
    Mutant(
        "verify-seeds-nothing-beyond",
        SPREADS,
        "BEYOND = 2.0",
        "BEYOND = 0.0",
        "No unseen run lies beyond those seen.",
        (SEEDS,),
    ),
    Mutant(
        "verify-seeds-unseen-share",
        SPREADS,
        "return 1 - ((1 - LEVEL) / 2) ** (1 / count)",
        "return 1 - ((1 + LEVEL) / 2) ** (1 / count)",
        "The share of runs that all of those seen may have missed is next to nothing.",
        (CONCLUSIONS, SEEDS),
    ),
    Mutant(
        "verify-seeds-one-sided-student",
        SPREADS,
        "half = stdtrit(count - 1, (1 + LEVEL) / 2) * deviation",
        "half = stdtrit(count - 1, 0.75) * deviation",
        "Half of the interval over seeds is a probable error.",
        (CONCLUSIONS, SEEDS),
    ),
    Mutant(
        "verify-seeds-undefined-resamples",
        SPREADS,
        "DEFINED = 0.9",
        "DEFINED = 0.0",
        "A statistic that hardly any resample has gets an interval.",
        (
            LADDER,
            SEEDS,
            EARNED,
        ),
    ),
    Mutant(
        "verify-seeds-diverged-are-forgotten",
        RUNS,
        "return Seeds(runs, diverged=count - len(runs))",
        "return Seeds(runs)",
        "Runs that diverged are not counted.",
        (SEEDS,),
    ),
    Mutant(
        "verify-seeds-resampled-entries",
        RUNS,
        "values = stacked[torch.from_numpy(self._rows)]",
        "values = stacked[torch.from_numpy(np.arange(self.count) % len(self.runs))]",
        "Statistics do not move when the runs are drawn anew.",
        (SEEDS,),
    ),
)
