"""False conjectures about gradient flows, written by an outsider against the literature.

VIOLATIONS at the end gives the usual relative size by which each of them fails at depth=2 order=3 chain=column.
The comment before each says why it is false.
"""

import torch

from verify import Flow, assume, at_most, conjecture, constant, equal, nonincreasing


def deep(depth, order, chain):
    return depth >= 2


def span(flow):
    """First time and length of the record."""
    return float(flow.times[0]), float(flow.times[-1]) - float(flow.times[0])


def loss_rate(state):
    return state.rate(lambda s: s.loss)


def core_square(state):
    return (state.core**2).sum()


def reduced(state):
    """Slice norms and strengths lambda of a superdiagonal point, read off (12)."""
    g = state.slice_norms(0)
    assume(g.min() > 0)
    strengths = state.alignment(0) / g ** ((state.order - 1) * state.depth) + g ** (state.order * state.depth + 1)
    return g, strengths


# False: small starts grow towards their target, and the core with them.
@conjecture(title="The core shrinks along the flow", source="sparsity by decay", assumes="small")
def core_norm_shrinks_along_the_flow(flow: Flow):
    return nonincreasing(flow.series(core_square))


# False: only squared norms are conserved; unequal blocks move at different speeds.
@conjecture(
    title="Differences of block norms stay constant", source="Du et al. 2018 without squares", assumes="unbalanced"
)
def differences_of_norms_stay_constant(flow: Flow):
    norms = flow.group_squares(0).sqrt()
    return constant(norms[:, 0] - norms[:, -1])


# False: the changes of the squared norms are the same, with factor one.
@conjecture(title="Squared vectors gain 1.000001 times what slices gain", source="conservation law, rounded")
def squared_vectors_gain_a_millionth_more(flow: Flow):
    squares = flow.group_squares(1)
    gained = squares - squares[:1]
    return equal(gained[:, -1], (1 + 1e-6) * gained[:, 0])


# False: likewise, with an error of 3e-5.
@conjecture(title="Chain blocks gain 0.99997 times what slices gain", source="conservation law, rounded", applies=deep)
def chain_blocks_gain_a_little_less(flow: Flow):
    squares = flow.group_squares(0)
    gained = squares - squares[:1]
    return equal(gained[:, 1], 0.99997 * gained[:, 0])


# False: likewise, with an error of 1e-8.
@conjecture(
    title="Squared vectors gain 1.00000001 times what slices gain",
    source="conservation law, rounded",
    assumes="balanced",
)
def squared_vectors_gain_a_hundred_millionth_more(flow: Flow):
    squares = flow.group_squares(2)
    gained = squares - squares[:1]
    return equal(gained[:, -1], (1 + 1e-8) * gained[:, 0])


# False: only the exponent 2 is conserved; here 2.00002.
@conjecture(
    title="Powers 2.00002 of block norms differ by a constant", source="exponent from a fit", assumes="unbalanced"
)
def nearly_squared_norms_differ_by_a_constant(flow: Flow):
    squares = flow.group_squares(0)
    return constant(squares[:, 0] ** 1.00001 - squares[:, -1] ** 1.00001)


# False: the trapezoidal rule on the records is not the integral.
@conjecture(title="The loss is the trapezoidal sum of its rate", source="energy identity, discretised")
def loss_is_the_trapezoidal_sum_of_its_rate(flow: Flow):
    rates = flow.series(loss_rate)
    total = torch.zeros((), dtype=torch.float64)
    for k in range(len(flow.times) - 1):
        total = total + (flow.times[k + 1] - flow.times[k]) * (rates[k] + rates[k + 1]) / 2
    return equal(flow.losses[0] + total, flow.losses[-1])


# False: Simpson's rule over a fifth of the record forgets the fourth derivative.
@conjecture(title="Simpson's rule integrates the growth of |W|^2", source="energy identity, discretised")
def simpsons_rule_integrates_the_growth_of_the_tensor(flow: Flow):
    start, length = span(flow)
    length = 0.2 * length

    def square(state):
        return (state.tensor**2).sum()

    states = [flow.start, flow.at(start + length / 2), flow.at(start + length)]
    rates = [state.rate(square) for state in states]
    change = length / 6 * (rates[0] + 4 * rates[1] + rates[2])
    return equal(square(states[2]), square(states[0]) + change)


# False: second order in time is forgotten (h = 1e-2 of the record).
@conjecture(title="A hundredth of the time changes the loss linearly", source="flow linearised")
def hundredth_of_the_time_changes_the_loss_linearly(flow: Flow):
    start, length = span(flow)
    h = 1e-2 * length
    return equal(flow.at(start + h).loss, flow.start.loss + h * loss_rate(flow.start))


# False: the same with h = 1e-3 of the record.
@conjecture(title="A thousandth of the time changes the loss linearly", source="flow linearised")
def thousandth_of_the_time_changes_the_loss_linearly(flow: Flow):
    start, length = span(flow)
    h = 1e-3 * length
    return equal(flow.at(start + h).loss, flow.start.loss + h * loss_rate(flow.start))


# False: the same with h = 1e-4 of the record.
@conjecture(title="A ten-thousandth of the time changes the loss linearly", source="flow linearised")
def ten_thousandth_of_the_time_changes_the_loss_linearly(flow: Flow):
    start, length = span(flow)
    h = 1e-4 * length
    return equal(flow.at(start + h).loss, flow.start.loss + h * loss_rate(flow.start))


# False: a point moves on a curve and at changing speed; Cauchy-Schwarz only gives |change|^2 <= T (L_0 - L_T).
@conjecture(title="The flow moves straight at constant speed", source="energy-distance inequality, equality")
def flow_moves_straight_at_constant_speed(flow: Flow):
    _, length = span(flow)
    way = 0.0
    for mode in range(flow.order):
        way = way + ((flow.final.vectors(mode) - flow.start.vectors(mode)) ** 2).sum()
        for a, b in zip(flow.final.chains(mode), flow.start.chains(mode), strict=True):
            way = way + ((a - b) ** 2).sum()
    way = way + ((flow.final.core - flow.start.core) ** 2).sum()
    return equal(way, length * (flow.losses[0] - flow.losses[-1]))


# False: the alignment changes along the flow as the residual does.
@conjecture(
    title="Slices follow the closed form of the first alignment", source="(11)", assumes="balanced", applies=deep
)
def slices_follow_the_closed_form_of_the_first_alignment(flow: Flow):
    g = flow.start.slice_norms(0)
    assume(g.min() > 0)
    power = 1 - flow.depth
    start, length = span(flow)
    h = length / 16
    predicted = g**power + power * flow.start.alignment(0) * h
    return equal(flow.at(start + h).slice_norms(0) ** power, predicted)


# False: one explicit Euler solution of (12) with 4000 steps is off at first order in the step.
@conjecture(title="Euler with 4000 steps solves the reduced equation", source="(12)", assumes="superdiagonal")
def euler_with_four_thousand_steps_solves_the_reduced_equation(flow: Flow):
    g, strengths = reduced(flow.start)
    m = flow.order * flow.depth
    h = span(flow)[1] / 4000
    for _ in range(4000):
        g = g + h * g**m * (strengths - g ** (m + 1))
    return equal(flow.final.slice_norms(0), g)


# False: Runge-Kutta of order four in 24 steps is off at fourth order in the step.
@conjecture(title="24 Runge-Kutta steps solve the reduced equation", source="(12)", assumes="superdiagonal")
def few_runge_kutta_steps_solve_the_reduced_equation(flow: Flow):
    g, strengths = reduced(flow.start)
    m = flow.order * flow.depth
    h = span(flow)[1] / 24

    def speed(x):
        return x**m * (strengths - x ** (m + 1))

    for _ in range(24):
        one = speed(g)
        two = speed(g + h / 2 * one)
        three = speed(g + h / 2 * two)
        four = speed(g + h * three)
        g = g + h / 6 * (one + 2 * two + 2 * three + four)
    return equal(flow.final.slice_norms(0), g)


# False: a small start first stays near its saddle, so at half time the loss lies above the mean of first and last.
@conjecture(title="The loss is convex in time", source="gradient flow of a convex loss", assumes="small")
def loss_is_convex_in_time(flow: Flow):
    start, length = span(flow)
    return at_most(flow.at(start + length / 2).loss, (flow.losses[0] + flow.losses[-1]) / 2)


# False: a small start grows all its live slices, the smallest one too.
@conjecture(title="The smallest slice never grows", source="winner takes all", assumes="small")
def smallest_slice_never_grows(flow: Flow):
    return nonincreasing(flow.series(lambda s: s.slice_norms(0).min()))


# False: within the time of a record the loss falls by a good part, not by 99.9 per cent, and at a saddle not at all.
@conjecture(title="The flow ends with a thousandth of its loss", source="global convergence")
def flow_ends_with_a_thousandth_of_its_loss(flow: Flow):
    return at_most(flow.losses[-1], 1e-3 * flow.losses[0])


# False: W is of degree 1 + NK in the parameters and grows differently from its core.
@conjecture(
    title="The squared core gains what the squared tensor gains", source="W and G confused", assumes="unbalanced"
)
def core_gains_what_the_tensor_gains(flow: Flow):
    tensors = flow.series(lambda s: (s.tensor**2).sum())
    cores = flow.series(core_square)
    return equal(tensors - tensors[0], cores - cores[0])


# False: vectors of a mode and core gain exactly the same, summed over the indices.
@conjecture(
    title="All modes' vectors gain 3.0000009 / 3 of the core's gain",
    source="sum of (6) over a mode",
    assumes="unbalanced",
)
def vectors_of_a_mode_gain_a_little_more_than_the_core(flow: Flow):
    cores = flow.series(core_square)
    vectors = flow.series(lambda s: (s.vectors(0) ** 2).sum())
    return equal(vectors - vectors[0], 3.0000009 / 3 * (cores - cores[0]))


# False: exactly -2 <grad, W>, factor one.
@conjecture(title="The squared core grows with 1.0001 times -2 <grad, W>", source="(5), rounded")
def squared_core_grows_a_ten_thousandth_faster(flow: Flow):
    rates = flow.series(lambda s: s.rate(core_square))
    pulls = flow.series(lambda s: -2 * (s.gradient * s.tensor).sum())
    return equal(rates, pulls * (1 + 1e-4))


VIOLATIONS = {
    "core-norm-shrinks-along-the-flow": 1.0,
    "differences-of-norms-stay-constant": 1e-02,
    "squared-vectors-gain-a-millionth-more": 1e-06,
    "chain-blocks-gain-a-little-less": 1e-05,
    "squared-vectors-gain-a-hundred-millionth-more": 1e-08,
    "nearly-squared-norms-differ-by-a-constant": 1e-06,
    "loss-is-the-trapezoidal-sum-of-its-rate": 1e-03,
    "simpsons-rule-integrates-the-growth-of-the-tensor": 1e-04,
    "hundredth-of-the-time-changes-the-loss-linearly": 1e-04,
    "thousandth-of-the-time-changes-the-loss-linearly": 1e-06,
    "ten-thousandth-of-the-time-changes-the-loss-linearly": 1e-08,
    "flow-moves-straight-at-constant-speed": 1.0,
    "slices-follow-the-closed-form-of-the-first-alignment": 1e-04,
    "euler-with-four-thousand-steps-solves-the-reduced-equation": 1e-06,
    "few-runge-kutta-steps-solve-the-reduced-equation": 1e-07,
    "loss-is-convex-in-time": 1.0,
    "smallest-slice-never-grows": 1.0,
    "flow-ends-with-a-thousandth-of-its-loss": 1.0,
    "core-gains-what-the-tensor-gains": 1.0,
    "vectors-of-a-mode-gain-a-little-more-than-the-core": 1e-07,
    "squared-core-grows-a-ten-thousandth-faster": 1e-04,
}
