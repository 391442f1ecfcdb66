"""True statements about solved flows, written from the literature by someone who does not know the engine."""

import torch

from verify import Flow, assume, at_most, conjecture, constant, equal, nonincreasing


def has_factors(depth, order, chain):
    return depth >= 1


def whole_matrix_law(depth, order, chain):
    return depth == 1 or (depth >= 1 and chain == "mode")


def several_modes(depth, order, chain):
    return depth >= 1 and order >= 2


def balance_matrix(s):
    """U^T U - G G^T of the first mode."""
    core = s.core.reshape(s.ranks[0], -1)
    return s.vectors(0).T @ s.vectors(0) - core @ core.T


def parts(s):
    """Core and last blocks as one vector: some of the parameters, each once."""
    return torch.cat([s.core.flatten()] + [s.vectors(mode).flatten() for mode in range(s.order)])


def diagonal(tensor, number):
    return torch.stack([tensor[(r,) * tensor.ndim] for r in range(number)])


# Proof: the loss falls along the flow and the root is monotone.
@conjecture(title="The weighted root mean square never grows", source="energy identity")
def outside_flow_root_of_loss(flow: Flow):
    return nonincreasing(flow.series(lambda s: torch.sqrt((s.weights * (s.tensor - s.target) ** 2).sum())))


# Proof: L falls, and 1 - exp(-L) is monotone in L.
@conjecture(title="1 - exp(-L) never grows", source="energy identity")
def outside_flow_exponential_of_loss(flow: Flow):
    return nonincreasing(-torch.expm1(-flow.losses / (1 + flow.losses[0])))


# Proof: the recorded loss is the loss of the recorded state.
@conjecture(title="Recorded losses are the losses of the records", source="definition")
def outside_flow_losses_are_losses(flow: Flow):
    return equal(flow.losses, torch.tensor([float(s.loss) for s in flow.states]))


# Proof: |int theta'|^2 <= dt int |theta'|^2 = dt (L(t0) - L(t1)); nearly an equality for close records.
@conjecture(
    title="Steps between records are below time times loss",
    source="Cauchy-Schwarz, energy identity",
    applies=has_factors,
)
def outside_flow_moves_between_records(flow: Flow):
    place = flow.series(parts)
    moved = ((place[1:] - place[:-1]) ** 2).sum(1)
    return at_most(moved, (flow.times[1:] - flow.times[:-1]) * (flow.losses[:-1] - flow.losses[1:]))


# Proof: the same from the start.
@conjecture(
    title="Way from the start below time times loss", source="Cauchy-Schwarz, energy identity", applies=has_factors
)
def outside_flow_way_from_the_start(flow: Flow):
    place = flow.series(parts)
    return at_most(((place - place[0]) ** 2).sum(1), (flow.times - flow.times[0]) * (flow.losses[0] - flow.losses))


# Proof: reverse triangle inequality on the way.
@conjecture(title="The core's norm moves by less than root of time times loss", source="energy identity")
def outside_flow_core_norm(flow: Flow):
    norms = torch.stack([torch.linalg.vector_norm(s.core) for s in flow.states])
    return at_most((norms - norms[0]) ** 2, (flow.times - flow.times[0]) * (flow.losses[0] - flow.losses))


# Proof: balanced: all K+1 blocks of a group have norm g, so each moves by at least |dg|; groups of a mode are disjoint.
@conjecture(
    title="(K+1) sum (dg)^2 below time times loss",
    source="(6), energy identity",
    assumes="balanced",
    applies=has_factors,
)
def outside_flow_all_blocks_move(flow: Flow):
    blocks = flow.start.block_norms(0).shape[0]
    g = flow.series(lambda s: s.slice_norms(0))
    moved = blocks * ((g - g[0]) ** 2).sum(1)
    return at_most(moved, (flow.times - flow.times[0]) * (flow.losses[0] - flow.losses))


# Proof: superdiagonal: all NK + 1 blocks (core entry and K per mode) of a component move radially by dg.
@conjecture(
    title="(NK+1) sum (dg)^2 below time times loss", source="(12)", assumes="superdiagonal", applies=several_modes
)
def outside_flow_radial_motion(flow: Flow):
    g = flow.series(lambda s: s.slice_norms(0))
    moved = (flow.order * flow.depth + 1) * ((g - g[0]) ** 2).sum(1)
    return at_most(moved, (flow.times - flow.times[0]) * (flow.losses[0] - flow.losses))


# Proof: (6) summed over a mode; increments of two large sums.
@conjecture(title="Core and last blocks gain the same energy since the start", source="(6)", applies=has_factors)
def outside_flow_gains(flow: Flow):
    last = flow.order - 1
    core = flow.series(lambda s: (s.core**2).sum())
    vectors = flow.series(lambda s: sum((x**2).sum() for x in s.vectors(last).T))
    return equal(core - core[0], vectors - vectors[0])


# Proof: function of a conserved matrix.
@conjecture(title="Determinant of the balance matrix is constant", source="(7)", applies=whole_matrix_law)
def outside_flow_determinant(flow: Flow):
    return constant(torch.stack([torch.linalg.det(balance_matrix(s)) for s in flow.states]))


# Proof: eigenvalues of a conserved symmetric matrix, sorted, also when they are equal.
@conjecture(title="Eigenvalues of the balance matrix are constant", source="(7)", applies=whole_matrix_law)
def outside_flow_eigenvalues(flow: Flow):
    return constant(flow.series(lambda s: torch.linalg.eigvalsh(balance_matrix(s))))


# Proof: (7) holds for the matrix, hence for its square's trace against a constant matrix.
@conjecture(title="A bilinear form of the balance matrix is constant", source="(7)", applies=whole_matrix_law)
def outside_flow_bilinear_form(flow: Flow):
    left = torch.tensor([(-1.0) ** r / (1 + r) for r in range(flow.start.ranks[0])])
    return constant(flow.series(lambda s: left @ balance_matrix(s) @ balance_matrix(s) @ left))


# Proof: balanced stays balanced, so the spread of the squared norms in a group stays 0.
@conjecture(title="Balanced groups stay balanced", source="(6)", assumes="balanced", applies=has_factors)
def outside_flow_spread_of_block_norms(flow: Flow):
    def spread(s):
        squares = s.block_norms(0) ** 2
        return squares.max(0).values - squares.min(0).values

    return equal(flow.series(spread), 0)


# Proof: |d log g/dt| <= g^(K-1) |alignment| is bounded on bounded times, so g > 0 is kept; g = 0 stays (11).
@conjecture(
    title="A slice is alive at the end if and only if at the start",
    source="(11)",
    assumes="balanced",
    applies=has_factors,
)
def outside_flow_alive_stays_alive(flow: Flow):
    first, last = flow.start.slice_norms(0), flow.final.slice_norms(0)
    return equal((last > 0).sum().item(), (first > 0).sum().item())


# Proof: a zero of the loss is an equilibrium, which no flow reaches in finite time.
@conjecture(title="A positive loss stays positive", source="uniqueness of solutions")
def outside_flow_loss_stays_positive(flow: Flow):
    return at_most(float(flow.losses[0] > 0), float((flow.losses > 0).all()))


# Proof: definition of the solution at the last time.
@conjecture(title="The state at the last time is the last state", source="definition")
def outside_flow_last_state(flow: Flow):
    return equal(flow.at(float(flow.times[-1])).tensor, flow.final.tensor)


# Proof: the loss falls; any intermediate time.
@conjecture(title="Loss at an intermediate time lies between the ends", source="energy identity")
def outside_flow_intermediate_loss(flow: Flow):
    first, last = float(flow.times[0]), float(flow.times[-1])
    middle = flow.at(first + (last - first) / 3).loss
    return at_most(torch.stack([flow.losses[-1], middle]), torch.stack([middle, flow.losses[0]]))


# Proof: uncoupled linear equations dW/dt = -w (W - target).
@conjecture(
    title="Without factors the residual decays exponentially",
    source="(1)",
    applies=lambda depth, order, chain: depth == 0,
)
def outside_flow_depth_zero(flow: Flow):
    s = flow.start
    decay = torch.stack([torch.exp(-s.weights * (t - flow.times[0])) for t in flow.times])
    return equal(flow.series(lambda s: s.tensor), s.target + (s.tensor - s.target) * decay)


# Proof: each entry is a scalar gradient flow x' = c(x) (lambda - x) with c >= 0.
@conjecture(title="No diagonal residual ever grows", source="(12)", assumes="superdiagonal", applies=several_modes)
def outside_flow_diagonal_residuals(flow: Flow):
    number = min(flow.start.sizes)
    return nonincreasing(flow.series(lambda s: diagonal(s.tensor - s.target, number).abs()))


# Proof: the same scalar equation cannot cross its equilibrium lambda.
@conjecture(
    title="Entries never overshoot their targets", source="(12)", assumes="superdiagonal", applies=several_modes
)
def outside_flow_no_overshoot(flow: Flow):
    number = min(flow.start.sizes)
    residual = flow.series(lambda s: diagonal(s.tensor - s.target, number))
    return at_most(-residual * residual[0], torch.zeros(number))


# Proof: d(g^(1-m))/dt = (1-m)(lambda - x) >= -(m-1) |lambda| for x = g^(m+1) >= 0, m = NK >= 2.
@conjecture(
    title="A slice does not escape too early", source="(11), (12)", assumes="superdiagonal", applies=several_modes
)
def outside_flow_escape_time(flow: Flow):
    m = flow.order * flow.depth
    number = min(min(flow.start.sizes), min(flow.start.ranks))
    g = flow.series(lambda s: s.slice_norms(0)[:number])
    assume((g[0] > 0).any())
    wanted = [r for r in range(number) if g[0, r] > 0]
    g, pull = g[:, wanted], diagonal(flow.start.target, number)[wanted].abs()
    elapsed = (flow.times - flow.times[0])[:, None]
    return at_most(g[0] ** (1 - m), g ** (1 - m) + (m - 1) * pull * elapsed)


# Proof: dW/dt restricted to a zero component: with a balanced dead group W has no part through it, at all times.
@conjecture(
    title="Dead components contribute nothing at the end", source="(11)", assumes="balanced", applies=has_factors
)
def outside_flow_dead_components(flow: Flow):
    total = 0.0
    for r, g in enumerate(flow.start.slice_norms(0).tolist()):
        if g == 0:
            total += float(flow.final.component(0, r).abs().sum())
    return equal(total, 0.0)
