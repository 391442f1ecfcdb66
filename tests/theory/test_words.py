"""The matrix-symbol checker: it must accept what is true for all sizes and reject what is not."""

import random

import pytest

from theory._words import constant, gradient, inner, matrix, rewrite, trace

P, A, B = matrix("P", "I", "p"), matrix("A", "p", "q"), matrix("B", "q", "w")
S, D = matrix("S", "w", "J"), matrix("D", "I", "J")
x, z = matrix("x", "p", "1"), matrix("z", "p", "1")


def numbers(seed=0, **sizes):
    rng = random.Random(seed)
    size = {"I": 2, "J": 3, "p": 2, "q": 3, "w": 2, "1": 1, **sizes}

    def value(symbol):
        (_, (rows, columns)) = symbol.shapes[0]
        return [[rng.randint(-5, 5) for _ in range(size[columns])] for _ in range(size[rows])]

    return {symbol.shapes[0][0]: value(symbol) for symbol in (P, A, B, S, D, x, z)}


def evaluate(expression, values):
    """The expression with integer matrices put in, by a multiplication that knows nothing of normal forms."""

    def times(a, b):
        return [[sum(r[k] * b[k][j] for k in range(len(b))) for j in range(len(b[0]))] for r in a]

    def word(letters):
        result = None
        for name, flipped in letters:
            value = values[name]
            value = [list(row) for row in zip(*value, strict=True)] if flipped else value
            result = value if result is None else times(result, value)
        return result

    total = None
    for (traces, letters), c in expression.terms:
        scale = int(c)
        for loop in traces:
            square = word(loop)
            scale *= sum(square[i][i] for i in range(len(square)))
        part = [[scale]] if not letters else [[scale * v for v in row] for row in word(letters)]
        total = (
            part
            if total is None
            else [[u + v for u, v in zip(r, t, strict=True)] for r, t in zip(total, part, strict=True)]
        )
    return total


@pytest.mark.parametrize("seed", range(5))
def test_normal_forms_keep_the_value(seed):
    values = numbers(seed)
    word = P @ A @ B @ S
    assert evaluate(inner(D, word), values) == evaluate(trace(D @ word.T), values)
    assert evaluate(inner(x, z).times(A @ B), values) == evaluate(inner(z, x).times(A @ B), values)
    outer = x @ z.T @ x @ z.T
    scalar = evaluate(inner(z, x), values)[0][0]
    assert evaluate(outer, values) == [[scalar * v for v in row] for row in evaluate(x @ z.T, values)]


@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_is_the_exact_slope_of_a_linear_map(seed):
    values, moved = numbers(seed), numbers(seed + 100)
    word = P @ A @ B @ S
    slope = evaluate(
        inner(gradient(D, word, "A"), matrix("A", "p", "q")), {**values, "A": moved["A"]} | {"D": values["D"]}
    )
    by_hand = evaluate(inner(D, word), {**values, "A": moved["A"]})
    assert slope == by_hand


def test_the_rate_of_a_product_of_traces_is_the_product_rule_whichever_moves():
    square, other, third = matrix("M", "p", "p"), matrix("N", "p", "p"), matrix("O", "p", "p")
    for moving in (square, other, third):
        name = moving.shapes[0][0]
        velocity = matrix("V", "p", "p")
        fixed = [m for m in (square, other, third) if m is not moving]
        rest = trace(fixed[0]).times(trace(fixed[1]))
        whole = trace(square).times(trace(other)).times(trace(third))
        assert (whole.rate({name: velocity}) - rest.times(trace(velocity))).is_zero
        word = whole.times(A)
        assert (word.rate({name: velocity}) - rest.times(trace(velocity)).times(A)).is_zero
        assert not whole.rate({name: velocity}).is_zero


def test_true_identities_reduce_to_zero():
    assert (trace(A @ B @ B.T @ A.T) - inner(A @ B, A @ B)).is_zero
    assert (inner(x, z) - inner(z, x)).is_zero
    assert ((A @ B).T - B.T @ A.T).is_zero
    law = A.T @ A
    assert (law.rate({"A": P.T @ D @ S.T @ B.T}) - (law.rate({"A": P.T @ D @ S.T @ B.T})).T).is_zero


@pytest.mark.parametrize(
    "difference",
    [
        trace(A @ A.T) - trace(A @ A.T).scaled(2),
        inner(A @ B, A @ B) - inner(A, A).times(inner(B, B)),
        P.T @ D @ S.T @ B.T - (P.T @ D @ S.T @ B.T).scaled(-1),
        x @ z.T - z @ x.T,
        inner(x, x) - inner(x, z),
        trace(A @ A.T @ x @ x.T) - trace(A @ A.T).times(inner(x, x)),
    ],
    ids=["factor", "product of norms", "sign", "transpose", "other vector", "split trace"],
)
def test_false_identities_do_not(difference):
    assert not difference.is_zero


def test_sizes_must_fit():
    with pytest.raises(ValueError, match="cannot multiply"):
        A @ A
    with pytest.raises(ValueError, match="cannot add"):
        A + B
    with pytest.raises(ValueError, match="trace of"):
        trace(A)
    with pytest.raises(ValueError, match="two shapes"):
        matrix("A", "u", "v").T @ matrix("A", "u", "v") @ matrix("A", "v", "v")


def test_hypotheses_rewrite_words_traces_and_transposes():
    balanced = ((A.T @ A, B @ B.T),)
    assert (rewrite(A.T @ A @ B - B @ B.T @ B, balanced)).is_zero
    assert (rewrite(trace(A.T @ A) - inner(B, B), balanced)).is_zero
    assert not (rewrite(A @ A.T - A @ A.T.scaled(2), balanced)).is_zero
    assert (rewrite(inner(x, x) - constant(1), ((inner(x, x), constant(1)),))).is_zero


def test_symmetric_letters_equal_their_transpose_and_others_do_not():
    H, M = matrix("sym_H", "p", "p"), matrix("M", "p", "p")
    assert (H.T - H).is_zero
    assert not (M.T - M).is_zero
