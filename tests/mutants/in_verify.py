"""Bugs planted in verify/: relations, exact and precise arithmetic, claims, shrinking, counterexamples, reports."""

from __future__ import annotations

from _mutant import Mutant

ENGINE = "tests/verify/test_engine.py"
PRECISE = "tests/verify/test_precise.py"
FUNCTIONS = "tests/verify/test_precise_functions.py"
SUBJECTS = "tests/verify/test_subjects.py"
REPORTS = "tests/verify/test_reports.py"
COMMAND = "tests/verify/test_verify_command.py"
CLAIMS = "tests/verify/test_built_in_claims.py"
PROCESSES = "tests/verify/test_processes.py"
SIGNS = "tests/verify/test_relation_signs.py"
CODES = "tests/verify/test_exit_codes.py"
SELECTION = "tests/verify/test_selection.py"
SHRINKING = "tests/verify/test_shrinking.py"
ROUND_TRIP = "tests/verify/test_round_trip.py"
SECOND_LOOK = "tests/verify/test_second_look.py"
COMPARED = "tests/verify/test_what_claims_compare.py"

IN_VERIFY = (
    # -- relations
    Mutant(
        "verify-at-most-sign",
        "verify/_relations.py",
        "np.maximum(signed, 0.0)",
        "np.maximum(-signed, 0.0)",
        "An upper bound is judged as a lower one.",
        (SIGNS, ENGINE),
    ),
    Mutant(
        "verify-nonincreasing-sign",
        "verify/_relations.py",
        "difference, sides = a[1:] - a[:-1], ",
        "difference, sides = a[:-1] - a[1:], ",
        "A series that never grows is judged as one that never falls.",
        (SIGNS, ENGINE),
    ),
    Mutant(
        "verify-constant-may-fall",
        "verify/_relations.py",
        'np.abs(signed) if self.kind in ("equal", "constant")',
        'np.abs(signed) if self.kind == "equal"',
        "A constant series may fall, only a rise is a violation.",
        (SIGNS, ENGINE),
    ),
    Mutant(
        "verify-one-scale-for-all-series",
        "verify/_relations.py",
        "a - a[:1], (torch.abs(a).amax(0, keepdim=True),)",
        "a - a[:1], (torch.abs(a).max().reshape((1,) * a.ndim),)",
        "A small constant series is judged on the scale of the largest one beside it.",
        (SIGNS, ENGINE),
    ),
    Mutant(
        "verify-exact-bound-sign",
        "verify/_relations.py",
        "else (lambda d: d > 0)",
        "else (lambda d: d < 0)",
        "In exact arithmetic an upper bound is judged as a lower one.",
        (SIGNS, ENGINE),
    ),
    Mutant(
        "verify-exact-nonincreasing",
        "verify/_relations.py",
        'if relation.kind == "constant" else a[1:] - a[:-1]\n        bad =',
        'if relation.kind == "constant" else a[:-1] - a[1:]\n        bad =',
        "In exact arithmetic a falling series is judged as a rising one.",
        (SIGNS, ENGINE),
    ),
    Mutant(
        "verify-infinity-is-defined",
        "verify/_relations.py",
        "np.asarray(np.isfinite(_floats(side)))",
        "np.asarray(~np.isnan(_floats(side)))",
        "An infinite operand counts as a number.",
        (SIGNS, ENGINE),
    ),
    Mutant(
        "verify-worst-entry-of-a-series",
        "verify/_relations.py",
        "pair = (measured[index], measured[(0, *index[1:])])",
        "pair = (measured[index], measured[(-1, *index[1:])])",
        "What a constant series is held against is shown as its last value, not its first.",
        (SIGNS, ENGINE),
    ),
    Mutant(
        "verify-order-zero",
        "verify/_relations.py",
        "(isinstance(order, int) and order > 0)",
        "(isinstance(order, int) and order >= 0)",
        "A relation up to the power 0 of the step is accepted.",
        (SIGNS, ENGINE),
    ),
    # -- verdicts and runs
    Mutant(
        "verify-vacuous-is-green",
        "verify/_verdict.py",
        "if Verdict.INCONCLUSIVE in verdicts or Verdict.VACUOUS in verdicts:",
        "if Verdict.INCONCLUSIVE in verdicts:",
        "A run whose claims were vacuous exits with 0.",
        (CODES, COMMAND),
    ),
    Mutant(
        "verify-error-hides-refutation",
        "verify/_verdict.py",
        "if Verdict.REFUTED in verdicts:",
        "if Verdict.REFUTED in verdicts and Verdict.ERROR not in verdicts:",
        "A run with a refutation and an error exits with the code of the error.",
        (CODES, COMMAND, REPORTS),
    ),
    Mutant(
        "verify-interrupted-is-green",
        "verify/_run.py",
        "code = Exit.INTERRUPTED if interrupted else exit_code(",
        "code = exit_code(",
        "An interrupted run exits as if it had ended.",
        (REPORTS, COMMAND),
    ),
    Mutant(
        "verify-examples-and-paths-swapped",
        "verify/_run.py",
        "Settings(config.examples, config.paths,",
        "Settings(config.paths, config.examples,",
        "examples= and paths= are swapped on their way to the engine.",
        (SELECTION, COMMAND),
    ),
    Mutant(
        "verify-claims-twice",
        "verify/_run.py",
        "chosen += [claim for claim in found if claim not in chosen]",
        "chosen += found",
        "A claim that two patterns name is judged twice.",
        (SELECTION, COMMAND),
    ),
    # -- shrinking
    Mutant(
        "verify-shrink-accepts-all",
        "verify/_shrink.py",
        "if time.monotonic() > deadline or not violates(problem):",
        "if time.monotonic() > deadline:",
        "The simplest numbers need not violate the claim.",
        (SHRINKING, ENGINE, CLAIMS),
    ),
    Mutant(
        "verify-shrink-one-step",
        "verify/_shrink.py",
        "while step := first(down((found or known).architecture), deadline):",
        "if step := first(down((found or known).architecture), deadline):",
        "What violates is made smaller once only.",
        (SHRINKING, ENGINE, CLAIMS),
    ),
    Mutant(
        "verify-shrink-largest-first",
        "verify/_shrink.py",
        "for step in sorted(steps, key=sum) if step",
        "for step in sorted(steps, key=sum, reverse=True) if step",
        "Smaller architectures are tried from the largest down.",
        (SHRINKING, ENGINE, CLAIMS),
    ),
    Mutant(
        "verify-problems-without-target-are-one",
        "verify/_shrink.py",
        "arrays = [*problem.blocks.values(), problem.target, problem.counts]",
        "arrays = [*problem.blocks.values(), problem.counts]",
        "Two problems that differ in the target count as the same one.",
        (SHRINKING, ENGINE),
    ),
    # -- built-in claims
    Mutant(
        "verify-excess-is-a-sum",
        "verify/claims/conservation.py",
        "(10 + squares[:, :1] - squares[:, 1:])",
        "(10 + squares[:, :1] + squares[:, 1:])",
        "The quantity that is said to be conserved is a sum of squared norms.",
        (CLAIMS,),
    ),
    Mutant(
        "verify-core-norm-never-grows",
        "verify/claims/conservation.py",
        "torch.relu(-state.rate(lambda s: (s.core * s.core).sum()))",
        "torch.relu(state.rate(lambda s: (s.core * s.core).sum()))",
        "A witness against monotony is a core whose norm grows.",
        (COMPARED, CLAIMS),
    ),
    Mutant(
        "verify-mirror-condition",
        "verify/claims/group_flow.py",
        "(2 - 2 / layers) * value * T_rate",
        "(1 - 2 / layers) * value * T_rate",
        "The mirror condition has a wrong factor: it fails in groups of one entry too, so its failing says nothing.",
        (COMPARED, CLAIMS),
    ),
    Mutant(
        "verify-spectral-moment",
        "verify/claims/slice_norms.py",
        "first, second = (2 * values * rates).sum(), (4 * values**3 * rates).sum()",
        "first, second = (2 * values * rates).sum(), (2 * values**3 * rates).sum()",
        "The rate of sum s^4 has a wrong factor.",
        (CLAIMS,),
    ),
    Mutant(
        "verify-ranks-of-all-modes",
        "verify/claims/regularizer.py",
        "for m, rank in enumerate(ranks) if m != mode)",
        "for m, rank in enumerate(ranks))",
        "The upper bound of the representation cost has the ranks of all modes: true, but not what is claimed.",
        (COMPARED, CLAIMS),
    ),
    Mutant(
        "verify-drift-to-the-wrong-block",
        "verify/claims/discretisation.py",
        "drift = law(eta, slopes[:1], slopes[1:])",
        "drift = law(eta, slopes[1:], slopes[:1])",
        "The drift of one step is given to the wrong block.",
        (CLAIMS,),
    ),
    # -- the second look
    Mutant(
        "verify-formulas-in-double",
        "verify/_derived.py",
        "with mpmath.workprec(gmpy2.get_context().precision):",
        "with mpmath.workprec(53):",
        "Theory's formulas are evaluated in double precision where 75 digits are asked for.",
        (SECOND_LOOK, PRECISE, CLAIMS),
    ),
    Mutant(
        "verify-exact-weights",
        "verify/_problem.py",
        "(gmpy2.mpq(1, self.observed) if self.normalised",
        "(gmpy2.mpq(1, self.mask.size) if self.normalised",
        "In exact arithmetic the weights are normalised by all entries.",
        (SECOND_LOOK, PRECISE),
    ),
    Mutant(
        "verify-precise-start-in-double",
        "verify/_problem.py",
        "self.blocks_for(assumes, MP(current_digits() + 5))",
        "self.blocks_for(assumes, MP(20))",
        "The start of a second look is balanced to 20 digits only.",
        (SECOND_LOOK, PRECISE, CLAIMS),
    ),
    Mutant(
        "verify-exact-jet-product",
        "verify/_jet.py",
        "return Jet(self.value * value, self.rate * value + self.value * rate)",
        "return Jet(self.value * value, self.rate * value - self.value * rate)",
        "The exact product rule has a wrong sign.",
        (PRECISE,),
    ),
    Mutant(
        "verify-precise-amin",
        "verify/_torch_functions.py",
        '"min": carried(torch.min,',
        '"min": carried(torch.max,',
        "The least entry in high precision is the largest.",
        (FUNCTIONS,),
    ),
    Mutant(
        "verify-precise-cumsum-axis",
        "verify/_torch_functions.py",
        "ufunc.accumulate(a, axis=dim)",
        "ufunc.accumulate(a, axis=0)",
        "Cumulative sums in high precision run along the first axis whatever is asked.",
        (SECOND_LOOK, PRECISE),
    ),
    Mutant(
        "verify-unbalancedness-of-one-mode",
        "verify/_state.py",
        "return torch.stack(spreads).amax()",
        "return torch.stack(spreads)[0]",
        "Unbalancedness looks at the first mode alone.",
        (SECOND_LOOK, PRECISE),
    ),
    Mutant(
        "verify-rounding-forgives",
        "verify/_judge_state.py",
        "ROUNDING = 64 * EPS",
        "ROUNDING = 64e9 * EPS",
        "Relative discrepancies up to 1e-5 pass as rounding.",
        (ENGINE,),
    ),
    # -- counterexamples, reports, processes
    Mutant(
        "verify-loaded-weights",
        "verify/_problem.py",
        'data["normalised"],\n            data["exponent"],',
        'True,\n            data["exponent"],',
        "A replayed counterexample always has normalised weights.",
        (ROUND_TRIP, COMMAND),
    ),
    Mutant(
        "verify-loaded-exponents",
        "verify/_problem.py",
        'data["target_exponent"],\n            data["weight_exponent"],',
        'data["weight_exponent"],\n            data["target_exponent"],',
        "A replayed counterexample has the scales of target and weights swapped.",
        (ROUND_TRIP, COMMAND, SUBJECTS),
    ),
    Mutant(
        "verify-replay-is-green",
        "verify/_replay.py",
        "return (Exit.OK if claim.negative else Exit.REFUTED), f",
        "return Exit.OK, f",
        "A counterexample that is still one is replayed with exit code 0.",
        (COMMAND,),
    ),
    Mutant(
        "verify-interrupted-is-complete",
        "verify/_outputs.py",
        '"complete": end is not None and not end.interrupted,',
        '"complete": end is not None,',
        "The JSON of an interrupted run says that it is complete.",
        (REPORTS, COMMAND),
    ),
    Mutant(
        "verify-junit-failures",
        "verify/_outputs.py",
        "failures = sum(r.verdict in (Verdict.REFUTED, Verdict.INCONCLUSIVE) for r in self.results)",
        "failures = sum(r.verdict in (Verdict.REFUTED,) for r in self.results)",
        "JUnit's count of failures leaves the inconclusive ones out.",
        (CODES, REPORTS),
    ),
    Mutant(
        "verify-lost-claims",
        "verify/_processes.py",
        "if worker.part is not None and worker.part.claims:",
        "if worker.part is not None and not worker.part.claims:",
        "When a process dies, the claims that it had not judged are lost.",
        (PROCESSES,),
    ),
    Mutant(
        "verify-places-of-claims",
        "verify/_processes.py",
        "number * len(claims) + place)",
        "number + place)",
        "The places of claims in a grid of several cells collide.",
        (PROCESSES, COMMAND),
    ),
)
