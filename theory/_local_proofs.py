"""Proofs about the derived program itself: one small network identity per line of it, valid for all sizes.

The size-free matrix proofs say what is true of a chain; these say that the program which numerics compiles obeys it.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

from ._derivation import Check, Equality, Side, reachable
from ._gradient import gradient_flow
from ._laws import Law
from ._network import Network, Tensor
from ._parametrisation import Parametrisation
from ._program import Contraction, Labels

Steps = tuple[Equality, ...]
Conclusion = tuple[Side, Side]


class _Tape:
    """The derived program with the step that makes each intermediate and the adjoint of each name."""

    def __init__(self, parametrisation: Parametrisation) -> None:
        self.blocks = set(parametrisation.block_order)
        self.labels: dict[str, Labels] = {block.name: block.labels for block in parametrisation.blocks}
        self.makes: dict[str, Contraction] = {}
        for step in parametrisation.steps:
            assert isinstance(step.expression, Contraction)
            self.makes[step.name] = step.expression
            self.labels[step.name] = step.expression.output
        self.lines = {line.name: line.expression for line in gradient_flow(parametrisation)}
        self.steps = [step.name for step in parametrisation.steps]
        self.parent = {operand: name for name, rule in self.makes.items() for operand in rule.names}

    def adjoint(self, name: str) -> str:
        return "D" if name == "W" else f"d{name}/dt" if name in self.blocks else f"dL/d{name}"

    def adjoint_rule(self, name: str) -> tuple[str, Contraction]:
        rule = self.lines[self.adjoint(name)]
        assert isinstance(rule, Contraction)
        return self.adjoint(name), rule

    def pair(self, name: str, forward: Tensor, adjoint_labels: Labels, keep: Labels) -> Network:
        """<adjoint, forward> as a derivative of L: the velocity of a block counts with its sign turned."""
        return Network(((self.adjoint(name), adjoint_labels), forward), keep, -1 if name in self.blocks else 1)


@lru_cache(maxsize=16)
def _tape(parametrisation: Parametrisation) -> _Tape:
    return _Tape(parametrisation)


def euler_steps(parametrisation: Parametrisation, label: str | None) -> tuple[Steps, tuple[Conclusion, ...]]:
    """<D, W_r> = -<dB/dt, B>_r for every block B of the group, one step per line of the program.

    Arguments:
        parametrisation: any model.
        label: the group's label r, or None for the whole blocks of a model without groups.
    Returns: steps and, for every block of the group, the conclusion.
    Source: (5).
    """
    tape = _tape(parametrisation)
    keep = () if label is None else (label,)
    component: dict[str, Tensor] = {}
    rules: dict[str, Contraction] = {}
    for name, labels in tape.labels.items():
        operands = tape.makes[name].operands if name in tape.makes else ()
        inside = [component.get(operand, (operand, row)) for operand, row in operands]
        if name in tape.blocks:
            if label is None or label in labels:
                component[name] = (name, labels)
        elif label is None or label in labels:
            component[name] = (name, labels)
            rules[name] = tape.makes[name]
        elif any(label in row for _, row in inside):
            component[name] = (f"{name}@{label}", (*labels, label))
            rules[f"{name}@{label}"] = Contraction(tuple(inside), (*labels, label), tape.makes[name].coefficient)
    steps: list[Equality] = []
    start = tape.pair("W", component["W"], tape.labels["W"], keep)
    conclusions: list[Conclusion] = []
    for name in reversed(tape.steps):
        for operand, labels in tape.makes[name].operands:
            if name not in component or operand not in component:
                continue
            left = tape.pair(name, component[name], tape.labels[name], keep)
            right = tape.pair(operand, component[operand], labels, keep)
            whole = component[name][0]
            steps.append(Equality(left, right, "product rule", ((whole, rules[whole]), tape.adjoint_rule(operand))))
            if operand in tape.blocks:
                conclusions.append((start, right))
    return tuple(steps), tuple(conclusions)


def gram_steps(parametrisation: Parametrisation, law: Law) -> tuple[Steps, tuple[Conclusion, ...]]:
    """-<dA/dt, A'> = -<dB'/dt, B> with the edge cut open (a prime marks its other end), for one law (7).

    Adding the transpose gives d/dt Gram(A) = d/dt Gram(B).

    Source: (7).
    """
    tape = _tape(parametrisation)
    prime = {x: f"{x}'" for x in law.edge}
    keep = (*law.edge, *prime.values(), *law.kept)

    def primed(labels: Labels) -> Labels:
        return tuple(prime.get(x, x) for x in labels)

    def pair(name: str, side: int) -> Network:
        labels = tape.labels[name]
        forward, adjoint = (primed(labels), labels) if side == 0 else (labels, primed(labels))
        return tape.pair(name, (name, forward), adjoint, keep)

    paths = []
    for block in (law.left, law.right):
        path = [block.name]
        while path[-1] != "W":
            path.append(tape.parent[path[-1]])
        paths.append(path)
    meeting = next(name for name in paths[0] if name in paths[1])
    below = [path[: path.index(meeting)] for path in paths]
    tops = (below[0][-1], below[1][-1])
    rules = tuple(tape.adjoint_rule(top) for top in tops)
    steps = [Equality(pair(tops[0], 0), pair(tops[1], 1), "the edge cut open is one network", rules)]
    for side, path in enumerate(below):
        for child, name in itertools.pairwise(path):
            rules = ((name, tape.makes[name]), tape.adjoint_rule(child))
            steps.append(Equality(pair(name, side), pair(child, side), "product rule", rules))
    return tuple(steps), ((pair(law.left.name, 0), pair(law.right.name, 1)),)


def verdict(proofs: list[tuple[Steps, tuple[Conclusion, ...]]]) -> Check:
    """Check the steps of several local proofs and that their conclusions follow."""
    count = 0
    for steps, conclusions in proofs:
        for step in steps:
            count += 1
            if (left_over := step.residual()) != "0":
                return Check(False, left_over, f"local identity fails: {step}")
        reached = {left: reachable(left, steps) for left in {left for left, _ in conclusions}}
        for left, right in conclusions:
            if right not in reached[left]:
                return Check(False, f"{left} - ({right})", "the local identities do not connect")
    return Check(True, "0", f"{count} local identities of the derived program hold, all sizes")
