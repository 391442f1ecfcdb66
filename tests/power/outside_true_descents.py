"""True statements about descents, written from the literature by someone who does not know the engine."""

import torch

from verify import Descent, at_most, conjecture, constant, equal


def has_factors(depth, order, chain):
    return depth >= 1


def no_factors(depth, order, chain):
    return depth == 0


def whole_matrix_law(depth, order, chain):
    return depth == 1 or (depth >= 1 and chain == "mode")


def rows_do_not_mix(depth, order, chain):
    return depth == 1 or (depth >= 1 and chain == "gate")


def neighbours(run):
    """Which pairs of records are one step apart, as 0 or 1."""
    return ((run.steps[1:] - run.steps[:-1]) == 1).double()


def cores(run):
    return run.series(lambda s: s.core.flatten())


def core_gradients(run):
    return run.series(lambda s: s.block_gradients()["G"].flatten())


def vectors(run):
    return run.series(lambda s: s.group_blocks(0)[-1].flatten())


def vector_gradients(run):
    return run.series(lambda s: s.group_gradients(0)[-1].flatten())


def cross(a, b):
    return a[:, :, None] * b[:, None, :]


def balance_matrix(s):
    core = s.core.reshape(s.ranks[0], -1)
    return s.vectors(0).T @ s.vectors(0) - core @ core.T


def parts(s):
    return torch.cat([s.core.flatten()] + [s.vectors(mode).flatten() for mode in range(s.order)])


def energy_gap(s):
    return (s.core**2).sum() - (s.vectors(s.order - 1) ** 2).sum()


def dead_slices(run):
    """Norms of all blocks at every record, of the groups that are zero at the start."""
    dead = (run.start.slice_norms(0) == 0).double()
    return run.series(lambda s: s.block_norms(0).sum(0)) * dead


def idle_rows(run):
    """Rows of the first factor whose slices hold no observed entry."""
    seen = run.start.weights.reshape(run.start.sizes[0], -1).sum(1) > 0
    return run.series(lambda s: s.vectors(0) * (~seen).double()[:, None])


# Proof: the recorded loss is the loss of the recorded state.
@conjecture(title="Recorded losses of Adam are the losses of the records", source="definition", optimizer="adam")
def outside_descent_losses_adam(run: Descent):
    return equal(run.losses, torch.tensor([s.loss.item() for s in run.states]))


# Proof: G' = G - eta dL/dG wherever two records are one step apart.
@conjecture(title="The core moves by minus the step times its gradient", source="definition of gradient descent")
def outside_descent_core_update(run: Descent):
    near = neighbours(run)[:, None]
    core = cores(run)
    return equal(near * (core[1:] - core[:-1]), -run.step * near * core_gradients(run)[:-1])


# Proof: <dL/dG, G> = <D, W>.
@conjecture(title="<G' - G, G> = -eta <D, W>", source="Euler identity, one step")
def outside_descent_core_euler(run: Descent):
    near, core = neighbours(run), cores(run)
    pairing = run.series(lambda s: (s.gradient * s.tensor).sum())
    return equal(near * ((core[1:] - core[:-1]) * core[:-1]).sum(1), -run.step * near * pairing[:-1])


# Proof: (19): inner products cancel by Euler, squares of the step stay.
@conjecture(
    title="One step changes the energy gap by eta^2 times that of the gradients", source="(19)", applies=has_factors
)
def outside_descent_energy_gap(run: Descent):
    near = neighbours(run)
    gap = (cores(run) ** 2).sum(1) - (vectors(run) ** 2).sum(1)
    grown = (core_gradients(run) ** 2).sum(1) - (vector_gradients(run) ** 2).sum(1)
    return equal(near * (gap[1:] - gap[:-1]), run.step**2 * near * grown[:-1])


# Proof: a step is a multiple of the gradient, whatever the running scalar: two blocks move in proportion.
@conjecture(
    title="GroupRMSprop moves all blocks in proportion", source="(21)", optimizer="group-rmsprop", applies=has_factors
)
def outside_descent_group_rmsprop_is_parallel(run: Descent):
    near = neighbours(run)[:, None, None]
    a, b = cores(run), vectors(run)
    left = near * cross(a[1:] - a[:-1], vector_gradients(run)[:-1])
    return equal(left, near * cross(core_gradients(run)[:-1], b[1:] - b[:-1]))


# Proof: heavy ball: e = theta'' - theta' + eta g' = mu (theta' - theta) = mu d, with one mu for every entry.
@conjecture(title="Heavy ball: one momentum for all entries", source="Polyak 1964", optimizer="momentum")
def outside_descent_momentum_recurrence(run: Descent):
    near = neighbours(run)
    both = (near[1:] * near[:-1])[:, None, None]
    core = cores(run)
    move = core[1:] - core[:-1]
    rest = move[1:] + run.step * core_gradients(run)[1:-1]
    return equal(both * cross(rest, move[:-1]), both * cross(move[:-1], rest))


# Proof: the velocity starts at zero, so the first step is a plain one.
@conjecture(title="The first step of momentum is plain", source="Polyak 1964", optimizer="momentum")
def outside_descent_first_momentum_step(run: Descent):
    first = float(run.steps[0] == 0 and run.steps[1] == 1)
    core = cores(run)
    return equal(first * (core[1] - core[0]), -first * run.step * core_gradients(run)[0])


# Proof: Adam's first step is eta g / (|g| + eps); the difference of two cores loses digits.
@conjecture(title="No entry moves by more than eta in Adam's first step", source="Kingma, Ba 2015", optimizer="adam")
def outside_descent_first_adam_step(run: Descent):
    first = float(run.steps[0] == 0 and run.steps[1] == 1)
    core = run.series(lambda s: s.core)
    return at_most(first * (core[1] - core[0]).abs(), run.step)


# Proof: Cauchy-Schwarz between the two running means: below 7.3 eta a step for (0.9, 0.999).
@conjecture(title="Adam's steps are bounded", source="Kingma, Ba 2015", optimizer="adam")
def outside_descent_adam_steps_are_bounded(run: Descent):
    core = cores(run)
    way = (core[1:] - core[:-1]).abs().max(1).values
    return at_most(way, 7.3 * run.step * (run.steps[1:] - run.steps[:-1]))


# Proof: v >= (1 - alpha) g^2, so a step is at most eta / sqrt(1 - alpha), below 100 eta for alpha <= 0.9999.
@conjecture(title="RMSprop's steps are bounded", source="Tieleman, Hinton 2012", optimizer="rmsprop")
def outside_descent_rmsprop_steps_are_bounded(run: Descent):
    core = cores(run)
    return at_most((core - core[0]).abs().max(1).values, 100 * run.step * (run.steps - run.steps[0]))


# Proof: every gradient of a group of zeros with at least two blocks is zero; 0 / eps = 0.
@conjecture(
    title="Dead groups stay dead under Adam", source="(11)", assumes="balanced", optimizer="adam", applies=has_factors
)
def outside_descent_dead_adam(run: Descent):
    return equal(dead_slices(run), 0.0)


# Proof: the same; the velocity stays zero.
@conjecture(
    title="Dead groups stay dead under momentum",
    source="(11)",
    assumes="balanced",
    optimizer="momentum",
    applies=has_factors,
)
def outside_descent_dead_momentum(run: Descent):
    return at_most(dead_slices(run).sum(), 0.0)


# Proof: the same; RMSprop divides zero by eps.
@conjecture(
    title="Dead groups stay dead under RMSprop",
    source="(11)",
    assumes="balanced",
    optimizer="rmsprop",
    applies=has_factors,
)
def outside_descent_dead_rmsprop(run: Descent):
    return constant(dead_slices(run))


# Proof: the gradient of row i is row i of D times something; unobserved rows have D = 0 at every step.
@conjecture(
    title="Rows without observations never move under Adam", source="(1)", optimizer="adam", applies=rows_do_not_mix
)
def outside_descent_idle_rows_adam(run: Descent):
    return constant(idle_rows(run))


# Proof: the same for plain steps of any size.
@conjecture(title="Rows without observations never move", source="(1)", applies=rows_do_not_mix)
def outside_descent_idle_rows(run: Descent):
    return equal(idle_rows(run), idle_rows(run)[0])


# Proof: linear recursion W' - T = (1 - eta w)(W - T), also where it diverges.
@conjecture(title="Without factors the residual is a geometric sequence", source="(1)", applies=no_factors)
def outside_descent_depth_zero(run: Descent):
    s = run.start
    powers = torch.stack([(1 - run.step * s.weights) ** int(k) for k in run.steps - run.steps[0]])
    return equal(run.series(lambda s: s.tensor), s.target + powers * (s.tensor - s.target))


# Proof: squared singular values add up to the squared norm at every record, however far the run has gone.
@conjecture(title="Singular values add up along RMSprop", source="linear algebra", optimizer="rmsprop")
def outside_descent_singular_values(run: Descent):
    last = run.order - 1
    norms = run.series(lambda s: (s.tensor**2).sum())
    return equal(norms, run.series(lambda s: (s.singular_values(last) ** 2).sum()))


# Proof: (5) for every record; Cauchy-Schwarz, also where the run diverges.
@conjecture(title="<D, W>^2 <= ||G||^2 ||dL/dG||^2 along momentum", source="(5), Cauchy-Schwarz", optimizer="momentum")
def outside_descent_core_cauchy_schwarz(run: Descent):
    pairing = run.series(lambda s: (s.gradient * s.tensor).sum())
    return at_most(pairing**2, (cores(run) ** 2).sum(1) * (core_gradients(run) ** 2).sum(1))


# Proof: the balance matrix is conserved by the flow, which the descent follows at first order.
@conjecture(
    title="Eigenvalue sums of the balance matrix drift at first order", source="(7), (20)", applies=whole_matrix_law
)
def outside_descent_balance_matrix(run: Descent):
    return constant(run.series(lambda s: (balance_matrix(s) ** 2).sum()), order=1)


# Proof: momentum follows the flow in another time, and conserved quantities do not see time.
@conjecture(
    title="Momentum keeps the balance matrix at first order",
    source="(25)",
    optimizer="momentum",
    applies=whole_matrix_law,
)
def outside_descent_balance_matrix_momentum(run: Descent):
    return constant(run.series(balance_matrix), order=1)


# Proof: GroupRMSprop is a change of time of the flow to first order.
@conjecture(
    title="GroupRMSprop keeps the energy gap at first order",
    source="(21)",
    optimizer="group-rmsprop",
    applies=has_factors,
)
def outside_descent_energy_gap_group_rmsprop(run: Descent):
    return constant(run.series(energy_gap), order=1)


# Proof: (25), in the time that the reference flow carries.
@conjecture(title="Momentum's tensor is the flow's at first order", source="(25)", optimizer="momentum")
def outside_descent_momentum_follows_the_flow(run: Descent):
    return equal(run.series(lambda s: s.tensor), run.flow.series(lambda s: s.tensor), order=1)


# Proof: (20) for a smooth function of the parameters.
@conjecture(title="The core's energy is the modified flow's at second order", source="(20)")
def outside_descent_modified_core_energy(run: Descent):
    return equal(
        run.series(lambda s: (s.core**2).sum()), run.modified_flow.series(lambda s: (s.core**2).sum()), order=2
    )


# Proof: the flow's way is below time times fallen loss; both sides move by O(eta).
@conjecture(title="Way below time times loss, to first order", source="energy identity, (20)", applies=has_factors)
def outside_descent_way(run: Descent):
    place, times = run.series(parts), run.flow.times
    moved = ((place - place[0]) ** 2).sum(1)
    return at_most(moved, (times - times[0]) * (run.losses[0] - run.losses), order=1)


# Proof: (19): the drift is eta^2 sum (|dL/dG|^2 - |dL/da|^2), below eta * eta sum |grad|^2 = eta (L0 - L + O(eta)).
@conjecture(
    title="The energy gap drifts by less than eta times the fallen loss", source="(19), (20)", applies=has_factors
)
def outside_descent_drift_below_loss(run: Descent):
    gap = run.series(energy_gap)
    return at_most((gap - gap[0]).abs(), run.step * (run.losses[0] - run.losses), order=2)
