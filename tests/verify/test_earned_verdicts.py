"""What a verdict word promises: no NaN, no lost derivative, no thin evidence, no boundless error bar earns one."""

import math
from functools import partial

import pytest
import torch

from verify import (
    Descent,
    Flow,
    Seeds,
    State,
    Target,
    Verdict,
    assume,
    at_most,
    check,
    conjecture,
    constant,
    equal,
    nonincreasing,
)

quick = partial(check, depth=2, order=3, examples=30, paths=7)
NAN, INF = float("nan"), float("inf")


def verdict_of(function, **options):
    result = quick(conjecture(function), **options)
    return result.verdict, result.detail


def of(kind, body):
    """A conjecture about `kind` whose relation is body(subject)."""

    def claim(subject):
        return body(subject)

    claim.__annotations__["subject"] = kind
    claim.__name__ = "claim"
    return claim


# -- kind 8: what is not a finite number
SERIES = {
    State: lambda s: s.slice_norms(0),
    Target: lambda t: t.slice_norms(0),
    Flow: lambda f: f.losses,
    Descent: lambda d: d.losses,
    Seeds: lambda s: s.mean(lambda run: run.losses[-1]).reshape(1),
}
UNDEFINED = {
    "both-sides": lambda x: equal(x + INF, x),
    "measured": lambda x: at_most(torch.sqrt(-1 - x.abs()), -5),
    "predicted": lambda x: equal(x, x / 0),
    "constant-nan": lambda x: equal(torch.tensor(NAN), torch.tensor(1.0)),
    "infinite-bound": lambda x: at_most(x, INF),
    "falling": lambda x: nonincreasing(torch.stack([x.sum(), x.sum() * NAN])),
    "constant": lambda x: constant(x * INF),
    "one-of-many": lambda x: [equal(x, x), equal(torch.cat([x.reshape(-1), torch.tensor([NAN])]), 0)],
}


@pytest.mark.parametrize("kind", SERIES)
@pytest.mark.parametrize("name", UNDEFINED)
def test_a_relation_that_is_nowhere_a_finite_number_is_vacuous(kind, name, capfd):
    verdict, detail = verdict_of(of(kind, lambda x: UNDEFINED[name](SERIES[kind](x))))
    assert verdict is Verdict.VACUOUS
    assert "not a number" in detail
    assert capfd.readouterr().err == ""


def test_one_input_without_a_finite_number_keeps_a_claim_from_support():
    def sometimes(state: State):
        return at_most(-1 / torch.tensor(state.sizes[0] - 1.0), 0)

    def ratio_of_norms(state: State):
        return at_most(-state.slice_norms(0) / state.slice_norms(0), 0)

    for function in (sometimes, ratio_of_norms):
        verdict, detail = verdict_of(function, examples=100)
        assert verdict is Verdict.INCONCLUSIVE
        assert "not a number in" in detail
        assert "of 100 inputs" in detail


# -- kind 9: a lost derivative, and kinks
LOST = {
    "float": lambda s: float((s.tensor**2).sum()),
    "item": lambda s: (s.tensor**2).sum().item(),
    "numpy": lambda s: torch.as_tensor((s.tensor.detach().numpy() ** 2).sum()),
    "detach": lambda s: (s.tensor.detach() ** 2).sum(),
    "data": lambda s: (s.tensor.data**2).sum(),
    "math": lambda s: torch.tensor(math.fsum((s.tensor**2).flatten().tolist())),
    "half": lambda s: (s.tensor * s.tensor.detach()).sum(),
    "core-of-a-sum": lambda s: (s.core**2).sum().item() + (s.vectors(0) ** 2).sum(),
    "in-a-list": lambda s: [(s.core**2).sum(), (s.tensor.detach() ** 2).sum()],
}


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize("about", [State, Flow])
def test_a_lost_derivative_is_an_error_with_its_line(name, about):
    def state_claim(state: State):
        rate = state.rate(LOST[name])
        return equal(rate[0] if isinstance(rate, list) else rate, 0)

    def flow_claim(flow: Flow):
        rate = flow.start.rate(LOST[name])
        return equal(rate[0] if isinstance(rate, list) else rate, 0)

    verdict, detail = verdict_of(state_claim if about is State else flow_claim)
    assert verdict is Verdict.ERROR
    assert "rate lost a derivative" in detail
    assert "test_earned_verdicts.py:" in detail


def test_a_rate_of_nothing_or_of_another_state_is_an_error_with_its_line():
    def forgotten_return(state: State):
        def square(s):
            (s.tensor**2).sum()

        return equal(state.rate(square), 0)

    def outer_state(state: State):
        return equal(state.rate(lambda s: (state.tensor**2).sum()), 0)

    def a_word(state: State):
        return equal(state.rate(lambda s: "W"), 0)

    for function, words in ((forgotten_return, "returned NoneType"), (outer_state, "argument"), (a_word, "str")):
        verdict, detail = verdict_of(function)
        assert verdict is Verdict.ERROR
        assert words in detail
        assert "test_earned_verdicts.py:" in detail


def test_a_frozen_factor_in_a_rate_is_no_lost_derivative():
    def loss_falls_by_the_frozen_gradient(state: State):
        frozen = state.gradient
        return equal(state.rate(lambda s: s.loss), state.rate(lambda s: (frozen * s.tensor).sum()))

    assert verdict_of(loss_falls_by_the_frozen_gradient)[0] is Verdict.EXACT


def test_the_rate_of_gradients_is_a_rate():
    def gradient_norm_moves_by_the_hessian(state: State):
        squares = state.rate(lambda s: sum((g * g).sum() for g in s.block_gradients().values()))
        gradients = state.block_gradients()
        each = state.rate(lambda s: list(s.block_gradients().values()))
        return equal(squares, 2 * sum((g * r).sum() for g, r in zip(gradients.values(), each, strict=True)))

    assert verdict_of(gradient_norm_moves_by_the_hessian)[0] is Verdict.EXACT


def distance_from_here(state, norm=torch.linalg.vector_norm):
    here = state.core.clone()
    return state.rate(lambda s: norm(s.core - here))


def test_a_rate_at_a_kink_is_the_one_forward_in_time():
    def no_way_is_gone(state: State):
        return equal(distance_from_here(state), 0)

    def the_way_grows_with_the_gradient(state: State):
        return equal(distance_from_here(state), torch.linalg.vector_norm(state.block_gradients()["G"]))

    def no_entry_moves(state: State):
        return equal(distance_from_here(state, lambda x: x.abs().sum()), 0)

    def the_largest_move_is_the_largest_gradient(state: State):
        return equal(distance_from_here(state, lambda x: x.abs().max()), state.block_gradients()["G"].abs().max())

    def zero_slices_are_at_rest(state: State):
        norms, rates = state.slice_norms(0), state.rate(lambda s: s.slice_norms(0))
        return equal(torch.where(norms == 0, rates, rates * 0), 0)

    def positive_parts_of_a_difference_move(state: State):
        here = state.core.clone()
        rate = state.rate(lambda s: torch.relu(s.core - here))
        return equal(rate, torch.relu(-state.block_gradients()["G"]))

    expected = {
        no_way_is_gone: Verdict.REFUTED,
        the_way_grows_with_the_gradient: Verdict.SUPPORTED,
        no_entry_moves: Verdict.REFUTED,
        the_largest_move_is_the_largest_gradient: Verdict.SUPPORTED,
        zero_slices_are_at_rest: Verdict.REFUTED,
        positive_parts_of_a_difference_move: Verdict.SUPPORTED,
    }
    results = {function: quick(conjecture(function), examples=60) for function in expected}
    assert {f.__name__: (r.verdict, r.detail) for f, r in results.items() if r.verdict is not expected[f]} == {}
    assert all(result.kinks > 0 for result in results.values())


# -- kind 10: thin evidence
def test_too_few_inputs_that_meet_the_hypotheses_are_vacuous_with_their_number():
    seen = []

    def two_of_many(state: State):
        if id(state) not in seen:
            seen.append(id(state))
        assume(seen.index(id(state)) < 2 and len(state.sizes) == 3)
        return at_most(state.loss, state.loss)

    def rare(state: State):
        assume(state.sizes == (1, 1, 1))
        return at_most(0, state.loss)

    for function in (two_of_many, rare):
        verdict, detail = verdict_of(function, examples=60)
        assert verdict is Verdict.VACUOUS
        assert "of 60 inputs met the hypotheses, 10 are needed" in detail


def test_a_budget_that_is_used_up_after_an_example_supports_nothing():
    def slow(state: State):
        for _ in range(3_000_000):
            pass
        return at_most(state.loss, state.loss)

    result = check(conjecture(slow), budget=0.3)
    assert result.verdict in (Verdict.INCONCLUSIVE, Verdict.ERROR)
    assert "budget" in result.detail


def test_kept_rejected_and_undecided_inputs_are_counted_apart():
    def on_wide_tensors(state: State):
        assume(max(state.sizes) > 2)
        return equal(state.loss, state.loss)

    result = quick(conjecture(on_wide_tensors), examples=100)
    assert result.examples + result.rejected == 100
    assert result.rejected > 0
    assert result.undecided == 0
    assert result.verdict in (Verdict.EXACT, Verdict.SUPPORTED)


# -- kind 11: error bars without a ceiling
def test_where_rounding_moves_a_value_by_its_own_size_nothing_is_supported_for_free():
    def condition(matrix):
        values = torch.linalg.svdvals(matrix)
        return values[0] / values[-1]

    def factors_are_well_conditioned(state: State):
        assume(state.sizes[0] >= state.ranks[0])
        return at_most(condition(state.factor(0)), 1e6)

    def no_two_slice_norms_are_equal(state: State):
        norms = state.slice_norms(0)
        assume(len(norms) > 1)
        gaps = (norms[:, None] - norms[None, :] + torch.eye(len(norms))).abs()
        return at_most(1e-12 / (gaps.min() + 1e-12), 0.5)

    def the_core_is_never_singular(state: State):
        G = state.core.reshape(state.ranks[0], -1)
        return at_most(1e-20, torch.linalg.svdvals(G)[-1] / torch.linalg.svdvals(G)[0].clamp_min(1e-300))

    for function in (factors_are_well_conditioned, no_two_slice_norms_are_equal, the_core_is_never_singular):
        verdict, detail = verdict_of(function, examples=100)
        assert verdict in (Verdict.REFUTED, Verdict.INCONCLUSIVE), (function.__name__, detail)
    assert verdict_of(no_two_slice_norms_are_equal, examples=100)[0] is Verdict.REFUTED


# -- kind 12: one scale for several relations
def test_what_stands_below_the_rounding_of_a_large_common_term_is_seen():
    def one_of_two(state: State):
        return [equal(1e13, 1e13), equal(state.loss, 1.001 * state.loss)]

    def beside_a_large_term(state: State):
        g = torch.linalg.vector_norm(state.core)
        return equal(1e9 + g / (1 + g), 1e9 + (1 + 1e-7) * g / (1 + g))

    def beside_a_large_term_about_a_target(target: Target):
        g = torch.linalg.vector_norm(target.tensor)
        return equal(1e12 + g / (1 + g), 1e12 + 1.0001 * g / (1 + g))

    def a_true_one_beside_a_large_term(state: State):
        g = torch.linalg.vector_norm(state.core)
        return equal(1e9 + g * g / (1 + g), 1e9 + g - g / (1 + g))

    for function in (one_of_two, beside_a_large_term, beside_a_large_term_about_a_target):
        verdict, detail = verdict_of(function)
        assert verdict is Verdict.REFUTED, (function.__name__, detail)
    assert verdict_of(a_true_one_beside_a_large_term)[0] is Verdict.SUPPORTED


# -- kind 3: float32
THIRD = torch.tensor(1 / 3, dtype=torch.float32)


@pytest.mark.parametrize("kind", [State, Target, Flow, Descent])
def test_a_float32_operand_is_an_error_that_says_so(kind):
    verdict, detail = verdict_of(of(kind, lambda x: equal(SERIES[kind](x) * THIRD, SERIES[kind](x) / 3)))
    assert verdict is Verdict.ERROR
    assert "float32" in detail
    assert "float64" in detail


def test_defaults_of_torch_do_not_reach_a_conjecture():
    def third(state: State):
        return equal(state.tensor * torch.tensor(1 / 3), state.tensor / 3)

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        assert verdict_of(third)[0] in (Verdict.SUPPORTED, Verdict.EXACT)
        assert torch.get_default_dtype() is torch.float32
    finally:
        torch.set_default_dtype(before)


def test_a_single_precision_relation_or_cast_is_an_error():
    def cast(state: State):
        return equal(state.tensor.float().double(), state.tensor)

    def side(state: State):
        return equal(torch.zeros(3, dtype=torch.float32), 0)

    for function in (cast, side):
        verdict, detail = verdict_of(function)
        assert verdict is Verdict.ERROR
        assert "float32" in detail


# -- kind 14: exact on large numbers, and identities alone
def test_an_identity_on_small_whole_numbers_is_refuted_on_large_ones():
    def entries_are_small(state: State):
        x = state.core.reshape(-1)[0]
        small = torch.stack([x - k for k in range(-12, 13)]).prod()
        return equal(small * (x * 4 - 1) * (x * 8 - 1), small * (x * 4 - 1) * (x * 8 - 1) * (1 + small))

    def targets_are_small(target: Target):
        x = target.tensor.reshape(-1)[0]
        return equal(torch.stack([x - k for k in range(-40, 41)]).prod(), 0)

    for function in (entries_are_small, targets_are_small):
        assert verdict_of(function, examples=100)[0] is Verdict.REFUTED


def test_an_exact_identity_says_how_sure_it_is_and_an_inequality_is_not_exact():
    def norms_add_up(state: State):
        return equal((state.core**2).sum(), sum((row**2).sum() for row in state.core))

    def loss_is_not_negative(state: State):
        return at_most(-state.loss, 0)

    result = quick(conjecture(norms_add_up))
    assert result.verdict is Verdict.EXACT
    assert "60-bit" in (result.range or "")
    assert 0 < int(result.range.split()[0]) < result.examples  # thin sets are asked as they are and do not count
    assert verdict_of(loss_is_not_negative)[0] is Verdict.SUPPORTED


def test_paths_are_drawn_again_where_few_meet_the_hypotheses() -> None:
    @conjecture
    def seldom(flow: Flow):
        assume(flow.start.sizes[0] == 2 and flow.start.ranks[0] >= 3)
        return nonincreasing(flow.losses)

    @conjecture
    def never(flow: Flow):
        assume(flow.start.sizes[0] == 99)
        return nonincreasing(flow.losses)

    often = check(seldom, depth=1, order=3, paths=20)
    assert often.verdict is Verdict.SUPPORTED, often.detail
    assert often.examples >= 10
    assert often.drawn["problems"] == often.examples + often.rejected > 24
    nothing = check(never, depth=1, order=3, paths=20)
    assert nothing.verdict is Verdict.VACUOUS
    assert nothing.rejected == 24  # where none does, more of the same would not either
