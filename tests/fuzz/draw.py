"""What a number of a seed stands for: built-in claims in a random cell, or a file of random conjectures."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from identities import OF_A_STATE, OF_A_TARGET, SCALARS, Identity

from verify.claims import BUILT_IN

CHAINS = ("column", "mode", "gate")
ASSUMPTIONS = ("generic", "generic", "balanced", "matrix-balanced", "unbalanced", "small")
TOGETHER = 4  # conjectures of one file, which share the problems of one cell
BUILT_IN_SHARE = 3  # one trial in so many
HEAD = '"""{head}"""\n\nimport torch\n\nfrom verify import Descent, Flow, State, Target, at_most, conjecture, equal\n'


@dataclass(frozen=True)
class Trial:
    """A run of the tool whose verdicts are known in part.

    Arguments:
        keys: of the command line.
        source: of the conjecture file; empty for built-in claims.
        true: by id, whether a conjecture holds; a built-in claim does.
    """

    keys: tuple[str, ...]
    source: str = ""
    true: dict[str, bool] = field(default_factory=dict)


def draw(seed: int, number: int) -> Trial:
    """The trial of a number: the same whatever was drawn before it."""
    generator = np.random.default_rng([seed, number])
    return _built_in(generator) if number % BUILT_IN_SHARE == 0 else _conjectures(generator, seed, number)


def _keys(depth: int, order: int, chain: str, generator: np.random.Generator) -> tuple[str, ...]:
    examples, paths = int(generator.integers(20, 61)), int(generator.integers(10, 15))
    drawn = int(generator.integers(2**31))
    return (
        f"depth={depth}", f"order={order}", f"chain={chain}", f"seed={drawn}", f"examples={examples}", f"paths={paths}",
    )  # fmt: skip


def _built_in(generator: np.random.Generator) -> Trial:
    depth, order, chain = int(generator.integers(7)), int(generator.integers(1, 5)), str(generator.choice(CHAINS))
    there = [claim.id for claim in BUILT_IN if claim.applies(depth, order, chain)]
    chosen = [str(name) for name in generator.choice(there, min(3, len(there)), replace=False)]
    return Trial((*_keys(depth, order, chain, generator), "claims=" + ",".join(chosen)))


def _conjectures(generator: np.random.Generator, seed: int, number: int) -> Trial:
    depth, order, chain = int(generator.integers(5)), int(generator.integers(1, 5)), str(generator.choice(CHAINS))
    parts, true = [HEAD.format(head=f"Trial {number} of seed {seed}: depth {depth}, order {order}, chain {chain}.")], {}
    for place in range(TOGETHER):
        holds = bool(generator.integers(2))
        name = f"{'true' if holds else 'false'}_{number}_{place}"
        parts.append(_conjecture(generator, name, holds, depth, order, chain))
        true[name.replace("_", "-")] = holds
    return Trial(_keys(depth, order, chain, generator), "\n\n".join(parts), true)


def _conjecture(generator: np.random.Generator, name: str, holds: bool, depth: int, order: int, chain: str) -> str:
    """Source of one conjecture: an identity, disguised in steps that keep it as it is; a false one is off somewhere."""
    subject = str(generator.choice(["State", "State", "State", "Flow", "Descent", "Target"]))
    letter = "t" if subject == "Target" else "s"
    assumes = "generic" if subject == "Target" else str(generator.choice(ASSUMPTIONS))
    fit = [i for i in (OF_A_TARGET if letter == "t" else OF_A_STATE) if _fits(i, depth, chain, assumes)]
    identity = fit[int(generator.integers(len(fit)))]
    mode = int(generator.integers(order))
    pair = [side.replace("{m}", str(mode)).replace("{n}", str(mode + 1)) for side in (identity.left, identity.right)]
    if generator.integers(2):
        pair.reverse()
    lines = [f"left = {pair[0]}", f"right = {pair[1]}"]
    steps = [_disguise(generator, letter) for _ in range(int(generator.integers(4)))]
    relation = "equal(left, right)"
    if not holds:
        size = float(f"{10 ** generator.uniform(max(-9, np.log10(identity.least)), 0):.3g}")
        # Along a path, and of R_K, what falls below the error of a solver is nobody's to see: the mistake comes last.
        seen = subject in ("State", "Target") and identity.least <= 1e-9
        place = int(generator.integers(len(steps) + 1)) if seen else len(steps)
        steps.insert(place, _mistake(generator, size, letter, anywhere=seen))
        if generator.integers(3) == 0:
            relation = "[at_most(left, right), at_most(right, left)]"
    elif generator.integers(3) == 0:
        relation = "at_most(left, right)"
    elif generator.integers(3) == 0:
        relation = "[equal(left, right), at_most(right, left)]"
    lines += steps
    about = f'@conjecture(title="{name}", assumes="{assumes}")'
    if subject in ("State", "Target"):
        return "\n    ".join([f"{about}\ndef {name}({letter}: {subject}):", *lines, f"return {relation}"]) + "\n"
    inner = "\n        ".join(["def both(s):", *lines, "return torch.stack([left, right])"])
    outer = ["pair = path.series(both)", "left, right = pair[:, 0], pair[:, 1]", f"return {relation}"]
    return "\n    ".join([f"{about}\ndef {name}(path: {subject}):", inner, *outer]) + "\n"


def _fits(identity: Identity, depth: int, chain: str, assumes: str) -> bool:
    return (
        depth >= identity.needs_depth
        and chain in identity.chains
        and (not identity.assumes or assumes in identity.assumes)
    )


def _disguise(generator: np.random.Generator, letter: str) -> str:
    """A step that keeps what holds true and what fails false."""
    number = f"{10 ** generator.uniform(-3, 3):.4g}"
    scalar = str(generator.choice(SCALARS[letter]))
    return str(
        generator.choice(
            [
                f"left, right = {number} * left, {number} * right",
                f"left, right = left + {number} * {scalar}, right + {scalar} * {number}",
                f"left, right = left * {scalar}, {scalar} * right",
                f"left, right = left - {number}, right - {number}",
                "left, right = left**2 + left, right * (right + 1)",
                "left, right = left.sum(), right.sum()",
                "left, right = (left - 1) * 3 + 3, right * 3",
                "left, right = torch.sqrt(1 + left**2) + left, right + torch.sqrt(right**2 + 1)",
                "left, right = torch.log1p(left**2) + left, right + torch.log1p(right * right)",
                "left, right = torch.sin(left) + 2 * left, 2 * right + torch.sin(right)",
            ]
        )
    )


def _mistake(generator: np.random.Generator, size: float, letter: str, *, anywhere: bool) -> str:
    """A step that makes one side wrong by a part `size` of itself or, where that is seen `anywhere`, of something else
    that vanishes on thin sets only."""
    wrong = [
        f"right = right * (1 + {size})",
        f"left = left / (1 + {size})",
        f"left = torch.cat([left.reshape(-1)[:1] * (1 + {size}), left.reshape(-1)[1:]]).reshape(left.shape)",
    ]
    if anywhere:
        wrong.append(f"right = right + {size} * {generator.choice(SCALARS[letter])}")
    return str(generator.choice(wrong))
