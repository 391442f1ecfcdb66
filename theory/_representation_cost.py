"""All modes at once: the smallest squared norm of a factorization of W.  Source: (15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product

from sympy import Expr, Matrix, Rational, Symbol, diff, exp, log, symbols, sympify

from . import notation as n
from ._derivation import Check, Derivation, Equality, Route, Sign, Step
from ._formula import Formula
from ._group_size import Depth, block_count, symbolic
from ._penalty import group_penalty
from ._words import constant, matrix, trace


@dataclass(frozen=True)
class CostProblem:
    """(15) for fixed orthonormal column directions: convex in x = log s, the logarithms of the column norms.

    Arguments:
        depth: K >= 1.
        shape: sizes of T, W in the bases of the column directions.
    Raises: ValueError for a depth or shape out of range.
    Source: (15).
    """

    depth: int
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.depth < 1 or not self.shape or min(self.shape) < 1:
            raise ValueError(f"depth {self.depth} and every size of {self.shape} must be at least 1")

    @property
    def entries(self) -> dict[tuple[int, ...], Symbol]:
        """Symbols of the entries of T."""
        places = product(*map(range, self.shape))
        return {i: Symbol("T_" + "_".join(map(str, i)), real=True) for i in places}

    @property
    def logs(self) -> list[list[Symbol]]:
        """Symbols x[n][r] = log s_r^(n)."""
        return [[Symbol(f"x{m}_{r}", real=True) for r in range(size)] for m, size in enumerate(self.shape, start=1)]

    def core_entry_squared(self, place: Sequence[int]) -> Expr:
        """G_i^2 = T_i^2 / prod_n (s^(n)_{i_n})^2."""
        total = sum(row[r] for row, r in zip(self.logs, place, strict=True))
        return self.entries[tuple(place)] ** 2 * exp(-2 * total)

    def objective(self) -> Expr:
        """1/2 ||G||^2 + (K/2) sum s^(2/K)."""
        core = sum(self.core_entry_squared(i) for i in self.entries)
        factors = sum(exp(2 * x / self.depth) for row in self.logs for x in row)
        return core / 2 + Rational(self.depth, 2) * factors

    def slice_norm_squared(self, mode: int, r: int) -> Expr:
        """||G_{n,r}||^2 as a function of T and x; mode counts from 0."""
        return sum((self.core_entry_squared(i) for i in self.entries if i[mode] == r), start=sympify(0))

    def stationarity(self, mode: int, r: int) -> Expr:
        """Derivative of the objective in x[mode][r]; zero means s^(2/K) = ||G_{n,r}||^2."""
        return exp(2 * self.logs[mode][r] / self.depth) - self.slice_norm_squared(mode, r)

    def check(self) -> Check:
        """Optimality conditions entry by entry, and the Hessian as a sum of positive multiples of squares v v^T."""
        unknowns = [x for row in self.logs for x in row]
        objective = self.objective()
        for mode, row in enumerate(self.logs):
            for r, x in enumerate(row):
                rest = (diff(objective, x) - self.stationarity(mode, r)).expand()
                if rest != 0:
                    return Check(False, str(rest), f"stationarity in x{mode + 1}_{r}")
        squares = Matrix.zeros(len(unknowns))
        for place in self.entries:
            used = [row[r] for row, r in zip(self.logs, place, strict=True)]
            v = Matrix([1 if x in used else 0 for x in unknowns])
            squares += 2 * self.core_entry_squared(place) * v * v.T
        squares += Matrix.diag(*[Rational(2, self.depth) * exp(2 * x / self.depth) for x in unknowns])
        for i, x in enumerate(unknowns):
            for j, z in enumerate(unknowns[: i + 1]):
                if (rest := (diff(objective, x, z) - squares[i, j]).expand()) != 0:
                    return Check(False, str(rest), f"Hessian entry {x}, {z}")
        return Check(True, "0", f"{len(unknowns)} conditions and a positive Hessian at sizes {self.shape}")


def representation_cost_bounds(depth: Depth, order: Depth) -> tuple[Formula, Formula]:
    """Lower and upper bound of R_K(W) by the group quasi-norm of one mode.

    P is sum_j s_j^q over the singular values s_j of the mode-n unfolding of W, q = 2/(K+1), and R the product of the
    multilinear ranks of the other modes. Equal for R = 1, so both are tight.

    Arguments:
        depth: K. order: N. Integers or symbols.
    Returns: formulas (lower in (P,), upper in (P, R)).
    Source: (14), (15).
    """
    k, blocks = sympify(depth), block_count(depth, order)
    group, ranks = Symbol("P", positive=True), Symbol("R", positive=True)
    lower = blocks / 2 * group ** ((k + 1) / blocks)
    extra = symbolic(depth, order)
    domain = "P >= 0, R >= 1, K >= 1"
    return (
        Formula("representation_cost_lower", (group, *extra), lower, domain=domain, source="(15)"),
        Formula(
            "representation_cost_upper",
            (group, ranks, *extra),
            lower * ranks ** (k / blocks),
            domain=domain,
            source="(15)",
        ),
    )


def representation_cost(depth: Depth, order: Depth) -> Derivation:
    """(15): chain by chain, convexity, optimality, value, homogeneity."""
    k, order_ = sympify(depth), sympify(order)
    x, others, T, q, scale, direction = symbols("x others T q c d", real=True)
    c = n.g
    core, factor = T**2 * exp(-2 * (x + others)) / 2, k / 2 * exp(2 * x / k)
    blocks = block_count(depth, order)
    unit = matrix("u", "I", "1")
    first, second = matrix("u1", "I", "1"), matrix("u2", "I", "1")
    ones = tuple((trace(v.T @ v), constant(1)) for v in (first, second))
    product_ = (unit @ first.T).scaled(c) @ (first @ second.T).scaled(c) @ second.scaled(c)
    chain_cost = (
        group_penalty(depth).expression.subs(k, k - 1) if symbolic(depth) else group_penalty(depth - 1).expression
    )
    steps: list[Step] = [
        Equality(
            product_, unit.scaled(c**3), "a chain of rank one with unit vectors: its norm is the product of norms", ones
        ),
        Equality(chain_cost, k / 2 * n.sigma ** (2 / k), "(14) for the K blocks of one chain, sigma = ||u_r||"),
        Equality(
            diff(core.subs(others, others + scale * direction), scale, 2),
            4 * direction**2 * core.subs(others, others + scale * direction),
            "every entry of the core is the exponential of a linear form in log s",
        ),
        Sign(diff(core, x, 2), "so the core's part is convex", ">="),
        Sign(diff(factor, x, 2).subs(k, Symbol("k", positive=True)), "and the factors' part strictly convex"),
        Equality(diff(core, x), -2 * core, "stationarity, the core's part: minus the squared entry of G"),
        Equality(diff(factor, x), exp(2 * x / k), "stationarity, the factors' part: so ||G_(n,r)||^2 = s_r^(2/K)"),
        Equality(
            q / 2 + k / 2 * order_ * q,
            (1 + order_ * k) / 2 * q,
            "sum over r in every mode: sum_r s_r^(2/K) = ||G||^2 = q",
        ),
        Equality(blocks, 1 + order_ * k, "W is of degree 1 + NK in the parameters, the cost of degree 2"),
        Equality((c**blocks) ** (2 / blocks), c**2, "so R_K(c^(1+NK) W) = c^2 R_K(W): homogeneous of degree 2/(1+NK)"),
    ]
    routes: tuple[Route, ...] = ()
    if isinstance(depth, int) and isinstance(order, int):
        shape = (2, 2, 1)[:order]
        routes = (Route("components", partial(_checked_problem, depth, shape)),)
    return Derivation(
        "representation-cost",
        "(15)",
        "Smallest squared norm of all parameters: a geometric program",
        "R_K(W) = min 1/2 ||G||^2 + (K/2) sum_(n,r) ||u_r||^(2/K) = (1+NK)/2 ||G*||^2; ||G_(n,r)||^2 "
        "= s_r^(2/K) at the optimum",
        tuple(steps),
        "Convex in log s for fixed directions; a stationary point is the minimum.",
        "all K >= 1, all N, all sizes",
        routes=routes,
        topic="regularizer",
        hypotheses="fixed orthonormal column directions; see orthonormal-frames",
        subjects=("Target",),
    )


@lru_cache(maxsize=8)
def _checked_problem(depth: int, shape: tuple[int, ...]) -> Check:
    return CostProblem(depth, shape).check()


def cost_bounds(depth: Depth, order: Depth) -> Derivation:
    """Per-mode group quasi-norms bound (15) from both sides."""
    k, order_ = sympify(depth), sympify(order)
    lower, upper = representation_cost_bounds(depth, order)
    group, ranks, h, core = lower.args[0], upper.args[1], Symbol("h", positive=True), Symbol("G_norm", positive=True)
    blocks = 1 + order_ * k
    power = 2 / (k + 1)
    optimum = (group ** (k + 1) * ranks**k) ** (1 / blocks)
    # s_m = (h / R_m)^(K/2) in the other modes, so their product is h^(K(N-1)/2) R^(-K/2)
    others = h ** (k * (order_ - 1) / 2) * ranks ** (-k / 2)
    steps: list[Step] = [
        Equality(
            (h ** (k + 1) * core ** (k * (order_ - 1))) ** power,
            h**2 * core ** (2 * k * (order_ - 1) / (k + 1)),
            "optimum: ||T_(n,r)|| <= h_r^(K+1) ||G||^(K(N-1)) with h_r = ||G_(n,r)||, since every s_r <= ||G||^K",
        ),
        Equality(
            core**2 * core ** (2 * k * (order_ - 1) / (k + 1)),
            (core**2) ** (blocks / (k + 1)),
            "sum over r: P <= (||G||^2)^((1+NK)/(K+1))",
        ),
        Equality(
            lower.expression.subs(group, (core**2) ** (blocks / (k + 1))),
            blocks / 2 * core**2,
            "so the exported lower bound is at most (1+NK)/2 ||G||^2 = R_K, for it rises with P",
        ),
        Sign(diff(lower.expression, group), "it rises with P"),
        Equality(
            log(optimum * (others.subs(h, optimum)) ** power),
            log(group),
            "upper bound: equal columns in the other modes, s_m^(2/K) R_m = h, balance mode n when h (prod s_m)^q = P",
        ),
        Equality(optimum / 2 + k / 2 * order_ * optimum, upper.expression, "then the cost is (1+NK)/2 h"),
        Equality(
            upper.expression.subs(ranks, 1), lower.expression, "both bounds meet when the other modes have rank one"
        ),
    ]
    return Derivation(
        "representation-cost-bounds",
        "(15)",
        "Group quasi-norms of one mode bound the representation cost from both sides",
        "P^((K+1)/(1+NK)) <= 2 R_K(W)/(1+NK) <= P^((K+1)/(1+NK)) (product of the other ranks)^(K/(1+NK)), "
        "P = sum_j sigma_j(W_(n))^(2/(K+1)), any mode n",
        tuple(steps),
        "Below: the optimality conditions, and concavity to pass from slices to singular values. "
        "Above: a feasible point.",
        "all K >= 1, all N, all sizes",
        topic="regularizer",
        subjects=("Target",),
    )
