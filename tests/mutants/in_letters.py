"""Bugs planted in shrinking, and in what a counterexample, its print and its script say."""

from __future__ import annotations

from _mutant import Mutant

PRINTED = "tests/verify/test_letters.py"
ENGINE = "tests/verify/test_engine.py"
SUBJECTS = "tests/verify/test_subjects.py"
LETTERS = "tests/verify/test_counterexamples.py"
SHRINKING = "tests/verify/test_shrinking.py"
COMMAND = "tests/verify/test_verify_command.py"
DRAWN = "tests/verify/test_what_is_drawn.py"

SHRINK = "verify/_shrink.py"
LETTER = "verify/_counterexample.py"
TERMINAL = "verify/_terminal.py"
SCRIPT = "verify/_script.py"

IN_LETTERS = (
    # -- shrinking
    Mutant(
        "verify-shrink-first-drawn",
        SHRINK,
        "                if of_sizes(candidate):\n                    return candidate",
        "                return candidate",
        "The first problem drawn of an architecture counts, whether it violates or not.",
        (SHRINKING,),
    ),
    Mutant(
        "verify-shrink-known-only",
        SHRINK,
        "EXTRA = 4",
        "EXTRA = 0",
        "Of small architectures only that of all ones is tried.",
        (SHRINKING, LETTERS),
    ),
    Mutant(
        "verify-shrink-order-of-candidates",
        SHRINK,
        "for extra in range(EXTRA + 1 if count else 1):",
        "for extra in reversed(range(EXTRA + 1 if count else 1)):",
        "Small architectures are tried from the largest down.",
        (SHRINKING, LETTERS),
    ),
    Mutant(
        "verify-shrink-numbers-stay",
        SHRINK,
        "return None if found is None else _simplest(violates, found, kinds, seed, seconds) or found",
        "return found",
        "The numbers of a counterexample are not made simpler.",
        (SHRINKING, COMMAND),
    ),
    Mutant(
        "verify-shrink-stops-at-once",
        SHRINK,
        "max_examples=200",
        "max_examples=1",
        "Simpler numbers are looked for once only.",
        (SHRINKING, COMMAND),
    ),
    Mutant(
        "verify-shrink-generates-only",
        SHRINK,
        "phases=(Phase.generate, Phase.shrink)",
        "phases=(Phase.generate,)",
        "Hypothesis generates numbers and does not shrink them.",
        (SHRINKING, COMMAND),
    ),
    Mutant(
        "verify-shrink-sides-to-one",
        SHRINK,
        "for lower in {1, side - 1} if",
        "for lower in {1} if",
        "A side is made one at once, never smaller by one.",
        (SHRINKING,),
    ),
    Mutant(
        "verify-shrink-forgets-sizes",
        SHRINK,
        "sizes = fixed or tuple(sides[: cell.order])",
        "sizes = tuple(sides[: cell.order])",
        "Shrinking does not keep to the sizes that the user asked for.",
        (SHRINKING, DRAWN),
    ),
    Mutant(
        "verify-shrink-loses-the-thin-set",
        SHRINK,
        'kinds = ("plain",) if known.kind == "plain" else ("plain", known.kind)',
        'kinds = ("plain",)',
        "Shrinking leaves the thin set on which alone a claim fails.",
        (SHRINKING, ENGINE, LETTERS),
    ),
    # -- letters
    Mutant(
        "verify-letter-sides-swapped",
        LETTER,
        '"measured": outcome.measured,\n        "predicted": outcome.predicted,',
        '"measured": outcome.predicted,\n        "predicted": outcome.measured,',
        "A counterexample names the two sides the other way round.",
        (PRINTED, LETTERS, COMMAND),
    ),
    Mutant(
        "verify-letter-violation-is-its-bar",
        LETTER,
        '"violation": outcome.worst,',
        '"violation": outcome.allowed,',
        "The violation of a counterexample is its error bar.",
        (PRINTED, LETTERS, COMMAND),
    ),
    Mutant(
        "verify-letter-scale-of-a-small-start",
        LETTER,
        '"taken as they are", problem.exponent + (SMALL_EXPONENT if',
        '"taken as they are", problem.exponent - (SMALL_EXPONENT if',
        "A counterexample says that a small start is a large one.",
        (PRINTED, LETTERS),
    ),
    Mutant(
        "verify-letter-losses-swapped",
        LETTER,
        '"first_loss": float(losses[0]), "final_loss": float(losses[-1])',
        '"first_loss": float(losses[-1]), "final_loss": float(losses[0])',
        "A counterexample names the last loss of its run as the first.",
        (PRINTED, LETTERS),
    ),
    Mutant(
        "verify-letter-last-start",
        LETTER,
        "random_starts(problem, assumes, 24)[0]",
        "random_starts(problem, assumes, 24)[-1]",
        "The start shown of a claim about Seeds is not the first of the random ones.",
        (PRINTED, LETTERS, SUBJECTS),
    ),
    Mutant(
        "verify-printed-target-without-its-scale",
        TERMINAL,
        "target = {shown['target']}{power}",
        "target = {shown['target']}",
        "A printed counterexample leaves the scale of its target out.",
        (PRINTED, LETTERS, COMMAND),
    ),
    Mutant(
        "verify-printed-sides-swapped",
        TERMINAL,
        "measured    {c['measured']:.17g}    predicted {c['predicted']:.17g}",
        "measured    {c['predicted']:.17g}    predicted {c['measured']:.17g}",
        "A printed counterexample names the two sides the other way round.",
        (PRINTED, COMMAND, LETTERS),
    ),
    Mutant(
        "verify-printed-weights-as-ones",
        TERMINAL,
        "full = all(_flat(mask))",
        "full = any(_flat(mask))",
        "A printed counterexample says that all entries are observed where only some are.",
        (PRINTED, LETTERS, COMMAND),
    ),
    Mutant(
        "verify-printed-weight-scale",
        TERMINAL,
        """f" * 2^{c['weight_exponent']}" if c["weight_exponent"] else "\"""",
        """f" * 2^{-c['weight_exponent']}" if c["weight_exponent"] else "\"""",
        "A printed counterexample has weights scaled the wrong way.",
        (PRINTED, LETTERS, COMMAND),
    ),
    Mutant(
        "verify-script-climbs",
        SCRIPT,
        '"gd": ("", "b[name] -= step * g")',
        '"gd": ("", "b[name] += step * g")',
        "The script of a counterexample climbs the gradient.",
        (PRINTED, LETTERS),
    ),
    Mutant(
        "verify-script-order-of-links",
        SCRIPT,
        "for k in range({links}, 0, -1): u = {link}",
        "for k in range(1, {links} + 1): u = {link}",
        "The script of a counterexample multiplies the links of a chain from the wrong end.",
        (PRINTED, LETTERS, COMMAND),
    ),
)
