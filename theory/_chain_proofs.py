"""Proofs with matrix symbols: a chain is P A B s (prefix, two neighbours, suffix), so one identity covers every depth.

W_r, the component of one group unfolded along its mode n, is P A B s gamma^T X: gamma is the core slice as a vector, X
the product of the factors of the other modes, which carries the order. P, s and X are arbitrary matrices of symbolic
sizes; an empty prefix is the case P = identity. D is the gradient of L at W, unfolded likewise.
"""

from __future__ import annotations

from sympy import Expr, Symbol

from ._derivation import Derivation, Equality, Step
from ._words import Words, constant, gradient, inner, matrix

D = matrix("D", "I", "J")  # gradient of L at W, unfolded along mode n
X = matrix("X", "Q", "J")  # product of the other factors: core indices x indices of W
P = matrix("P", "I", "p")  # what stands before A in its chain
A = matrix("A", "p", "q")
B = matrix("B", "q", "w")
s = matrix("s", "w", "1")  # what stands after B: a product that ends in the last vector
a = matrix("a", "p", "1")  # the last vector behind the prefix P
b = matrix("a", "q", "1")  # the last vector behind A
u = matrix("u", "I", "1")  # the whole column u_r of the factor
gamma = matrix("gamma", "Q", "1")  # the core slice
gate = matrix("c", "1", "1")  # one scalar gate
F = matrix("F", "p", "R")  # the last factor of a mode
G = matrix("G", "R", "Q")  # the core, unfolded
C = matrix("C", "q", "J")  # all that follows A B in a shared chain, core included
RANGE = "all K >= 1, all N, all sizes"


def velocity(tensor: Words, name: str) -> Words:
    """d(block)/dt = -dL/d(block) for the block that occurs in the tensor.  Source: (3)."""
    return -gradient(D, tensor, name)


def gradient_steps(tensor: Words, *letters: Words) -> tuple[Equality, ...]:
    """<dL/dB, dB> = <D, dW> for an arbitrary dB: the gradients used are the gradients."""
    steps = []
    for letter in letters:
        name, shape = letter.shapes[0]
        moved = matrix(f"dot_{name}", *shape)
        steps.append(
            Equality(
                inner(gradient(D, tensor, name), moved),
                inner(D, tensor.rate({name: moved})),
                f"so dL/d{name} = {gradient(D, tensor, name)} is the gradient at the block {name} of {tensor}",
                names=(f"<dL/d{name}, d{name}>", "<D, dW>"),
            )
        )
    return tuple(steps)


def components(link: str) -> list[tuple[Words, Words]]:
    """(block, component W_r written with that block) for the kinds of block of a group."""
    column = [(gamma, u @ gamma.T @ X), (a, P @ a @ gamma.T @ X)]
    if link == "column":
        return [*column, (A, P @ A @ b @ gamma.T @ X), (A, P @ A @ B @ s @ gamma.T @ X)]
    return column


def euler_identity(link: str) -> Derivation:
    """<dL/dB, B> = <D, W_r>.  Source: (5)."""
    steps: list[Step] = []
    conclusions = []
    for block, tensor in components(link):
        name = block.shapes[0][0]
        steps += gradient_steps(tensor, block)
        left, right = inner(gradient(D, tensor, name), block), inner(D, tensor)
        why = f"put the block {name} itself for its change: W_r is linear in it"
        steps.append(Equality(left, right, why, names=(f"<dL/d{name}, {name}>", "<D, W_r>")))
        conclusions.append((left, right))
    if link == "gate":
        wide = gate.times(P @ a @ gamma.T @ X)
        scaled = inner(D, wide.rate({"c": gate}))
        why = "W_r is linear in each scalar gate c (the other gates are in P)"
        steps.append(Equality(scaled, inner(D, wide), why, names=("<dL/dc, c>", "<D, W_r>")))
        conclusions.append((scaled, inner(D, wide)))
    if link == "mode":
        whole = P @ A @ C
        steps += gradient_steps(whole, A)
        left = inner(gradient(D, whole, "A"), A)
        steps.append(
            Equality(left, inner(D, whole), "a shared factor belongs to no single r: the identity holds for W")
        )
        conclusions.append((left, inner(D, whole)))
    return Derivation(
        "euler-identity",
        "(5)",
        "Euler identity",
        "<dL/dB, B> = <D, W_r> for every block B of a group" + _shared(link),
        tuple(steps),
        "W_r is linear in every block of its group; the right side does not mention the block.",
        RANGE,
        tuple(conclusions),
        topic="conservation",
    )


def norm_conservation(link: str) -> Derivation:
    """d/dt ||B||^2 is the same for all blocks of a group.  Source: (6)."""
    steps: list[Step] = []
    conclusions = []
    for block, tensor in components(link):
        name = block.shapes[0][0]
        rate = inner(block, block).rate({name: velocity(tensor, name)})
        right = inner(D, tensor).scaled(-2)
        middle = inner(block, velocity(tensor, name)).scaled(2)
        norm, pull = f"d/dt ||{name}||^2", f"-2 <dL/d{name}, {name}>"
        steps.append(Equality(rate, middle, "product rule and gradient flow", names=(norm, pull)))
        steps.append(Equality(middle, right, "Euler identity (5)", names=(pull, "-2 <D, W_r>")))
        conclusions.append((rate, right))
    if link == "gate":
        wide = gate.times(P @ a @ gamma.T @ X)
        moved = inner(gate, gate).rate({"c": -inner(D, P @ a @ gamma.T @ X)})
        names = ("d/dt c^2", "-2 <D, W_r>")
        steps.append(Equality(moved, inner(D, wide).scaled(-2), "the same for a scalar gate", names=names))
        conclusions.append((moved, inner(D, wide).scaled(-2)))
    return Derivation(
        "norm-conservation",
        "(6)",
        "Squared block norms of a group differ by constants",
        "d/dt ||B||^2 = -2 <D, W_r> for every block B of group r, so ||B||^2 - ||B'||^2 is conserved" + _shared(link),
        tuple(steps),
        "All squared norms have the same derivative, whatever the loss.",
        RANGE,
        tuple(conclusions),
        topic="conservation",
        subjects=("State", "Flow"),
    )


def gram_conservation(left: Words, right: Words, tensor: Words, where: str) -> tuple[list[Step], tuple[Words, Words]]:
    """left^T left - right right^T is constant for neighbours left, right in the tensor."""
    first, second = left.shapes[0][0], right.shapes[0][0]
    law = left.T @ left - right @ right.T
    flow = {first: velocity(tensor, first), second: velocity(tensor, second)}
    here = flow[first].T @ left
    there = right @ flow[second].T
    zero = here - here
    steps: list[Step] = [
        *gradient_steps(tensor, left, right),
        Equality(
            here,
            there,
            f"{where}: the same word, read from either block",
            names=(f"(d{first}/dt)^T {first}", f"{second} (d{second}/dt)^T"),
        ),
        Equality(
            (left.T @ left).rate(flow),
            here + here.T,
            "product rule",
            names=(f"d/dt ({first}^T {first})", f"(d{first}/dt)^T {first} + its transpose"),
        ),
        Equality(
            (right @ right.T).rate(flow),
            there + there.T,
            "product rule",
            names=(f"d/dt ({second} {second}^T)", f"{second} (d{second}/dt)^T + its transpose"),
        ),
        Equality(
            law.rate(flow),
            zero,
            "both halves cancel, each with its transpose",
            names=(f"d/dt ({first}^T {first} - {second} {second}^T)", "0"),
        ),
    ]
    return steps, (law.rate(flow), zero)


def matrix_laws(link: str, depth: Expr) -> Derivation:
    """Gram matrices of neighbours differ by constants.  Source: (7)."""
    cases: list[tuple[Words, Words, Words, str]] = []
    if link == "column":
        cases.append((A, B, P @ A @ B @ s @ gamma.T @ X, "inside a chain"))
        cases.append((A, b, P @ A @ b @ gamma.T @ X, "at its end"))
    if link == "mode":
        cases.append((A, B, P @ A @ B @ matrix("C", "w", "J"), "inside a chain"))
    whole = link == "mode" or depth == 1 or depth.is_Symbol
    if whole:
        cases.append((F, G, P @ F @ G @ X, "last factor and core"))
    steps: list[Step] = []
    conclusions = []
    for case in cases:
        more, conclusion = gram_conservation(*case)
        steps += more
        conclusions.append(conclusion)
    if link == "gate":  # a scalar's Gram matrix is its square, so these laws are those of the norms
        norms = norm_conservation(link)
        steps += norms.steps
        conclusions += norms.conclusions
    statement = {
        "column": "A_k^T A_k - A_{k+1} A_{k+1}^T and A_{K-1}^T A_{K-1} - a a^T are conserved",
        "mode": "A_k^T A_k - A_{k+1} A_{k+1}^T and F^T F - G_(n) G_(n)^T (F the last factor) are conserved",
        "gate": "differences of squared gates, and of a squared gate and ||a||^2, are conserved (6)",
    }[link]
    if link != "mode" and whole:
        statement += "; for K = 1 also F^T F - G_(n) G_(n)^T as a whole matrix"
    if link != "mode" and depth != 1:
        off_steps, off_conclusion = off_diagonal()
        steps += off_steps
        conclusions.append(off_conclusion)
        statement += "; for K >= 2 the off-diagonal part of F^T F - G_(n) G_(n)^T is not conserved"
    return Derivation(
        "matrix-laws",
        "(7)",
        "Gram matrices of neighbouring blocks differ by constants",
        statement,
        tuple(steps),
        "With W = P A B S both A^T (dL/dA) and (dL/dB) B^T are A^T P^T D S^T B^T, so their difference stays.",
        RANGE,
        tuple(conclusions),
        topic="conservation",
        subjects=("State", "Flow"),
    )


def off_diagonal() -> tuple[list[Step], tuple[Words, Words]]:
    """Rate of a_1^T a_2 - gamma_1^T gamma_2 for two columns with chains P1, P2 of their own: zero only if P1 = P2."""
    p1, p2 = matrix("P1", "I", "p"), matrix("P2", "I", "p")
    a1, a2 = matrix("a1", "p", "1"), matrix("a2", "p", "1")
    c1, c2 = matrix("g1", "Q", "1"), matrix("g2", "Q", "1")
    tensor = {1: p1 @ a1 @ c1.T @ X, 2: p2 @ a2 @ c2.T @ X}
    flow = {f"a{r}": velocity(tensor[r], f"a{r}") for r in (1, 2)}
    flow |= {f"g{r}": -(X @ D.T @ (p1 @ a1 if r == 1 else p2 @ a2)) for r in (1, 2)}
    law = a1.T @ a2 - c1.T @ c2
    rate = law.rate(flow)
    gap = p2 - p1
    shown = inner(D, gap @ a2 @ c1.T @ X) - inner(D, gap @ a1 @ c2.T @ X)
    steps: list[Step] = [
        Equality(
            rate,
            shown,
            "product rule: the chains do not cancel unless P1 = P2",
            names=("d/dt (a1^T a2 - g1^T g2)", "<D, (P2 - P1)(a2 g1^T - a1 g2^T) X>"),
        )
    ]
    return steps, (rate, shown)


def drift_per_step(link: str, eta: Expr, formula: Expr, symbols: tuple[Expr, Expr]) -> Derivation:
    """One gradient step, exactly: every block of a group loses 2 eta <D, W_r>, the same for all.  Source: (19)."""
    steps: list[Step] = []
    conclusions: list[tuple[Words, Words]] = []
    kinds = [(block, tensor, gradient(D, tensor, block.shapes[0][0])) for block, tensor in components(link)]
    if link == "gate":
        kinds.append((gate, gate.times(P @ a @ gamma.T @ X), inner(D, P @ a @ gamma.T @ X)))
    for block, tensor, slope in kinds:
        name = block.shapes[0][0]
        if name != "c":  # the slope of a scalar gate is what multiplies it
            steps += gradient_steps(tensor, block)
        stepped = block - slope.scaled(eta)
        change = inner(stepped, stepped) - inner(block, block)
        rest = inner(slope, slope).scaled(eta**2) - inner(D, tensor).scaled(2 * eta)
        steps.append(
            Equality(
                change,
                rest,
                "expand the square; by the Euler identity (5) the linear term does not depend on the block",
                names=(f"change of ||{name}||^2", f"-2 eta <D, W_r> + eta^2 ||dL/d{name}||^2"),
            )
        )
        conclusions.append((change, rest))
    pull = Symbol("euler", real=True)  # <D, W_r>
    first, second = (constant(square).scaled(eta**2) - constant(pull).scaled(2 * eta) for square in symbols)
    steps.append(
        Equality(first - second, constant(formula), "for two blocks of one group: this is the exported formula")
    )
    return Derivation(
        "drift-per-step",
        "(19)",
        "Drift of the conservation law in one gradient-descent step",
        "B -> B - eta dL/dB changes ||B||^2 - ||B'||^2 by exactly eta^2 (||dL/dB||^2 - ||dL/dB'||^2)" + _shared(link),
        tuple(steps),
        "The term of first order is the rate of the flow, which vanishes by (5); the rest is quadratic.",
        RANGE,
        (*conclusions, (first - second, constant(formula))),
        topic="discretisation",
        subjects=("State", "Descent"),
    )


def slice_rate_steps() -> tuple[list[Step], tuple[Words, Words]]:
    """d/dt ||gamma||^2 = -2 <D, W_r>, the start of (8)."""
    tensor = u @ gamma.T @ X
    rate = inner(gamma, gamma).rate({"gamma": velocity(tensor, "gamma")})
    right = inner(D, tensor).scaled(-2)
    why = "gradient flow of the core slice and the Euler identity (5)"
    return [Equality(rate, right, why, names=("d/dt ||gamma||^2", "-2 <D, W_r>"))], (rate, right)


def _shared(link: str) -> str:
    if link == "mode":
        return "; with one chain per mode these are the core slice and column r of the last factor"
    return ""
