"""Discrete time and inertia: the modified loss of gradient descent and the laws of gradient flow with momentum.

Source: (19), (20).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sympy import QQ, Expr, Integer, Rational, Symbol, diff, expand, symbols
from sympy.polys.rings import ring

from ._chain_proofs import A, D, P, X, b, gamma
from ._derivation import Check, Derivation, Equality, Route, Step
from ._words import gradient, inner, matrix

# A rooted tree is the sorted tuple of its branches; () is f, ((),) is f'f, ((), ()) is f''(f, f), (((),),) is f'f'f.
Tree = tuple
Field = dict[Tree, Expr]
POINT: Tree = ()
LINE: Tree = (POINT,)
FORK: Tree = (POINT, POINT)
TALL: Tree = (LINE,)


def grafts(scion: Tree, stock: Tree) -> list[Tree]:
    """All trees made by hanging the scion on one node of the stock: the derivative of F(stock) along F(scion)."""
    here = [tuple(sorted((*stock, scion)))]
    for place, branch in enumerate(stock):
        here += [tuple(sorted((*stock[:place], grown, *stock[place + 1 :]))) for grown in grafts(scion, branch)]
    return here


def nodes(tree: Tree) -> int:
    """Number of nodes: the power of the step with which the tree comes."""
    return 1 + sum(map(nodes, tree))


def along(field: Mapping[Tree, Expr], value: Mapping[Tree, Expr], largest: int) -> Field:
    """The derivative of one combination of elementary differentials along another, up to trees of `largest` nodes."""
    result: Field = {}
    for stock, c in value.items():
        for scion, d in field.items():
            if nodes(stock) + nodes(scion) <= largest:
                for tree in grafts(scion, stock):
                    result[tree] = result.get(tree, Integer(0)) + c * d
    return result


def one_step(field: Field, largest: int) -> Field:
    """Taylor series of the flow after one step, minus the start; a tree of n nodes stands for n powers of the step.

    Arguments:
        field: coefficient of each tree; that of a tree of n nodes is multiplied by eta^(n-1).
        largest: nodes of the largest tree kept.
    """
    total: Field = {}
    term, scale = dict(field), Rational(1)
    for k in range(1, largest + 1):
        for tree, c in term.items():
            total[tree] = total.get(tree, Integer(0)) + scale * c
        term, scale = along(field, term, largest), scale / (k + 1)
    return total


@cache
def modified_loss() -> Derivation:
    """GD follows the flow of L + (eta/4)||grad L||^2 up to eta^2, and at that order no loss at all.  Source: (20)."""
    eta = Symbol("eta", positive=True)
    field = {POINT: Integer(1), LINE: -Rational(1, 2), FORK: Rational(1, 12), TALL: Rational(1, 3)}
    series = {tree: c * eta ** nodes(tree) for tree, c in one_step(field, 3).items()}
    steps: list[Step] = [
        Equality(series[POINT], eta, "the step x + eta f is hit at order eta, f = -grad L", names=("f", "f")),
        Equality(series[LINE], Integer(0), "at order eta^2, with the term -eta/2 f'f", names=("f'f", "0")),
        Equality(series[FORK], Integer(0), "at order eta^3, with eta^2/12 f''(f, f)", names=("f''(f, f)", "0")),
        Equality(series[TALL], Integer(0), "and eta^2/3 f'f'f", names=("f'f'f", "0")),
    ]
    slope, hessian, v = matrix("g", "n", "1"), matrix("sym_H", "n", "n"), matrix("v", "n", "1")
    third_along = matrix("sym_T(v)", "n", "n")  # third derivative of L along v
    moved = inner(slope, hessian @ slope).rate({"g": hessian @ v, "sym_H": third_along})
    steps += [
        Equality(
            inner(slope, slope).rate({"g": hessian @ v}).scaled(Rational(1, 4)),
            inner(hessian @ slope, v).scaled(Rational(1, 2)),
            "along v the gradient g moves by H v, so grad (1/4)||g||^2 = H g / 2 = f'f / 2 as f' = "
            "-H: the modified loss",
        ),
        Equality(
            moved.scaled(Rational(1, 12)) + inner(hessian @ hessian @ slope, v).scaled(Rational(1, 6)),
            inner(slope, third_along @ slope).scaled(Rational(1, 12))
            + inner(hessian @ hessian @ slope, v).scaled(Rational(1, 3)),
            "the next term is -grad (1/12) <g, H g> - (1/6) H^2 g, and H^2 g is in general no gradient",
        ),
    ]
    return Derivation(
        "modified-loss",
        "(20)",
        "The loss that gradient descent really descends",
        "x -> x - eta grad L follows the flow of L + (eta/4)||grad L||^2 with error O(eta^2); the next term "
        "-eta^2 ((1/12) T(g, g) + (1/3) H^2 g) is a gradient only if H commutes with T(g), T(g) the "
        "third derivative along g",
        tuple(steps),
        "Backward error analysis with rooted trees: the flow's Taylor series must equal one step.",
        "all losses with three derivatives, all dimensions",
        routes=(Route("one dimension", _one_dimension), Route("no modified loss at order eta^2", _curl)),
        topic="discretisation",
        subjects=("Descent",),
        loss="smooth",
    )


def _one_dimension() -> Check:
    """The same coefficients by direct expansion for a general function of one variable."""
    _, x, eta, *c = ring("x eta c0 c1 c2", QQ)
    f = c[0] + c[1] * x + c[2] * x**2
    slope, bend = f.diff(x), f.diff(x).diff(x)
    field = f - eta * f * slope / 2 + eta**2 * (f**2 * bend / 12 + f * slope**2 / 3)
    total, term, scale = 0 * x, field, eta
    for k in range(1, 4):
        total += scale * term
        term, scale = term.diff(x) * field, scale * eta / (k + 1)
    rest = total - eta * f
    left = [c for (power, order, *_), c in rest.terms() if power == 0 and order <= 3]
    return Check(not left, str(left or 0), "Taylor coefficients to eta^3 agree for a quadratic with free coefficients")


def _curl() -> Check:
    """A loss of two variables whose second-order term has a curl: no modified loss reproduces it."""
    x, y = symbols("x y")
    loss = x**2 / 2 + x * y + y**3 / 6 + y
    g = [diff(loss, v) for v in (x, y)]
    H = [[diff(e, v) for v in (x, y)] for e in g]
    Hg = [sum(H[i][j] * g[j] for j in range(2)) for i in range(2)]
    HHg = [sum(H[i][j] * Hg[j] for j in range(2)) for i in range(2)]
    curl = expand(diff(HHg[0], y) - diff(HHg[1], x))
    return Check(curl != 0, str(curl), f"x^2/2 + xy + y^3/6 + y gives the curl {curl}")


@cache
def momentum() -> Derivation:
    """Gradient flow with friction and inertia, B'' + mu B' = -dL/dB.  Source: (6), (7)."""
    mu = Symbol("mu", nonnegative=True)
    tensor = P @ A @ b @ gamma.T @ X
    va, vb = matrix("V", "p", "q"), matrix("v", "q", "1")
    flow = {"A": va, "a": vb}
    flow |= {"V": -gradient(D, tensor, "A") - va.scaled(mu), "v": -gradient(D, tensor, "a") - vb.scaled(mu)}
    spin = A.T @ va - va.T @ A + b @ vb.T - vb @ b.T
    gap = inner(A, va) - inner(b, vb)
    rate = inner(va, va) - inner(vb, vb) - gap.scaled(mu)
    steps: list[Step] = [
        Equality(
            spin.rate(flow),
            spin.scaled(-mu),
            "the angular momentum of the rotations between neighbours decays like e^(-mu t)",
            names=("dJ/dt", "-mu J"),
        ),
        Equality(
            gap.rate(flow),
            rate,
            "half the rate of ||A||^2 - ||a||^2 is driven by the speeds: (6) is not conserved",
            names=("d/dt (<A, A'> - <a, a'>)", "||A'||^2 - ||a'||^2 - mu (<A, A'> - <a, a'>)"),
        ),
    ]
    return Derivation(
        "momentum",
        "(6), (7)",
        "Conservation laws with momentum",
        "B'' + mu B' = -dL/dB conserves e^(mu t) J, J = A^T A' - A'^T A + B B'^T - B' B^T, for neighbours A, B; "
        "q = (||A||^2 - ||B||^2)/2 obeys q'' + mu q' = ||A'||^2 - ||B'||^2 instead of (6)",
        tuple(steps),
        "Rotations keep both the loss and the speeds, scalings only the loss.",
        "all K >= 1, all N, all sizes, all mu >= 0",
        topic="discretisation",
    )
