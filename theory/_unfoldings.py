"""Order 3 and more: the singular values of W's own unfoldings obey no law of the form (8).  Source: remark to (13).

The point: a core with the entries a at (1,1,1) and b at (1,2,2), (2,1,2), (2,2,1), every matrix of modes 1 to 3
diag(s1, s2) with the slice norms of the core, further modes of size one. The slices have disjoint supports, so it is
matrix-balanced and the rows of W_(1) are orthogonal; D has two entries in the first row, at right angles to it.
"""

from __future__ import annotations

from functools import lru_cache, partial

from sympy import Expr, Integer, Rational, Symbol, diff, expand, sqrt, sympify

from ._deep_tucker import deep_tucker
from ._derivation import Check, Derivation, Equality, Route, Sign, Step
from ._exact_evaluation import Array, Dual, indices, law_rates, run
from ._gradient import squared_loss_flow
from ._group_size import Depth
from ._laws import conservation_laws
from ._program import Program

A2, B2 = Rational(3, 2), Rational(1, 2)  # squared entries of the core
S1, S2 = Integer(2), Integer(1)  # squared slice norms in modes 1 to 3
WHOLE = Integer(3)  # squared norm of the core, the slice norm of a mode of size one


def entry_squared(depth: Expr, order: Expr) -> tuple[Expr, Expr]:
    """Squares of the entries w1, w2 of W at (1,1,1) and (1,2,2)."""
    rest = WHOLE ** (depth * (order - 3))
    return A2 * S1 ** (3 * depth) * rest, B2 * S1**depth * S2 ** (2 * depth) * rest


def stiffness(depth: Expr) -> tuple[Expr, Expr]:
    """-(dw/dt)/D over w^2 for both entries: inverse squares of the numbers in w that the other entry does not hold.

    These are the core's entry and the K matrices of modes 2 and 3. A number u that both entries hold (mode 1, further
    modes) moves by -(w1 D1 + w2 D2)/u, which is zero.
    """
    return 1 / A2 + 2 * depth / S1, 1 / B2 + 2 * depth / S2


def unfolding_singular_values(depth: Depth, order: Depth) -> Derivation:
    """A matrix-balanced point where <D, p q^T> = 0 for the first singular pair of W_(1), and yet it moves."""
    k, modes = sympify(depth), sympify(order)
    w1, w2 = Symbol("w1", positive=True), Symbol("w2", positive=True)
    rate1, rate2 = Symbol("kappa1", real=True), Symbol("kappa2", real=True)
    h, z = Symbol("h", positive=True), Symbol("z", real=True)
    big, small = entry_squared(k, modes)
    first, second = stiffness(k)
    ratio = 3 * Integer(4) ** k
    gap = 3 * (1 + h) * first - second
    d1, d2 = w2, -w1
    moved = w1 * (-rate1 * d1) + w2 * (-rate2 * d2)
    steps: list[Step] = [
        Equality(A2 + B2, S1, "the slices of index 1, in modes 1 to 3", names=("a^2 + b^2", "s1^2")),
        Equality(2 * B2, S2, "those of index 2", names=("b^2 + b^2", "s2^2")),
        Equality(A2 + 3 * B2, WHOLE, "the only slice of a further mode is the core", names=("a^2 + 3 b^2", "||G||^2")),
        Equality(
            w1 * d1 + w2 * d2,
            Integer(0),
            "D is at right angles to the row, so by a law like (8) s would stand still; what both entries share does",
            names=("<D, p q^T>", "0"),
        ),
        Equality(
            moved, -w1 * w2 * (rate1 - rate2), "s ds/dt = w1 dw1/dt + w2 dw2/dt, and dw/dt = -kappa D for both entries"
        ),
        Equality(big, ratio * small, "w1^2 = 3 4^K w2^2"),
        Sign(diff(Integer(4) ** z, z), "4^z rises from 4^0 = 1, so 4^K = 1 + h with h > 0"),
        Sign(3 * (1 + h) + 1 - 2, "w1^2 + w2^2 exceeds 2 w2^2, the squared norm of the second row: s is simple"),
        Equality(
            ratio * first - second,
            gap.subs(h, Integer(4) ** k - 1),
            "(kappa1 - kappa2)/w2^2, kappa = w^2 times inverse squares of the numbers that w does not share",
        ),
        Sign(
            expand(gap),
            "is positive, so the singular value moves",
        ),
    ]
    routes: tuple[Route, ...] = ()
    if isinstance(depth, int) and isinstance(order, int):
        routes = (Route("derived program", partial(moving_point, min(depth, 2), min(order, 4))),)
    return Derivation(
        "unfolding-singular-values",
        "(13), remark",
        "Singular values of W's own unfoldings obey no power law beyond order 2",
        "N >= 3: at a matrix-balanced point with <D, p q^T> = 0, (s, p, q) a simple singular triple of W_(1), "
        "ds/dt is not 0; so ds/dt = f(s) <-D, p q^T> holds for no f",
        tuple(steps),
        "One point per K and N is enough; zero rows and columns carry it to larger sizes.",
        "all K >= 1, all N >= 3, sizes of at least 2 in three modes",
        routes=routes,
        topic="dynamics",
        hypotheses="chain=mode, matrix-balanced",
        assumes="matrix-balanced",
    )


@lru_cache(maxsize=8)
def moving_point(depth: int, order: int) -> Check:
    """The point in exact numbers, put through the derived flow: balance, right angles, and the rate."""
    model = deep_tucker(depth, order, "mode")
    sizes = {x: 2 if x[0] + x[1:].split(".")[0] in _wide() else 1 for b in model.blocks for x in b.labels}
    values: dict[str, Array] = {}
    for block in model.blocks:
        places = indices(block.labels, sizes)
        if block.name == "G":
            values["G"] = {i: _core_entry(i[:3]) for i in places}
        else:
            norms = [sqrt(S1), sqrt(S2)] if len(places) == 4 else [sqrt(WHOLE)]
            values[block.name] = {i: norms[i[0]] if i[0] == i[1] else Integer(0) for i in places}
    forward = Program(model.block_order, model.steps, {"W": "W"})
    tensor = run(forward, values, sizes)["W"]
    tail = (0,) * (order - 3)
    one, two = (0, 0, 0, *tail), (0, 1, 1, *tail)
    pull = {i: Integer(0) for i in tensor} | {one: tensor[two], two: -tensor[one]}
    values["target"] = {i: expand(x - pull[i]) for i, x in tensor.items()}
    values["weights"] = {i: Integer(1) for i in tensor}
    for law in (law for law in conservation_laws(model) if law.edge):
        # the laws are differences of squares: with the blocks as their own velocities, twice the differences
        still = values | {f"d{b.name}/dt": values[b.name] for b in (law.left, law.right)}
        if any(expand(x) != 0 for x in law_rates(law, still, sizes)):
            return Check(False, str(law), "the point is not matrix-balanced")
    flow = run(squared_loss_flow(model), values, sizes)
    moving = {b.name: {i: Dual(x, flow[f"d{b.name}/dt"][i]) for i, x in values[b.name].items()} for b in model.blocks}
    rates = {i: x.slope for i, x in run(forward, moving, sizes)["W"].items()}
    row = [i for i in tensor if i[0] == 0]
    across = sum(tensor[i] * tensor[(1, *i[1:])] for i in row)
    aligned = sum(tensor[i] * pull[i] for i in row)
    if expand(across) != 0 or expand(aligned) != 0:
        return Check(False, f"{across}, {aligned}", "the rows of W_(1), or D and the row, are not at right angles")
    found = expand(sum(tensor[i] * rates[i] for i in row))
    squares, stiff = entry_squared(Integer(depth), Integer(order)), stiffness(Integer(depth))
    said = -tensor[one] * tensor[two] * (squares[0] * stiff[0] - squares[1] * stiff[1])
    if (rest := expand(found - said)) != 0 or found == 0:
        return Check(False, str(rest), "the derived flow moves the singular value at another rate")
    return Check(True, "0", f"depth {depth}, order {order}: s ds/dt = {found} where a law like (8) says 0")


def _wide() -> tuple[str, ...]:
    return tuple(f"{kind}{mode}" for kind in "irx" for mode in (1, 2, 3))


def _core_entry(place: tuple[int, ...]) -> Expr:
    if place == (0, 0, 0):
        return sqrt(A2)
    return sqrt(B2) if sum(place) == 2 else Integer(0)
