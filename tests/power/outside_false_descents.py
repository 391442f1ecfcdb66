"""False conjectures about trained models, written by an outsider against the literature.

VIOLATIONS at the end gives the usual relative size by which each of them fails at depth=2 order=3 chain=column.
The comment before each says why it is false.
"""

import torch

from verify import Descent, assume, at_most, conjecture, constant, equal


def loss_rate(state):
    return state.rate(lambda s: s.loss)


def core_square(state):
    return (state.core**2).sum()


def squared_size(state):
    """Sum of the squares of all parameters."""
    total = core_square(state)
    for mode in range(state.order):
        total = total + (state.vectors(mode) ** 2).sum()
        for matrix in state.chains(mode):
            total = total + (matrix**2).sum()
    return total


def unbalance(descent, mode=0):
    squares = descent.group_squares(mode)
    return squares[:, 0] - squares[:, -1]


def reduced(state):
    """Slice norms and strengths lambda of a superdiagonal point, read off (12)."""
    g = state.slice_norms(0)
    assume(g.min() > 0)
    strengths = state.alignment(0) / g ** ((state.order - 1) * state.depth) + g ** (state.order * state.depth + 1)
    return g, strengths


# False: a step changes the difference by eta^2 (|dB|^2 - |dB'|^2).
@conjecture(
    title="Balanced groups stay balanced under gradient descent", source="Arora et al. 2018", assumes="balanced"
)
def balanced_groups_stay_balanced_under_descent(descent: Descent):
    squares = descent.group_squares(0)[-1]
    return equal(squares[-1], squares[0])


# False: the drift is second order per step and its rate changes along the run.
@conjecture(
    title="Unbalancedness drifts linearly in time", source="(19) with the first gradients", assumes="unbalanced"
)
def unbalancedness_drifts_linearly(descent: Descent):
    gradients = descent.start.group_gradients(0)
    drift = (gradients[0] ** 2).sum(1) - (gradients[-1] ** 2).sum(1)
    drifts = unbalance(descent)
    return equal(drifts[-1], drifts[0] + float(descent.steps[-1]) * descent.step**2 * drift)


# False: the sign of the second-order drift.
@conjecture(title="The first record undoes (19)", source="(19) with the wrong sign", assumes="unbalanced")
def first_drift_has_the_wrong_sign(descent: Descent):
    gradients = descent.start.group_gradients(1)
    drift = (gradients[0] ** 2).sum(1) - (gradients[-1] ** 2).sum(1)
    drifts = unbalance(descent, mode=1)
    return equal(drifts[1], drifts[0] - float(descent.steps[1]) * descent.step**2 * drift)


# False: the error against the flow is of first order in the step.
@conjecture(title="Descent follows the flow at second order", source="backward error analysis, one order too good")
def descent_follows_the_flow_at_second_order(descent: Descent):
    return equal(descent.losses, descent.flow.losses, order=2)


# False: the modified loss reaches second order; no modified loss reaches the next.
@conjecture(
    title="Descent follows the modified flow at third order", source="Barrett and Dherin 2021, one order too good"
)
def descent_follows_the_modified_flow_up_to_third_order(descent: Descent):
    return equal(descent.losses, descent.modified_flow.losses, order=3)


# False: the discrepancy tends to 1e-4 of the loss, not to zero.
@conjecture(title="Descent follows 1.0001 times the modified flow's loss", source="a calibrated loss")
def descent_follows_a_slightly_larger_modified_loss(descent: Descent):
    return equal(descent.losses, 1.0001 * descent.modified_flow.losses, order=2)


# False: the discrepancy tends to 5e-3 of the squared core.
@conjecture(title="Squared cores follow 1.005 times those of the flow", source="a calibrated norm")
def squared_cores_follow_slightly_larger_ones(descent: Descent):
    return equal(descent.series(core_square), 1.005 * descent.flow.series(core_square), order=1)


# False: the momentum's drift adds up to first order in the step, not to second.
@conjecture(
    title="Momentum conserves unbalancedness to second order", source="(21)", optimizer="momentum", assumes="unbalanced"
)
def momentum_conserves_unbalancedness_to_second_order(descent: Descent):
    return constant(unbalance(descent), order=2)


# False: conserved by the flow only.
@conjecture(
    title="Momentum conserves unbalancedness exactly",
    source="Tarmoun et al. 2021",
    optimizer="momentum",
    assumes="unbalanced",
)
def momentum_conserves_unbalancedness(descent: Descent):
    return constant(unbalance(descent, mode=1))


# False: entrywise scaling breaks the Euler identity at order zero.
@conjecture(
    title="Adam conserves unbalancedness to first order", source="(21) without its second half", optimizer="adam"
)
def adam_conserves_unbalancedness_to_first_order(descent: Descent):
    return constant(unbalance(descent), order=1)


# False: the same for RMSprop, whose scales are entrywise too.
@conjecture(
    title="RMSprop conserves unbalancedness to first order",
    source="(21) for RMSprop",
    optimizer="rmsprop",
    assumes="unbalanced",
)
def rmsprop_conserves_unbalancedness_to_first_order(descent: Descent):
    return constant(unbalance(descent), order=1)


# False: one scale for all keeps the law at first order only.
@conjecture(title="GroupRMSprop conserves unbalancedness to second order", source="(21)", optimizer="group-rmsprop")
def group_rmsprop_conserves_unbalancedness_to_second_order(descent: Descent):
    return constant(unbalance(descent), order=2)


# False: a step of any size squares into the norms.
@conjecture(
    title="GroupRMSprop conserves unbalancedness exactly", source="Razin et al. 2021", optimizer="group-rmsprop"
)
def group_rmsprop_conserves_unbalancedness(descent: Descent):
    return constant(unbalance(descent, mode=2))


# False: every entry moves by its own history; the core entry that moves most slows down with its gradient's mean.
@conjecture(title="Adam moves at unit speed", source="Kingma and Ba 2015, signed steps", optimizer="adam")
def adam_moves_at_unit_speed(descent: Descent):
    moved = (descent.final.core - descent.start.core).abs().max()
    return equal(moved, descent.step * float(descent.steps[-1]))


# False: entrywise scaling is not a change of time: the direction of the core's change differs already at the first
# step.
@conjecture(title="Adam moves the core along its gradient", source="time change", optimizer="adam")
def adam_moves_the_core_along_its_gradient(descent: Descent):
    change = (descent.states[1].core - descent.start.core).flatten()
    gradient = descent.start.group_gradients(0)[0].flatten()
    return equal(-(change * gradient).sum(), change.norm() * gradient.norm())


# False: RMSprop divides each entry by its own scale, so it does not move along the gradient either.
@conjecture(title="RMSprop moves the core along its gradient", source="time change", optimizer="rmsprop")
def rmsprop_moves_the_core_along_its_gradient(descent: Descent):
    change = (descent.states[1].core - descent.start.core).flatten()
    gradient = descent.start.group_gradients(0)[0].flatten()
    return equal(-(change * gradient).sum(), change.norm() * gradient.norm())


# False: second order in the step is left out (curvature along the gradient).
@conjecture(title="The first record loses eta times the squared gradient per step", source="descent lemma, equality")
def first_record_loses_eta_times_the_squared_gradient(descent: Descent):
    lost = descent.step * float(descent.steps[1]) * -loss_rate(descent.start)
    return equal(descent.losses[1], descent.losses[0] - lost)


# False: the term eta^2 |gradient|^2 is left out, and more where a record spans several steps.
@conjecture(
    title="Squared parameters move with the Euler identity at every record", source="Lyu and Li 2020, eta^2 left out"
)
def squared_parameters_move_with_the_euler_identity(descent: Descent):
    sizes = descent.series(squared_size)
    inner = descent.series(lambda s: (s.gradient * s.tensor).sum())
    degree = 1 + descent.order * descent.depth
    waits = (descent.steps[1:] - descent.steps[:-1]).to(torch.float64) * descent.step
    return equal(sizes[1:], sizes[:-1] - 2 * degree * waits * inner[:-1])


# False: the recursion is exact with the step itself, not with 1.00001 times the step.
@conjecture(
    title="Superdiagonal descent runs with step 1.00001 eta", source="(12) in discrete time", assumes="superdiagonal"
)
def superdiagonal_descent_runs_with_a_slightly_larger_step(descent: Descent):
    g, strengths = reduced(descent.start)
    m = descent.order * descent.depth
    for _ in range(int(descent.steps[-1])):
        g = g + 1.00001 * descent.step * g**m * (strengths - g ** (m + 1))
    return equal(descent.final.slice_norms(0), g)


# False: likewise with 1 + 1e-7.
@conjecture(
    title="Superdiagonal descent runs with step 1.0000001 eta", source="(12) in discrete time", assumes="superdiagonal"
)
def superdiagonal_descent_runs_with_a_hardly_larger_step(descent: Descent):
    g, strengths = reduced(descent.start)
    m = descent.order * descent.depth
    count = 0
    while count < int(descent.steps[-1]):
        g = g + (1 + 1e-7) * descent.step * g**m * (strengths - g ** (m + 1))
        count += 1
    return equal(descent.final.slice_norms(1).sort().values, g.sort().values)


# False: likewise with 1 + 1e-8.
@conjecture(
    title="Superdiagonal descent runs with step 1.00000001 eta",
    source="(12) in discrete time",
    assumes="superdiagonal",
)
def superdiagonal_descent_runs_with_an_imperceptibly_larger_step(descent: Descent):
    g, strengths = reduced(descent.start)
    m = descent.order * descent.depth
    for _ in range(int(descent.steps[-1])):
        g = g + (1 + 1e-8) * descent.step * g**m * (strengths - g ** (m + 1))
    return equal((descent.final.slice_norms(0) ** 2).sum(), (g**2).sum())


# False: descent is not the flow; at finite steps they differ at first order.
@conjecture(title="Descent is the flow", source="continuous-time analyses")
def descent_equals_the_flow_at_every_step_size(descent: Descent):
    return equal(descent.losses, descent.flow.losses)


# False: nor is it the modified flow at finite steps.
@conjecture(title="Descent is the modified flow", source="Barrett and Dherin 2021, equality")
def descent_equals_the_modified_flow_at_every_step_size(descent: Descent):
    return equal(descent.series(core_square), descent.modified_flow.series(core_square))


# False: the quadratic term of one step has factor one, and over several steps the gradient changes.
@conjecture(
    title="The first record has 1.001 times the quadratic term of (19)", source="(19), rounded", assumes="unbalanced"
)
def first_drift_is_a_thousandth_larger(descent: Descent):
    gradients = descent.start.group_gradients(0)
    gained = descent.group_squares(0)[1] - descent.group_squares(0)[0]
    cross = 2 * (descent.start.group_blocks(0)[0] * gradients[0]).sum(1)
    eta = descent.step * float(descent.steps[1])
    return equal(gained[0], -eta * cross + 1.001 * eta**2 * (gradients[0] ** 2).sum(1))


# False: the loss seen after the run is the loss of the last record, not 1e-10 more.
@conjecture(title="The last loss is a ten-billionth above that of the last state", source="logging after the step")
def last_loss_is_a_ten_billionth_above_that_of_the_state(descent: Descent):
    return equal(descent.losses[-1], (1 + 2e-10) * descent.final.loss)


# False: the loss falls at a rate that changes along the run.
@conjecture(title="The loss decays geometrically from record to record", source="linear convergence, equality")
def loss_decays_geometrically(descent: Descent):
    losses = descent.losses
    assume(losses[1] > 0)
    return equal(losses[1:-1] * losses[1:-1], losses[:-2] * losses[2:])


# False: descent lemma with eta in the place of eta/2 fails where the loss curves upward along the gradient.
@conjecture(
    title="The first step gains all of eta |grad|^2", source="Nesterov, constant off by two", assumes="balanced"
)
def first_step_gains_all_of_eta_times_the_squared_gradient(descent: Descent):
    gain = -loss_rate(descent.start) * descent.step * float(descent.steps[1])
    return at_most(descent.losses[1], descent.losses[0] - gain)


VIOLATIONS = {
    "balanced-groups-stay-balanced-under-descent": 1e-04,
    "unbalancedness-drifts-linearly": 1e-04,
    "first-drift-has-the-wrong-sign": 1e-05,
    "descent-follows-the-flow-at-second-order": 1e-03,
    "descent-follows-the-modified-flow-up-to-third-order": 1e-05,
    "descent-follows-a-slightly-larger-modified-loss": 1e-04,
    "squared-cores-follow-slightly-larger-ones": 1e-02,
    "momentum-conserves-unbalancedness-to-second-order": 1e-02,
    "momentum-conserves-unbalancedness": 1e-03,
    "adam-conserves-unbalancedness-to-first-order": 1.0,
    "rmsprop-conserves-unbalancedness-to-first-order": 1.0,
    "group-rmsprop-conserves-unbalancedness-to-second-order": 1e-05,
    "group-rmsprop-conserves-unbalancedness": 1e-05,
    "adam-moves-at-unit-speed": 1.0,
    "adam-moves-the-core-along-its-gradient": 1.0,
    "rmsprop-moves-the-core-along-its-gradient": 1.0,
    "first-record-loses-eta-times-the-squared-gradient": 1e-02,
    "squared-parameters-move-with-the-euler-identity": 1e-04,
    "superdiagonal-descent-runs-with-a-slightly-larger-step": 1e-06,
    "superdiagonal-descent-runs-with-a-hardly-larger-step": 1e-08,
    "superdiagonal-descent-runs-with-an-imperceptibly-larger-step": 1e-10,
    "descent-equals-the-flow-at-every-step-size": 1e-03,
    "descent-equals-the-modified-flow-at-every-step-size": 1e-05,
    "first-drift-is-a-thousandth-larger": 1.0,
    "last-loss-is-a-ten-billionth-above-that-of-the-state": 1e-10,
    "loss-decays-geometrically": 1e-02,
    "first-step-gains-all-of-eta-times-the-squared-gradient": 1e-02,
}
