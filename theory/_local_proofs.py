"""Proofs about the derived program itself: one small network identity per line and place, valid for all sizes.

The size-free matrix proofs say what is true of a chain; these say that the program which numerics compiles obeys it. A
block that stands in several places has one contribution "dX/dt.k" for each; a sum of networks has one adjoint for each
network. Every identity here concerns one network of the sum and one of its labels.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ._derivation import Check, Equality, Side, reachable
from ._gradient import gradient_flow
from ._laws import Law
from ._network import Network, Tensor
from ._parametrisation import Parametrisation
from ._program import Contraction, Labels, LinearCombination

Steps = tuple[Equality, ...]
Conclusion = tuple[Side, Side]


@dataclass(frozen=True)
class Place:
    """A block where it stands: its contribution in the program, the labels it carries there, the network it is in."""

    block: str
    adjoint: str
    labels: Labels
    term: int

    @property
    def node(self) -> str:
        """A name of its own for this place."""
        return f"{self.block} for {self.adjoint}"


class _Tape:
    """The derived program seen from its places."""

    def __init__(self, model: Parametrisation) -> None:
        flow = gradient_flow(model)
        self.lines = {line.name: line.expression for line in flow}
        self.rules: dict[str, Contraction] = {}  # of every intermediate, its operands by their nodes
        self.steps: list[str] = []
        self.tensor: dict[str, Tensor] = {}  # node -> the tensor that stands there, with its labels
        self.parent: dict[str, str] = {}
        self.places: list[Place] = []
        blocks, count = set(model.block_order), dict.fromkeys(model.block_order, 0)
        times = {name: sum(term.count(name) for term in model.terms) for name in blocks}
        last = model.steps[-1].expression
        sums = isinstance(last, LinearCombination)
        self.tops = list(last.names) if sums else ["W"]
        self.weights = {name: c for c, name in last.terms} if isinstance(last, LinearCombination) else {}
        members = self._members(model, sums)
        for step in reversed(model.steps):
            expression = step.expression
            if not isinstance(expression, Contraction):
                continue
            nodes = []
            for name, labels in expression.operands:
                node = name
                if name in blocks:
                    count[name] += 1
                    adjoint = f"d{name}/dt" if times[name] == 1 else f"d{name}/dt.{count[name]}"
                    place = Place(name, adjoint, labels, members[step.name])
                    self.places.append(place)
                    node = place.node
                self.tensor[node] = (name, labels)
                self.parent[node] = step.name
                nodes.append((node, labels))
            self.rules[step.name] = Contraction(tuple(nodes), expression.output, expression.coefficient)
            self.tensor[step.name] = (step.name, expression.output)
            self.steps.append(step.name)
        self.block_of = {place.node: place for place in self.places}

    def _members(self, model: Parametrisation, sums: bool) -> dict[str, int]:
        """In which network of the sum every step is."""
        uses = {step.name: step.expression.names for step in model.steps}
        found: dict[str, int] = {}
        for term, top in enumerate(self.tops):
            waiting = [top]
            while waiting:
                name = waiting.pop()
                if name in uses and not (sums and name == "W"):
                    found[name] = term
                    waiting += uses[name]
        return found

    def adjoint(self, node: str) -> str:
        if node in self.block_of:
            return self.block_of[node].adjoint
        return "D" if node == "W" else f"dL/d{node}"

    def adjoint_rule(self, node: str) -> tuple[str, Contraction]:
        rule = self.lines[self.adjoint(node)]
        assert isinstance(rule, Contraction)
        return self.adjoint(node), rule

    def forward(self, name: str) -> Contraction:
        """The step that makes an intermediate, of the tensors that stand in it."""
        rule = self.rules[name]
        return Contraction(tuple(self.tensor[node] for node, _ in rule.operands), rule.output, rule.coefficient)

    def pair(self, node: str, forward: Tensor, adjoint_labels: Labels, keep: Labels) -> Network:
        """<adjoint, forward> as a derivative of L: the velocity of a block counts with its sign turned."""
        return Network(((self.adjoint(node), adjoint_labels), forward), keep, -1 if node in self.block_of else 1)


@lru_cache(maxsize=16)
def _tape(model: Parametrisation) -> _Tape:
    return _Tape(model)


def places_of(model: Parametrisation) -> list[Place]:
    """Every place of every block."""
    return _tape(model).places


def euler_steps(model: Parametrisation, label: str | None, term: int = 0) -> tuple[Steps, tuple[Conclusion, ...]]:
    """<D, W_r> = -<dB/dt.k, B>_r for every place of the network that carries the label, W_r its part at index r.

    Arguments:
        label: the group's label r, or None for the whole network.
        term: number of the network in the sum.
    Returns: steps and, for every such place, the conclusion.
    Source: (5), (22).
    """
    tape = _tape(model)
    keep = () if label is None else (label,)
    top = tape.tops[term]
    inside = [name for name in tape.steps if _within(tape, name, top)]
    component: dict[str, Tensor] = {}
    rules: dict[str, Contraction] = {}
    for name in reversed(inside):
        rule = tape.rules[name]
        for node, labels in rule.operands:
            if node in tape.block_of and (label is None or label in labels):
                component[node] = tape.tensor[node]
        parts = [component.get(node, tape.tensor[node]) for node, _ in rule.operands]
        if label is None or label in rule.output:
            component[name] = (name, rule.output)
            rules[name] = tape.forward(name)
        elif any(label in row for _, row in parts):
            component[name] = (f"{name}@{label}", (*rule.output, label))
            rules[f"{name}@{label}"] = Contraction(tuple(parts), (*rule.output, label), rule.coefficient)
    steps: list[Equality] = []
    start = tape.pair(top, component[top], tape.rules[top].output, keep)
    if top != "W":  # a network of a sum: its adjoint is its coefficient times D
        whole = Network((("D", tape.rules[top].output), component[top]), keep, tape.weights[top])
        why = "W is a sum: D meets every network with its coefficient"
        steps.append(Equality(whole, start, why, (tape.adjoint_rule(top),)))
        start = whole
    conclusions: list[Conclusion] = []
    for name in inside:
        rule = tape.rules[name]
        for node, labels in rule.operands:
            if name not in component or node not in component:
                continue
            left = tape.pair(name, component[name], rule.output, keep)
            right = tape.pair(node, component[node], labels, keep)
            whole_name = component[name][0]
            because = ((whole_name, rules[whole_name]), tape.adjoint_rule(node))
            steps.append(Equality(left, right, "product rule", because))
            if node in tape.block_of:
                conclusions.append((start, right))
    return tuple(steps), tuple(conclusions)


def _within(tape: _Tape, name: str, top: str) -> bool:
    while name != top:
        if name not in tape.parent:
            return False
        name = tape.parent[name]
    return True


def gram_steps(model: Parametrisation, law: Law) -> tuple[Steps, tuple[Conclusion, ...]]:
    """-<dA/dt, A'> = -<dB'/dt, B> with the edge cut open, in every network where the bond joins two places.  (7)

    Adding the transpose and summing over the networks gives the law: every place is in one pair.
    """
    tape = _tape(model)
    steps: list[Equality] = []
    conclusions: list[Conclusion] = []
    for first, second, edge, kept in _bonds(model, law):
        prime = {x: f"{x}'" for x in edge}
        keep = (*edge, *prime.values(), *kept)

        def pair(node: str, side: int, prime: Mapping[str, str] = prime, keep: Labels = keep) -> Network:
            name, labels = tape.tensor[node]
            primed = tuple(prime.get(x, x) for x in labels)
            forward, adjoint = (primed, labels) if side == 0 else (labels, primed)
            return tape.pair(node, (name, forward), adjoint, keep)

        paths = []
        for place in (first, second):
            path = [place.node]
            while path[-1] in tape.parent and path[-1] not in tape.tops:
                path.append(tape.parent[path[-1]])
            paths.append(path)
        meeting = next(name for name in paths[0] if name in paths[1])
        below = [path[: path.index(meeting)] for path in paths]
        tops = (below[0][-1], below[1][-1])
        rules = tuple(tape.adjoint_rule(top) for top in tops)
        steps.append(Equality(pair(tops[0], 0), pair(tops[1], 1), "the edge cut open is one network", rules))
        for side, path in enumerate(below):
            for child, name in itertools.pairwise(path):
                rules = ((name, tape.forward(name)), tape.adjoint_rule(child))
                steps.append(Equality(pair(name, side), pair(child, side), "product rule", rules))
        conclusions.append((pair(first.node, 0), pair(second.node, 1)))
    return tuple(steps), tuple(conclusions)


def _bonds(model: Parametrisation, law: Law) -> list[tuple[Place, Place, Labels, Labels]]:
    """(place of the positive side, of the negative side, edge, kept labels there) for every network with the bond."""
    sides = {block.name: (weight > 0, block) for weight, block in law.terms}
    found = []
    for term in range(len(model.terms)):
        here = [place for place in places_of(model) if place.term == term and place.block in sides]
        if len(here) != 2:
            continue
        first, second = sorted(here, key=lambda place: not sides[place.block][0])
        own = sides[first.block][1].labels
        edge = tuple(first.labels[own.index(x)] for x in law.edge)
        kept = tuple(first.labels[own.index(x)] for x in law.kept)
        found.append((first, second, edge, kept))
    return found


def contributions_are_summed(model: Parametrisation) -> Check:
    """The velocity of every block is the plain sum of the contributions of its places."""
    flow = gradient_flow(model)
    lines = {line.name: line.expression for line in flow}
    for name in model.block_order:
        own = [place.adjoint for place in places_of(model) if place.block == name]
        rule = lines[flow.outputs[name]]
        if len(own) > 1:
            good = isinstance(rule, LinearCombination) and sorted(rule.terms, key=str) == sorted(
                ((1, part) for part in own), key=str
            )
            if not good:
                return Check(False, str(rule)[:60], f"d{name}/dt is not the sum of its {len(own)} contributions")
    return Check(True, "0", "every velocity is the sum over the places of its block")


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
