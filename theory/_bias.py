"""What the flow itself prefers, as against what weight decay makes it prefer.  Source: (17), (18)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from itertools import combinations

from sympy import Expr, Integer, Symbol, diff, exp, expand, log, oo, powsimp, symbols

from ._chain_proofs import A, D, P, X, b, gamma
from ._derivation import Check, Derivation, Equality, Limit, Route, Sign, Step
from ._words import Words, constant, gradient, inner, matrix

layers = Symbol("L", integer=True, positive=True)  # blocks of one gated group, K + 1
r = Symbol("r", positive=True)
w, w0 = symbols("w w_0", positive=True)


def gated_groups(depth: int, order: int, chain: str) -> bool:
    """Whether a column is one vector times scalars: gates, or at order 1 and depth 1 the core entry."""
    return (chain == "gate" and depth >= 2) or (order == 1 and depth == 1)


def hessian_defect(count: int, point: tuple[int, ...]) -> list[Fraction]:
    """d_k H_ij - d_i H_kj at a point, in units of r^(2/L-2); all zero exactly if H is locally a Hessian.

    H = r^(2/L-2) (I - (L-1)/L t t^T) is the matrix with H dT/dt = -grad for a vector block times L - 1 gates.

    Arguments:
        count: L. point: T, not zero.
    Source: (18).
    """
    square = sum(x * x for x in point)  # r^2
    tilt, power = Fraction(1 - count, count), Fraction(2, count) - 2

    def slope(i: int, j: int, k: int) -> Fraction:
        entry = (i == j) + tilt * point[i] * point[j] / square
        projector = (i == k) * point[j] + point[i] * (j == k) - Fraction(2 * point[i] * point[j] * point[k], square)
        return power * point[k] / square * entry + tilt * projector / square

    size = range(len(point))
    return [slope(i, j, k) - slope(k, j, i) for i, k in combinations(size, 2) for j in size]


@cache
def induced_metric() -> Derivation:
    """dT/dt = -r^(2-2/L) (I + (L-1) t t^T) grad.  Source: (18)."""
    a, grad = matrix("a", "d", "1"), matrix("grad", "d", "1")
    product, own = symbols("S c", positive=True)  # product of the gates, one gate
    pull = inner(a, grad)  # every gate c moves by -(S / c) <a, grad>, the vector by -S grad
    moved = grad.scaled(-(product**2)) + pull.times(a).scaled(-(layers - 1) * (product / own) ** 2)
    norm = r ** (1 / layers)
    law = grad.scaled(-(r ** (2 - 2 / layers))) - pull.times(a).scaled((layers - 1) * r ** (2 - 4 / layers))
    balanced = {product: norm ** (layers - 1), own: norm}
    inverse = Symbol("x", real=True)  # component of a vector along t
    steps: list[Step] = [
        Equality(
            _with_powers(moved, balanced),
            _with_powers(law, {}),
            "product rule for T = S a; balanced gates c = ||a|| = r^(1/L), S = r^((L-1)/L), and a a^T = r^(2/L) t t^T",
        ),
        Equality(
            (1 + (layers - 1)) * inverse * (1 - (layers - 1) / layers),
            inverse,
            "along t the factors L and 1 - (L-1)/L = 1/L are inverse; across t both are 1",
        ),
    ]
    return Derivation(
        "induced-metric",
        "(18)",
        "The metric that a gated group induces on its product",
        "dT/dt = -r^(2-2/L) (I + (L-1) t t^T) grad L(T), r = ||T||, t = T/r, L = K + 1 blocks",
        tuple(steps),
        "The vector moves by -S grad, each gate by -(S/c) <a, grad>; balance turns norms into powers of r.",
        "all L >= 1, all group sizes",
        topic="bias",
        hypotheses="balanced gated group",
        assumes="balanced",
        applies=gated_groups,
    )


def _with_powers(expression: Words, values: Mapping[Expr, Expr]) -> Words:
    """The expression with values put into its coefficients and each power of r collected."""
    terms = []
    for key, c in expression.terms:
        collected = powsimp(expand(c.subs(values)), force=True)
        terms.append((key, expand(collected.replace(lambda e: e.is_Pow, lambda e: e.base ** expand(e.exp)))))
    return Words(expression.shape, tuple(terms), expression.shapes)


@cache
def mirror_flow() -> Derivation:
    """The inverse metric is a Hessian only for L = 1 or groups of size one.  Source: (18)."""
    power = 2 - 2 / layers
    height, tilt = r ** (-power), -(layers - 1) / layers
    # d_k H_ij - d_i H_kj = (h' - h beta / r) (t_k delta_ij - t_i delta_kj) for H = h(r) (I + beta t t^T)
    defect = diff(height, r) - height * tilt / r
    shown = (layers - 1) / layers * r ** (2 / layers - 3)
    potential = {1: w**2 / 2, 2: (w * log(w) - w) / 2}
    steps: list[Step] = [
        Equality(defect, -shown, "the one coefficient of d_k H_ij - d_i H_kj"),
        Equality(defect.subs(layers, 1), Integer(0), "it vanishes for L = 1"),
        Sign((shown * layers).subs(layers, 1 + layers), "and is negative for L >= 2: no potential, no mirror flow"),
        Equality(diff(potential[1], w, 2), Integer(1), "size one, L = 1: potential w^2/2"),
        Equality(diff(potential[2], w, 2), 1 / (2 * w), "size one, L = 2: the entropy (w log w - w)/2"),
        Equality(
            diff(_potential(layers), w, 2),
            w ** (2 / layers - 2) / layers,
            "size one, L >= 3: potential -L/(2(L-2)) w^(2/L); its second derivative is the inverse metric w^(2/L-2)/L",
        ),
    ]
    return Derivation(
        "mirror-flow",
        "(18)",
        "Groups of size one follow a mirror flow, larger groups do not",
        "H = r^(2/L-2) (I - (L-1)/L t t^T) is a Hessian only for L = 1 or groups of size one",
        tuple(steps),
        "A symmetric matrix field is a Hessian exactly if d_k H_ij = d_i H_kj.",
        "all L >= 1, all group sizes",
        routes=(Route("components", _defects),),
        topic="bias",
        hypotheses="balanced gated group",
        assumes="balanced",
        applies=gated_groups,
    )


@cache
def _defects() -> Check:
    """Sizes 2 and 3 at rational points: the defect is zero for L = 1, not for L = 2 .. 5."""
    for count in range(1, 6):
        for point in ((3, 4), (1, 2, 2)):
            defect = hessian_defect(count, point)
            if all(x == 0 for x in defect) != (count == 1):
                return Check(False, str(defect), f"L = {count}, group of size {len(point)}")
    return Check(True, "0", "groups of sizes 2 and 3: no defect for L = 1, a defect at one point for each L = 2 .. 5")


def _potential(count: Expr) -> Expr:
    return -count / (2 * (count - 2)) * w ** (2 / count)


@cache
def bias_versus_cost() -> Derivation:
    """Size one: the flow from small starts minimises the l1 norm at every depth, weight decay an l_{2/L} norm."""
    q = Symbol("q", positive=True)  # 1 - 2/L, between 0 and 1 for L >= 3
    count = 2 / (1 - q)
    potential = -(w ** (1 - q)) / (2 * q)
    start = diff(potential, w).subs(w, w0)
    steepness = (1 - q) / (2 * q) * w0 ** (-q)
    bregman = potential - potential.subs(w, w0) - start * (w - w0)
    entropy = (w * log(w) - w) / 2
    distance = entropy - entropy.subs(w, w0) - diff(entropy, w).subs(w, w0) * (w - w0)
    slope = -diff(entropy, w).subs(w, w0)
    steps: list[Step] = [
        Equality(_potential(count), potential, "the potential of mirror-flow with q = 1 - 2/L"),
        Equality(-start, steepness, "L >= 3: its slope at the start is negative, unbounded as w_0 -> 0"),
        Equality(
            bregman,
            steepness * (w - w0 - (w ** (1 - q) - w0 ** (1 - q)) * w0**q / (1 - q)),
            "the Bregman divergence from the start, in units of that slope",
        ),
        Limit(
            w0**q, w0, Integer(0), Integer(0), "w_0 stands in it with positive powers only: its limit is w, the l1 norm"
        ),
        Equality(
            distance, slope * w + (w * log(w) - w + w0) / 2, "L = 2: the entropy's divergence; slope = -log(w_0)/2"
        ),
        Limit(1 / slope, w0, Integer(0), Integer(0), "so in units of the slope its limit is w as well"),
        Limit((w**2 - w0**2) / 2 - w0 * (w - w0), w0, Integer(0), w**2 / 2, "L = 1: the limit is the squared l2 norm"),
        Equality(2 / count, 1 - q, "the representation cost (14) has exponent 2/L = 1 - q, not 1: another regularizer"),
    ]
    return Derivation(
        "implicit-bias-is-not-cost",
        "(17)",
        "Implicit bias is not the representation cost",
        "groups of size one, positive coordinates: without weight decay the flow from w_0 -> 0 "
        "prefers sum w at every L >= 2; "
        "weight decay prefers sum w^(2/L)",
        tuple(steps),
        "A mirror flow that converges to an interpolating solution minimises the Bregman divergence from its start.",
        "all L >= 1, groups of size one",
        topic="bias",
        hypotheses="linear measurements, the flow converges to an interpolating solution",
    )


@cache
def weight_decay() -> Derivation:
    """Weight decay makes differences of squared norms decay, and adds lambda R_K(W) to the loss.

    Source: (15), (17).
    """
    rate = Symbol("lambda", positive=True)
    time = Symbol("t", nonnegative=True)
    start = Symbol("delta", real=True)
    decay = exp(-2 * rate * time)
    tensor = P @ A @ b @ gamma.T @ X
    flow = {name: -gradient(D, tensor, name) - block.scaled(rate) for name, block in (("A", A), ("a", b))}
    law = inner(A, A) - inner(b, b)
    gram = A.T @ A - b @ b.T
    steps: list[Step] = [
        Equality(
            law.rate(flow),
            law.scaled(-2 * rate),
            "flow of L + lambda/2 (all squared norms): the terms of L cancel by (6)",
            names=("d/dt (||A||^2 - ||a||^2)", "-2 lambda (||A||^2 - ||a||^2)"),
        ),
        Equality(gram.rate(flow), gram.scaled(-2 * rate), "the matrix laws (7) decay alike"),
        Equality(diff(start * decay, time), -2 * rate * start * decay, "so they decay"),
        Equality(constant(start * decay.subs(time, 0)), constant(start), "from their value at time 0"),
        Limit(start * decay, time, oo, Integer(0), "to zero: weight decay balances every group"),
    ]
    return Derivation(
        "weight-decay",
        "(17)",
        "What weight decay does",
        "with weight decay lambda: ||B||^2 - ||B'||^2 = e^(-2 lambda t) times its start, and min over parameters of "
        "L + lambda/2 ||all||^2 is min over W of L(W) + lambda R_K(W)",
        tuple(steps),
        "Minimise over the factorizations of a fixed W first: that is the definition of R_K in (15).",
        "all K >= 1, all N, all sizes",
        topic="bias",
    )
