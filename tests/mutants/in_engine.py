"""Bugs planted in how verify/ sums up its inputs, in what exact arithmetic is sure of, and in checks of rates."""

from __future__ import annotations

from _mutant import Mutant

PRINTED = "tests/verify/test_letters.py"
ONE_ENTRY = "tests/verify/test_one_entry.py"
QUOTIENTS = "tests/verify/test_rate_checks.py"
CONCLUSIONS = "tests/verify/test_conclusions.py"
ENGINE = "tests/verify/test_engine.py"
EARNED = "tests/verify/test_earned_verdicts.py"
PATHS = "tests/verify/test_path_verdicts.py"
SUBJECTS = "tests/verify/test_subjects.py"
COMMAND = "tests/verify/test_verify_command.py"
DRAWN = "tests/verify/test_what_is_drawn.py"
THEOREMS = "tests/verify/test_claims_are_theorems.py"
BROKEN = "tests/verify/test_broken_derivations.py"

RUNNING = "verify/_engine.py"
RATES = "verify/_rates.py"
INPUTS = "verify/_inputs.py"

IN_ENGINE = (
    Mutant(
        "verify-one-kept-input",
        RUNNING,
        "KEPT = 10",
        "KEPT = 1",
        "One input that meets the hypotheses is enough.",
        (CONCLUSIONS, EARNED),
    ),
    Mutant(
        "verify-one-kept-problem-of-seeds",
        RUNNING,
        "KEPT_SEEDS = 3",
        "KEPT_SEEDS = 0",
        "A claim about Seeds needs no problem that meets its hypotheses.",
        (CONCLUSIONS, EARNED, SUBJECTS),
    ),
    Mutant(
        "verify-ten-inputs-whatever-is-asked",
        RUNNING,
        "else min(KEPT, asked)",
        "else KEPT",
        "Ten inputs must be kept although the user asked for fewer.",
        (CONCLUSIONS, EARNED, PATHS),
    ),
    Mutant(
        "verify-kept-inputs-fall-short",
        RUNNING,
        "if len(kept) < enough:",
        "if len(kept) <= enough:",
        "Just enough kept inputs are not enough.",
        (CONCLUSIONS, PATHS, EARNED),
    ),
    Mutant(
        "verify-half-may-be-undecided",
        RUNNING,
        "UNDECIDED, UNDECIDED_PATHS = 0.02, 0.25",
        "UNDECIDED, UNDECIDED_PATHS = 0.5, 0.25",
        "Half of the inputs of a supported claim may be undecided.",
        (CONCLUSIONS, EARNED, ENGINE),
    ),
    Mutant(
        "verify-all-paths-may-be-undecided",
        RUNNING,
        "UNDECIDED, UNDECIDED_PATHS = 0.02, 0.25",
        "UNDECIDED, UNDECIDED_PATHS = 0.02, 1.0",
        "All paths of a supported claim may be undecided.",
        (CONCLUSIONS, PATHS, EARNED),
    ),
    Mutant(
        "verify-paths-as-states",
        RUNNING,
        "(UNDECIDED_PATHS if claim.subject in PATHS else UNDECIDED)",
        "(UNDECIDED if claim.subject in PATHS else UNDECIDED_PATHS)",
        "As many states may be undecided as is allowed of paths.",
        (CONCLUSIONS, EARNED, PATHS),
    ),
    Mutant(
        "verify-unexplained-is-undecided",
        RUNNING,
        "    if unexplained:\n",
        "    if len(unexplained) > UNDECIDED * len(kept):\n",
        "A few unexplained violations do not keep a claim from support.",
        (CONCLUSIONS, EARNED, ENGINE),
    ),
    Mutant(
        "verify-undefined-is-supported",
        RUNNING,
        "    if undefined:\n",
        "    if len(undefined) > UNDECIDED * len(kept):\n",
        "A few inputs without a finite number do not keep a claim from support.",
        (CONCLUSIONS, EARNED, ENGINE),
    ),
    Mutant(
        "verify-negative-without-a-witness",
        RUNNING,
        'return Verdict.INCONCLUSIVE, f"none of {len(kept)} inputs violates the relation"',
        'return Verdict.SUPPORTED, f"none of {len(kept)} inputs violates the relation"',
        "A negative claim without a witness is supported.",
        (CONCLUSIONS, SUBJECTS, ENGINE),
    ),
    Mutant(
        "verify-no-rate-is-checked",
        RUNNING,
        "CHECKED = 8",
        "CHECKED = 0",
        "No rate is held against a difference quotient.",
        (EARNED,),
    ),
    Mutant(
        "verify-no-audit",
        RUNNING,
        'if claim.subject not in ("State", "Target"):\n            return True',
        "if True:\n            return True",
        "Where float64 finds nothing nothing is asked in 75 digits.",
        (EARNED, ONE_ENTRY),
    ),
    Mutant(
        "verify-inequalities-are-exact",
        RUNNING,
        "exact = exact and self._is_identity",
        "exact = exact or self._is_identity",
        "A statement is EXACT where it is an identity, or where it held exactly.",
        (EARNED,),
    ),
    Mutant(
        "verify-small-numbers-are-counted",
        RUNNING,
        "large, bits = sum(other is not problem for problem, other in pairs), self.inputs.exact_bits",
        "large, bits = sum(True for problem, other in pairs), self.inputs.exact_bits",
        "Inputs of small numbers count as random ones of 60 bits in what an exact identity is sure of.",
        (EARNED,),
    ),
    Mutant(
        "verify-certainty-of-twice-the-bits",
        INPUTS,
        "exact_bits = EXACT_BITS",
        "exact_bits = 2 * EXACT_BITS",
        "Exact identities are said to rest on twice as many random bits as they do.",
        (EARNED, DRAWN),
    ),
    Mutant(
        "verify-no-large-numbers",
        INPUTS,
        "problem if index % 2 else with_large_numbers(problem, index)",
        "problem",
        "Exact identities are tried on small whole numbers only.",
        (EARNED, DRAWN),
    ),
    Mutant(
        "verify-proofs-need-not-check",
        RUNNING,
        "            if proof.holds:\n                result.verdict, result.range = Verdict.PROVED",
        "            if True:\n                result.verdict, result.range = Verdict.PROVED",
        "A derivation that does not check proves a claim.",
        (BROKEN,),
    ),
    Mutant(
        "verify-proof-against-an-input",
        RUNNING,
        "if proof is not None and proof.holds:\n            result.verdict = Verdict.ERROR",
        "if proof is not None and not proof.holds:\n            result.verdict = Verdict.ERROR",
        "An input that contradicts a proof is no error.",
        (THEOREMS, BROKEN),
    ),
    Mutant(
        "verify-unscaled-letter-of-a-path",
        RUNNING,
        "problem = smaller.for_path(claim.assumes) if claim.subject in PATHS else smaller",
        "problem = smaller",
        "The counterexample of a path is not scaled as its run was.",
        (
            "tests/verify/test_counterexamples.py",
            PRINTED,
            COMMAND,
            PATHS,
        ),
    ),
    Mutant(
        "verify-real-data-hold",
        RUNNING,
        '"violated": Verdict.REFUTED, "undefined"',
        '"violated": Verdict.SUPPORTED, "undefined"',
        "A claim that real data contradict is supported.",
        (
            ONE_ENTRY,
            COMMAND,
            SUBJECTS,
        ),
    ),
    # -- rates
    Mutant(
        "verify-rate-agrees-always",
        RATES,
        "    1e-3  # a lost derivative",
        "    1e3  # a lost derivative",
        "A rate may be a thousand times its difference quotient.",
        (QUOTIENTS, EARNED),
    ),
    Mutant(
        "verify-rate-agrees-by-half",
        RATES,
        "    1e-3  # a lost derivative",
        "    0.6  # a lost derivative",
        "A rate may be off by half of its difference quotient.",
        (QUOTIENTS, EARNED),
    ),
    Mutant(
        "verify-rates-below-are-zero",
        RATES,
        "NOTHING = 1e-6",
        "NOTHING = 1e6",
        "No rate is told from zero by a difference quotient.",
        (QUOTIENTS, EARNED),
    ),
    Mutant(
        "verify-quotient-is-doubted",
        RATES,
        "QUOTIENT_MARGIN = 100.0",
        "QUOTIENT_MARGIN = 1e15",
        "A difference quotient is doubted a million times as much as it should be.",
        (QUOTIENTS, EARNED),
    ),
    Mutant(
        "verify-no-kinks",
        RATES,
        "BEND = 0.4",
        "BEND = -1.0",
        "No rate is seen to be one-sided.",
        (QUOTIENTS, EARNED),
    ),
    Mutant(
        "verify-bends-are-kinks",
        RATES,
        "BEND = 0.4",
        "BEND = 0.9",
        "A smooth function that bends has a kink.",
        (QUOTIENTS, EARNED, ENGINE),
    ),
    Mutant(
        "verify-rate-backwards-in-time",
        RATES,
        "one_sided = 2 * forward - (far_ahead - here) / (2 * step)",
        "one_sided = 2 * backward - (here - far_back) / (2 * step)",
        "At a kink the rate is the one backward in time.",
        (QUOTIENTS, EARNED),
    ),
    Mutant(
        "verify-kinks-are-not-counted",
        RATES,
        "watch.kinks += 1",
        "watch.kinks += 0",
        "Rates at kinks are not counted.",
        (QUOTIENTS, EARNED),
    ),
    Mutant(
        "verify-rate-step-is-coarse",
        RATES,
        "STEP = 2.0**-17",
        "STEP = 2.0**-1",
        "Difference quotients take half the way in which a state moves by its own size.",
        (QUOTIENTS, EARNED, ENGINE),
    ),
)
