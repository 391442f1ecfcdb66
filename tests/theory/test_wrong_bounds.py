"""Wrong variants of the proofs behind (15) at order 2, of orthogonal columns, and of the remark to (13)."""

from dataclasses import replace

import pytest
from sympy import Integer, Rational

from theory import Formula, derivations
from theory import _frames as frames
from theory import _schatten as schatten
from theory import _unfoldings as unfoldings
from theory._words import inner
from theory.notation import K, N


def doubled(depth, order):
    big, small = true_entries(depth, order)
    return big**2, small


true_entries, true_stiffness = unfoldings.entry_squared, unfoldings.stiffness
t = frames.t
WRONG = {
    "tangent with slope 1": (
        frames,
        "tangent_gap",
        lambda k: t - t ** (1 / Integer(3)),
        lambda: frames.orthonormal_frames(3),
    ),
    "tangent with the sign of the root": (
        frames,
        "tangent_gap",
        lambda k: 1 + (t - 1) / 3 + t ** Rational(1, 3),
        lambda: frames.orthonormal_frames(3),
    ),
    "exponent 2/K instead of 1/K": (
        frames,
        "tangent_gap",
        lambda k: 1 + (t - 1) / 3 - t ** Rational(2, 3),
        lambda: frames.orthonormal_frames(3),
    ),
    "gauge that changes the product": (
        schatten,
        "gauge_rate",
        lambda x: (
            (inner(schatten.A, schatten.A) + inner(schatten.B, schatten.B))
            .scaled(Rational(1, 2))
            .rate({"A": schatten.A @ x, "B": x @ schatten.B})
        ),
        lambda: schatten.schatten(2),
    ),
    "gauge rate without the half": (
        schatten,
        "gauge_rate",
        lambda x: (inner(schatten.A, schatten.A) + inner(schatten.B, schatten.B)).rate(
            {"A": schatten.A @ x, "B": -(x @ schatten.B)}
        ),
        lambda: schatten.schatten(2),
    ),
    "Schatten cost of 2K layers": (
        schatten,
        "group_penalty",
        lambda k: Formula("p", (schatten.n.sigma,), Rational(k, 2) * schatten.n.sigma ** Rational(2, k)),
        lambda: schatten.schatten(2),
    ),
    "balance not used": (schatten, "rewrite", lambda words, rules: words, lambda: schatten.schatten(2)),
    "balance with the Gram matrices exchanged": (
        schatten,
        "rewrite",
        lambda words, rules: true_rewrite(words, tuple((right, left) for left, right in rules)),
        lambda: schatten.schatten(2),
    ),
    "shared numbers of mode 1 counted as well": (
        unfoldings,
        "stiffness",
        lambda k: tuple(x + k / unfoldings.S1 for x in true_stiffness(k)),
        lambda: unfoldings.unfolding_singular_values(2, 3),
    ),
    "one matrix a mode forgotten": (
        unfoldings,
        "stiffness",
        lambda k: true_stiffness(k - 1),
        lambda: unfoldings.unfolding_singular_values(2, 3),
    ),
    "entries of another depth": (
        unfoldings,
        "entry_squared",
        lambda k, n: true_entries(k + 1, n),
        lambda: unfoldings.unfolding_singular_values(K, N),
    ),
    "entry squared twice": (unfoldings, "entry_squared", doubled, lambda: unfoldings.unfolding_singular_values(K, N)),
    "core that is not matrix-balanced": (
        unfoldings,
        "S1",
        Integer(3),
        lambda: unfoldings.unfolding_singular_values(1, 3),
    ),
    "core with another entry": (unfoldings, "A2", Integer(2), lambda: unfoldings.unfolding_singular_values(1, 3)),
}
true_rewrite = schatten.rewrite


def clear():
    """What was checked under another definition must not be remembered."""
    for cached in (frames.root_averages, schatten.balanced_product, unfoldings.moving_point):
        cached.cache_clear()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_variant_is_rejected(monkeypatch, name):
    module, attribute, other, derive = WRONG[name]
    clear()
    assert derive().check().holds
    monkeypatch.setattr(module, attribute, other)
    clear()
    try:
        assert not derive().check().holds
    finally:
        clear()


PROOFS = {
    "eigenvalues of another matrix": (lambda: frames.orthonormal_frames(K), 2),
    "weights that do not sum to one": (lambda: frames.orthonormal_frames(K), 3),
    "columns that are not rotated": (lambda: frames.orthonormal_frames(K), 9),
    "average without unit weights": (lambda: frames.orthonormal_frames(K), 8),
    "no polar form": (lambda: schatten.schatten(K), 0),
    "norms of unbalanced neighbours": (lambda: schatten.schatten(K), 6),
    "induction without its assumption": (lambda: schatten.schatten(K), 7),
    "layers that do not follow balance": (lambda: schatten.schatten(K), 8),
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_missing_hypothesis_is_rejected(name):
    derive, place = PROOFS[name]
    true = derive()
    assert true.steps[place].assuming
    without = replace(true.steps[place], assuming=())
    assert not replace(true, steps=(*true.steps[:place], without, *true.steps[place + 1 :])).check().holds


def test_the_remark_stands_for_mode_chains_of_order_three_and_more_only():
    def found(order, chain):
        return "unfolding-singular-values" in {d.id for d in derivations(K, order, chain)}

    assert [found(2, "mode"), found(3, "mode"), found(4, "mode")] == [False, True, True]
    assert [found(3, "column"), found(3, "gate")] == [False, False]


def test_the_remark_holds_on_the_derived_program_at_several_depths_and_orders():
    for depth, order in ((1, 3), (2, 3), (1, 4)):
        outcome = unfoldings.moving_point(depth, order)
        assert outcome.holds, outcome
        assert f"depth {depth}, order {order}" in outcome.detail
