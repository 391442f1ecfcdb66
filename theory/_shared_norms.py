"""For any parametrisation: which blocks share a norm or a singular value, and the power law that follows.

A group label gives one norm per block (5), (6). A label that two blocks carry alone gives, on balanced matrices, one
singular value per block, and a block with just two axes passes it on to its next neighbour: a chain. Either way m
blocks share a number b, W_r carries b^m = sigma, and dsigma/dt = m sigma^(2 - 2/m) <-grad L, W_r / sigma>.
Source: (9), (13).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sympy import Expr, Integer, Rational

from . import notation as s
from ._derivation import Check, Derivation, Equality, Route
from ._exact_evaluation import gradient_check, law_check
from ._formula import Formula
from ._laws import Law, conservation_laws
from ._local_proofs import Conclusion, Steps, contributions_are_summed, euler_steps, gram_steps, verdict
from ._parametrisation import Parametrisation


@dataclass(frozen=True)
class Sharing:
    """Blocks that share one number when balanced: a slice norm (kind "norm") or a singular value ("singular value")."""

    kind: str
    label: str
    blocks: tuple[str, ...]

    @property
    def exponent(self) -> Expr:
        """Exponent of sigma in its power law."""
        return 2 - Rational(2, len(self.blocks))

    def rate(self) -> Formula:
        """dsigma/dt for sigma = product of the shared numbers."""
        m = Integer(len(self.blocks))
        shared = s.sigma ** (1 / m)
        value = m * s.alignment * shared ** (2 * m - 2)
        return Formula("shared_rate", (s.sigma, s.alignment), value, domain="sigma >= 0, balanced", source="(9), (13)")


def sharings(parametrisation: Parametrisation) -> tuple[Sharing, ...]:
    """Every group and every chain of matrices of a multilinear model, read off its labels."""
    if not parametrisation.is_multilinear:
        return ()
    found = [Sharing("norm", x, tuple(b.name for b in parametrisation.group(x))) for x in parametrisation.groups]
    links = [law for law in conservation_laws(parametrisation) if law.edge and not law.kept]
    axes = {block.name: len(block.labels) for block in parametrisation.blocks}
    done: set[int] = set()
    for start, first in enumerate(links):
        if start in done:
            continue
        chain = [first.left.name, first.right.name]
        done.add(start)
        grown = True
        while grown:
            grown = False
            for index, law in enumerate(links):
                pair = (law.left.name, law.right.name)
                for end, insert in ((chain[0], 0), (chain[-1], len(chain))):
                    if index not in done and end in pair and axes[end] == 2:
                        chain.insert(insert, pair[1] if pair[0] == end else pair[0])
                        done.add(index)
                        grown = True
        found.append(Sharing("singular value", first.edge[0], tuple(chain)))
    return tuple(found)


def generic_laws(parametrisation: Parametrisation) -> Derivation:
    """(6), (7) and (22) of any parametrisation, one local identity per line of the derived program and place."""
    laws = conservation_laws(parametrisation)
    proofs = [gram_steps(parametrisation, law) for law in laws if law.edge]
    equation, otherwise = "(6), (7)", "none: a single block, <dL/dB, B> = <D, W>"
    because = (
        "A label that two blocks carry alone conserves their Gram difference; a shared group label, "
        "squared slice norms."
    )
    routes = [
        Route("exact evaluation of the gradient", lambda: gradient_check(parametrisation)),
        Route("exact evaluation of the laws", lambda: law_check(parametrisation, True)),
    ]
    if parametrisation.is_multilinear:
        # Every law is proved, whether its label was announced as a group or not.
        scaled = (law.kept[0] if law.kept else None for law in laws if not law.edge)
        proofs += [euler_steps(parametrisation, label) for label in dict.fromkeys((*parametrisation.groups, *scaled))]
        proofs = proofs or [euler_steps(parametrisation, None)]
    else:
        proofs += _at_every_place(parametrisation)
        equation, otherwise = "(6), (7), (22)", "none found: <dL/dB, B> = <D, W> at every place"
        because = (
            "At every place of a block <dL/dB, B>_r = <D, W_r>, W_r the part of its network through r; a scaling that "
            "leaves every network weighs these so that they cancel."
        )
        routes.insert(0, Route("derived program", lambda: contributions_are_summed(parametrisation)))
    return Derivation(
        "conservation-laws",
        equation,
        "Conservation laws of the gradient flow",
        "; ".join(map(str, laws)) or otherwise,
        tuple(step for steps, _ in proofs for step in steps),
        because,
        f"{parametrisation.name}, all sizes",
        tuple(pair for _, conclusions in proofs for pair in conclusions),
        tuple(routes),
        topic="conservation",
    )


def _at_every_place(model: Parametrisation) -> list[tuple[Steps, tuple[Conclusion, ...]]]:
    """The Euler identities of every network at each of its labels that name slices, and of the network as a whole."""
    places = dict.fromkeys(place for _, where in model.classes for place in where)
    parts = [euler_steps(model, label, term) for term, label in places]
    return parts + [euler_steps(model, None, term) for term in range(len(model.terms))]


def _group_route(parametrisation: Parametrisation, label: str) -> Check:
    return verdict([euler_steps(parametrisation, label)])


def _chain_route(parametrisation: Parametrisation, laws: list[Law]) -> Check:
    return verdict([gram_steps(parametrisation, law) for law in laws])


def sharing_derivations(parametrisation: Parametrisation) -> tuple[Derivation, ...]:
    """The power law of every sharing, its conservation laws proved on the derived program."""
    derived = []
    for sharing in sharings(parametrisation):
        m = Integer(len(sharing.blocks))
        b = s.g
        in_b = m * s.alignment * b ** (2 * m - 2)
        one = s.alignment * b ** (m - 1)
        steps = (
            Equality(b * one, s.alignment * b**m, "b db/dt = -<D, W_r> for each of the m blocks, as in (8)"),
            Equality(m * b ** (m - 1) * one, in_b, "product rule for sigma = b^m"),
            Equality(in_b, sharing.rate().expression, "in the variable sigma", ((b, s.sigma ** (1 / m)),)),
        )
        label, kind = sharing.label, sharing.kind
        if kind == "norm":
            route = Route("derived program", partial(_group_route, parametrisation, label))
        else:
            names = set(sharing.blocks)
            laws = [w for w in conservation_laws(parametrisation) if w.edge and {w.left.name, w.right.name} <= names]
            route = Route("derived program", partial(_chain_route, parametrisation, laws))
        derived.append(
            Derivation(
                f"shared-{kind.replace(' ', '-')}-{label}",
                "(9)" if kind == "norm" else "(13)",
                f"Power law of the {kind} shared by {', '.join(sharing.blocks)}",
                f"balanced: dsigma/dt = {m} sigma^({sharing.exponent}) <-grad L, W_r / sigma>, sigma = b^{m}",
                steps,
                f"{m} blocks share the {kind}; the conservation laws that make them share it are "
                f"proved on the program.",
                f"{parametrisation.name}, all sizes",
                routes=(route,),
                topic="dynamics",
                hypotheses="balanced" if kind == "norm" else "matrix-balanced, simple singular value",
            )
        )
    return tuple(derived)
