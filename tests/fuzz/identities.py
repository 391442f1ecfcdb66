"""Identities that hold by construction, as source text: two ways to write one quantity of a State or a Target.

`s` is the state, `t` the target; {m} stands for a mode. None is written the way the tool computes it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    """left = right.

    Arguments:
        needs_depth: least depth at which it is meant.
        assumes: kinds of starts for which it holds; empty for all.
        chains: chains for which it holds.
        positive: both sides are sums of squares, and positive but on thin sets.
        least: smallest relative perturbation that the tool promises to see.
    """

    left: str
    right: str
    needs_depth: int = 0
    assumes: tuple[str, ...] = ()
    chains: tuple[str, ...] = ("column", "mode", "gate")
    positive: bool = False
    least: float = 1e-9


GROWN = (
    "(lambda w: [w := torch.movedim(torch.tensordot(s.factor(n), w, dims=([1], [n])), 0, n) for n in range(s.order)]"
    "[-1])(s.core)"
)
SEEN = (
    "(lambda w: [w := torch.movedim(torch.tensordot(s.factor(n).mT, w, dims=([1], [n])), 0, n) "
    "for n in range(s.order)][-1])(s.gradient)"
)

OF_A_STATE = (
    Identity("sum(s.component({m}, r) for r in range(s.ranks[{m}]))", "s.tensor"),
    Identity(GROWN, "s.tensor", needs_depth=1),
    Identity("s.loss", "(s.weights * (s.tensor - s.target) ** 2).sum() / 2", positive=True),
    Identity("s.gradient", "s.weights * s.tensor - s.weights * s.target"),
    Identity("s.block_gradients()['G']", SEEN, needs_depth=1),
    Identity("(s.block_gradients()['G'] * s.core).sum()", "(s.gradient * s.tensor).sum()"),
    Identity("(s.block_gradients()['a{n}'] * s.vectors({m})).sum()", "(s.gradient * s.tensor).sum()", needs_depth=1),
    Identity("(s.singular_values({m}) ** 2).sum()", "(s.tensor * s.tensor).sum()", positive=True),
    Identity("(s.slice_norms({m}) ** 2).sum()", "(s.core * s.core).sum()", positive=True),
    Identity(
        "torch.stack([(s.component({m}, r) * s.gradient).sum() for r in range(s.ranks[{m}])])",
        "-s.alignment({m}) * s.block_norms({m}).prod(0)",
    ),
    Identity("s.rate(lambda x: -x.loss)", "sum((g * g).sum() for g in s.block_gradients().values())", positive=True),
    Identity("s.rate(lambda x: (x.tensor**2).sum())", "2 * (s.tensor * s.rate(lambda x: x.tensor)).sum()"),
    Identity("s.rate(lambda x: (x.core**2).sum())", "-2 * (s.block_gradients()['G'] * s.core).sum()"),
    Identity(
        "s.rate(lambda x: (x.core**2).sum())", "s.rate(lambda x: (x.vectors({m}) ** 2).sum())", needs_depth=1
    ),
    Identity(
        "s.rate(lambda x: s.weights * x.tensor)", "s.weights * s.rate(lambda x: x.tensor)"
    ),
    Identity(
        "s.rate(lambda x: x.slice_norms({m}))", "s.slice_norms({m}) ** s.depth * s.alignment({m})",
        needs_depth=1, assumes=("balanced", "small"), chains=("column", "gate"),
    ),
)  # fmt: skip

OF_A_TARGET = (
    Identity("(t.slice_norms({m}) ** 2).sum()", "(t.tensor * t.tensor).sum()", positive=True),
    Identity("(t.singular_values({m}) ** 2).sum()", "(t.tensor * t.tensor).sum()", positive=True),
    Identity(
        "t.slice_penalty({m})", "(t.depth + 1) / 2 * (t.slice_norms({m}) ** (2 / (t.depth + 1))).sum()", positive=True
    ),
    Identity(
        "t.like(4 * t.tensor).slice_penalty({m})", "4 ** (2 / (t.depth + 1)) * t.slice_penalty({m})", positive=True
    ),
    # R_K is minimised numerically, with error bars that reach 1e-9 and more.
    Identity(
        "t.like(2 * t.tensor).representation_cost()",
        "2 ** (2 / (1 + t.order * t.depth)) * t.representation_cost()",
        positive=True,
        least=1e-5,
    ),
)

# A scalar of a state or a target that is positive but on thin sets.
SCALARS = {
    "s": ("(s.core**2).sum()", "s.loss", "(s.tensor**2).sum()"),
    "t": ("(t.tensor**2).sum()", "t.slice_norms(0).sum()"),
}
