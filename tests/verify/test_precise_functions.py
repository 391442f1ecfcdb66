# ruff: noqa: E501  (a table with a line for each handful of functions)
"""Every entry of the table of high-precision functions does what torch does, or is Unsupported."""

import gmpy2
import numpy as np
import pytest
import torch

from verify import Descent, State, Target, Verdict, at_most, check, conjecture, constant, equal
from verify._numbers import Unsupported, precision, recording
from verify._precise import BOOL, FLOAT, Precise
from verify._torch_functions import FUNCTIONS

RNG = np.random.default_rng(3)
X = torch.from_numpy(RNG.integers(-6, 7, (3, 4)) / 4.0)  # quarters, with ties and zeros
Y = torch.from_numpy(RNG.integers(1, 9, (3, 4)) / 4.0)
S = torch.from_numpy(RNG.integers(-6, 7, (4, 4)) / 4.0) + 4 * torch.eye(4, dtype=torch.float64)
MASK = X > 0
PLACES = torch.tensor([[0, 2, 1, 0], [1, 1, 0, 2], [2, 0, 0, 1]])

UNARY = {
    "abs absolute square neg negative positive sign sgn relu floor ceil trunc fix": X,
    "exp exp2 expm1 sin cos tan sinh cosh tanh asinh arcsinh atan arctan erf erfc sigmoid expit silu": X / 2,
    "log log2 log10 log1p sqrt rsqrt reciprocal lgamma gammaln digamma deg2rad rad2deg frac softplus gelu": Y,
    "asin arcsin acos arccos atanh arctanh": X / 8,
    "acosh arccosh": Y + 1,
    "isnan isinf isfinite isposinf isneginf logical_not signbit": X,
}
CASES = {  # name -> calls, run on torch's tensors and on exact arrays alike
    "sum": [lambda x: x.sum(), lambda x: x.sum(-1), lambda x: torch.sum(x, (0, 1), keepdim=True), lambda x: (x > 0).sum(0)],
    "prod": [lambda x: x.prod(), lambda x: x.prod(1, keepdim=True)],
    "mean": [lambda x: x.mean(), lambda x: x.mean((0, 1)), lambda x: x.mean(-1, True)],
    "var": [lambda x: x.var(), lambda x: x.var(1), lambda x: x.var(0, correction=0), lambda x: torch.var(x, unbiased=False)],
    "std": [lambda x: x.std(), lambda x: x.std(-1, keepdim=True)],
    "cumsum": [lambda x: x.cumsum(0), lambda x: x.cumsum(-1)],
    "cumprod": [lambda x: x.cumprod(1)],
    "all": [lambda x: (x > -9).all(), lambda x: x.bool().all(1), lambda x: torch.all(x > 0, dim=0, keepdim=True)],
    "any": [lambda x: (x > 9).any(), lambda x: x.bool().any(0)],
    "count_nonzero": [lambda x: x.count_nonzero(), lambda x: torch.count_nonzero(x, 1)],
    "logsumexp": [lambda x: x.logsumexp(0), lambda x: torch.logsumexp(x, (0, 1))],
    "softmax": [lambda x: x.softmax(1)],
    "log_softmax": [lambda x: x.log_softmax(0)],
    "quantile": [lambda x: x.quantile(0.3), lambda x: torch.quantile(x, 0.5, 1)],
    "diff": [lambda x: x.diff(), lambda x: torch.diff(x, 2, 0)],
    "trace": [lambda x: torch.trace(x[:, :3])],
    "dist": [lambda x: torch.dist(x, x * 2), lambda x: torch.dist(x, x + 1, 1)],
    "einsum": [lambda x: torch.einsum("ij,ij->i", x, x)],
    "tensordot": [lambda x: torch.tensordot(x, x, dims=([0], [0])), lambda x: torch.tensordot(x, x.T, 1)],
    "dot": [lambda x: x[0].dot(x[1])], "vdot": [lambda x: torch.vdot(x[0], x[1])],
    "inner": [lambda x: torch.inner(x, x)], "outer": [lambda x: torch.outer(x[0], x[1])], "ger": [lambda x: torch.ger(x[0], x[1])],
    "addmm": [lambda x: torch.addmm(x @ x.T, x, x.T, beta=2, alpha=3)], "addmv": [lambda x: torch.addmv(x[:, 0], x, x[0])],
    "baddbmm": [lambda x: torch.baddbmm((x @ x.T)[None], x[None], x.T[None])],
    "addr": [lambda x: torch.addr(x, x[:, 0], x[0])], "addcmul": [lambda x: torch.addcmul(x, x, x, value=2)],
    "addcdiv": [lambda x: torch.addcdiv(x, x, x * x + 1)], "lerp": [lambda x: torch.lerp(x, x * 3, 0.25)],
    "add": [lambda x: torch.add(x, x, alpha=2), lambda x: x.add(1)], "sub": [lambda x: torch.sub(x, x * 2, alpha=3)],
    "subtract": [lambda x: torch.subtract(x, 2)], "rsub": [lambda x: torch.rsub(x, 3)], "mul": [lambda x: torch.mul(x, x)],
    "multiply": [lambda x: torch.multiply(x, 2)], "divide": [lambda x: torch.divide(x, 4)],
    "div": [lambda x: x.div(3, rounding_mode="floor"), lambda x: x.div(3, rounding_mode="trunc"), lambda x: x.div(4)],
    "true_divide": [lambda x: torch.true_divide(x, 4)], "floor_divide": [lambda x: x // 0.75],
    "remainder": [lambda x: x % 0.75, lambda x: torch.remainder(x, -1)], "fmod": [lambda x: torch.fmod(x, 0.75)],
    "round": [lambda x: x.round(), lambda x: torch.round(x, decimals=1)], "pow": [lambda x: x**3, lambda x: torch.pow(x, 2)],
    "float_power": [lambda x: x.float_power(2)],
    "where": [lambda x: torch.where(x > 0, x, 0.5), lambda x: torch.where(x > 0, 1.0, -x), lambda x: torch.where(x > 0)[0]],
    "masked_fill": [lambda x: x.masked_fill(x > 0, 7.0)],
    "clamp": [lambda x: x.clamp(-1, 1), lambda x: x.clamp(max=0.5), lambda x: torch.clamp(x, x - 1, x * 0)],
    "clip": [lambda x: x.clip(min=0)], "clamp_min": [lambda x: x.clamp_min(0.5)], "clamp_max": [lambda x: x.clamp_max(0.5)],
    "atan2": [lambda x: torch.atan2(x, x * x + 1)], "arctan2": [lambda x: torch.arctan2(x, x * x + 1)],
    "hypot": [lambda x: torch.hypot(x, x + 1)], "heaviside": [lambda x: torch.heaviside(x, x * 0 + 0.5)],
    "copysign": [lambda x: torch.copysign(x, x + 0.125)], "nan_to_num": [lambda x: x.nan_to_num()],
    "equal": [lambda x: torch.equal(x, x * 1), lambda x: torch.equal(x, x + 1)],
    "isclose": [lambda x: torch.isclose(x, x + 1e-9)], "allclose": [lambda x: torch.allclose(x, x + 1)],
    "logical_and": [lambda x: torch.logical_and(x, x > 0)], "logical_or": [lambda x: torch.logical_or(x, x > 0)],
    "logical_xor": [lambda x: torch.logical_xor(x, x > 0)],
    "bitwise_and": [lambda x: (x > 0) & (x < 1)], "bitwise_or": [lambda x: (x > 1) | (x < 0)],
    "bitwise_xor": [lambda x: (x > 1) ^ (x < 2)], "bitwise_not": [lambda x: ~(x > 0)],
    "to": [lambda x: x.to(torch.bool).to(torch.float64) * x, lambda x: x.to(torch.int64), lambda x: x.to("cpu"), lambda x: x.to(x)],
    "type": [lambda x: x.type(torch.bool)], "type_as": [lambda x: x.type_as(x > 0)], "double": [lambda x: (x > 0).double()],
    "long": [lambda x: x.long()], "int": [lambda x: x.int().double()], "bool": [lambda x: x.bool()],
    "clone": [lambda x: x.clone()], "detach": [lambda x: x.detach()], "contiguous": [lambda x: x.T.contiguous()],
    "cpu": [lambda x: x.cpu()], "conj": [lambda x: x.conj()], "resolve_conj": [lambda x: x.resolve_conj()],
    "zeros_like": [torch.zeros_like, lambda x: torch.zeros_like(x, dtype=torch.bool)], "ones_like": [torch.ones_like],
    "full_like": [lambda x: torch.full_like(x, 2)], "new_zeros": [lambda x: x.new_zeros(2, 3)],
    "new_ones": [lambda x: x.new_ones((2,))], "new_full": [lambda x: x.new_full((2,), 3.0)],
    "new_tensor": [lambda x: x.new_tensor([1.0, 2.0])],
    "norm": [lambda x: x.norm(), lambda x: x.norm(dim=1), lambda x: torch.norm(x, p=1), lambda x: x.norm(p="nuc")],
    "vector_norm": [lambda x, o=o: torch.linalg.vector_norm(x, o, dim=1) for o in (0, 1, 2, 3, float("inf"), -float("inf"))],
    "matrix_norm": [lambda x, o=o: torch.linalg.matrix_norm(x, o) for o in ("fro", "nuc", 2, -2, 1, -1, float("inf"))],
    "linalg_norm": [lambda x: torch.linalg.norm(x), lambda x: torch.linalg.norm(x, 2), lambda x: torch.linalg.norm(x, 1, dim=0)],
    "svdvals": [torch.linalg.svdvals], "cond": [lambda x: torch.linalg.cond(x @ x.T + 5 * torch.eye(3, dtype=torch.float64))],
    "linalg_svd": [lambda x: (lambda u, s, v: u @ torch.diag(s) @ v)(*torch.linalg.svd(x, full_matrices=False))],
    "svd": [lambda x: (lambda u, s, v: u @ torch.diag(s) @ v.T)(*torch.svd(x))],
    "matrix_rank": [torch.linalg.matrix_rank], "pinv": [torch.linalg.pinv], "pinverse": [torch.pinverse],
    "lstsq": [lambda x: torch.linalg.lstsq(x.T @ x + 3 * torch.eye(4, dtype=torch.float64), x.T).solution],
    "cross": [lambda x: torch.linalg.cross(x[:, :1].T, x[:, 1:2].T)], "kron": [lambda x: torch.kron(x, x[:2])],
    "matmul": [lambda x: x @ x.T], "mm": [lambda x: torch.mm(x, x.T)], "bmm": [lambda x: torch.bmm(x[None], x.T[None])],
    "mv": [lambda x: torch.mv(x, x[0])], "multi_dot": [lambda x: torch.linalg.multi_dot([x, x.T, x])],
    "max": [lambda x: x.max(), lambda x: x.max(1).values, lambda x: x.max(0)[1], lambda x: torch.max(x, -x)],
    "min": [lambda x: x.min(), lambda x: x.min(-1, keepdim=True).indices, lambda x: torch.min(x, -x)],
    "sort": [lambda x: x.sort(1, descending=True).values, lambda x: torch.sort(x, dim=0, stable=True).indices],
    "topk": [lambda x: x.topk(2).values], "kthvalue": [lambda x: x.kthvalue(2).values], "median": [lambda x: x.median()],
    "aminmax": [lambda x: x.aminmax().max], "mode": [lambda x: x.mode().values], "unique": [torch.unique],
    "maximum": [lambda x: torch.maximum(x, -x)], "minimum": [lambda x: torch.minimum(x, -x)],
    "fmax": [lambda x: torch.fmax(x, -x)], "fmin": [lambda x: torch.fmin(x, -x)],
    "cummax": [lambda x: x.cummax(1).values], "cummin": [lambda x: x.cummin(0).values],
    "amax": [lambda x: x.amax(), lambda x: x.amax((0, 1)), lambda x: x.amax(1, keepdim=True)], "amin": [lambda x: x.amin(0)],
    "argmax": [lambda x: x.argmax(), lambda x: x.argmax(1)], "argmin": [lambda x: x.argmin(0, keepdim=True)],
    "argsort": [lambda x: x.argsort(dim=1, stable=True)], "msort": [torch.msort],
    "reshape": [lambda x: x.reshape(2, -1), lambda x: torch.reshape(x, (6, 2))], "view": [lambda x: x.view(12)],
    "flatten": [lambda x: x.flatten(), lambda x: x[None].flatten(0, 1)], "ravel": [torch.ravel],
    "permute": [lambda x: x.permute(1, 0)], "transpose": [lambda x: x.transpose(0, -1)], "swapaxes": [lambda x: x.swapaxes(0, 1)],
    "swapdims": [lambda x: x.swapdims(0, 1)], "t": [lambda x: x.t()], "movedim": [lambda x: x.movedim(0, 1)],
    "moveaxis": [lambda x: x.moveaxis(0, -1)], "unsqueeze": [lambda x: x.unsqueeze(-1)],
    "squeeze": [lambda x: x[:1].squeeze(), lambda x: x.squeeze(0)], "roll": [lambda x: x.roll(1, 0), lambda x: torch.roll(x, 1)],
    "flip": [lambda x: x.flip(0), lambda x: x.flip((0, 1))], "fliplr": [torch.fliplr], "flipud": [torch.flipud],
    "rot90": [lambda x: x.rot90()], "diag": [lambda x: torch.diag(x[0]), lambda x: torch.diag(x, 1)],
    "diagonal": [lambda x: x.diagonal(1)], "diag_embed": [torch.diag_embed], "diagflat": [lambda x: torch.diagflat(x[0])],
    "tril": [lambda x: x.tril(-1)], "triu": [lambda x: x.triu(1)], "tile": [lambda x: x.tile((2, 1))],
    "repeat": [lambda x: x.repeat(2, 1)], "repeat_interleave": [lambda x: x.repeat_interleave(2, 0)],
    "unbind": [lambda x: x.unbind(1)[2]], "split": [lambda x: x.split(2, 1)[1]], "chunk": [lambda x: x.chunk(2, 1)[0]],
    "tensor_split": [lambda x: x.tensor_split(2)[1]], "hsplit": [lambda x: x.hsplit(2)[1]], "vsplit": [lambda x: x.vsplit(3)[1]],
    "select": [lambda x: x.select(1, 2)], "narrow": [lambda x: x.narrow(1, 1, 2)], "unfold": [lambda x: x.unfold(1, 2, 1)],
    "take": [lambda x: x.take(torch.tensor([0, 5]))], "gather": [lambda x: x.gather(0, PLACES)],
    "index_select": [lambda x: x.index_select(1, torch.tensor([2, 0]))], "masked_select": [lambda x: x.masked_select(x > 0)],
    "take_along_dim": [lambda x: x.take_along_dim(PLACES, 0)], "broadcast_to": [lambda x: x.broadcast_to(2, 3, 4)],
    "expand": [lambda x: x.expand(2, 3, 4)], "expand_as": [lambda x: x[:1].expand_as(x)], "view_as": [lambda x: x.view_as(x)],
    "reshape_as": [lambda x: x.T.reshape_as(x)], "unflatten": [lambda x: x.unflatten(1, (2, 2))],
    "atleast_1d": [lambda x: torch.atleast_1d(x[0, 0])], "atleast_2d": [lambda x: torch.atleast_2d(x[0])],
    "argwhere": [lambda x: torch.argwhere(x > 0)], "nonzero": [lambda x: x.nonzero()], "adjoint": [lambda x: x.adjoint()],
    "stack": [lambda x: torch.stack([x, x * 2], 1)], "cat": [lambda x: torch.cat([x, (x > 0).long()], 1)],
    "concat": [lambda x: torch.concat([x, x])], "concatenate": [lambda x: torch.concatenate([x, x])],
    "hstack": [lambda x: torch.hstack([x, x])], "vstack": [lambda x: torch.vstack([x, x])], "dstack": [lambda x: torch.dstack([x, x])],
    "column_stack": [lambda x: torch.column_stack([x, x])], "block_diag": [lambda x: torch.block_diag(x, x)],
    "meshgrid": [lambda x: torch.meshgrid(x[0], x[1], indexing="ij")[0]], "broadcast_tensors": [lambda x: torch.broadcast_tensors(x, x[0])[1]],
    "cartesian_prod": [lambda x: torch.cartesian_prod(x[0], x[1])],
    "log_sigmoid": [torch.nn.functional.logsigmoid],
    "numel": [lambda x: x.numel()], "is_floating_point": [lambda x: x.is_floating_point()], "is_complex": [lambda x: x.is_complex()],
    "is_contiguous": [lambda x: x.is_contiguous()],
}  # fmt: skip
SQUARE = {
    "det": [torch.linalg.det, torch.det], "slogdet": [lambda x: torch.linalg.slogdet(x).logabsdet, lambda x: torch.slogdet(x)[0]],
    "logdet": [lambda x: torch.logdet(x @ x.T)], "inv": [torch.linalg.inv, lambda x: torch.linalg.inv(torch.stack([x, x @ x]))],
    "inverse": [torch.inverse], "solve": [lambda x: torch.linalg.solve(x, x[0]), lambda x: torch.linalg.solve(x, x.T)],
    "qr": [lambda x: torch.linalg.qr(x).R, lambda x: torch.linalg.qr(x[:, :2]).Q], "matrix_exp": [lambda x: torch.matrix_exp(x / 8)],
    "cholesky": [lambda x: torch.linalg.cholesky(x @ x.T)], "matrix_power": [lambda x: torch.linalg.matrix_power(x, -2)],
    "eigvalsh": [lambda x: torch.linalg.eigvalsh(x + x.T), torch.linalg.eigvalsh],
    "eigh": [lambda x: (lambda w, v: v @ torch.diag(w) @ v.T)(*torch.linalg.eigh(x + x.T))],
}  # fmt: skip
OPERATORS = [
    "radd",
    "rmul",
    "rdiv",
    "rtruediv",
    "truediv",
    "rfloordiv",
    "floordiv",
    "mod",
    "rmod",
    "rpow",
    "rmatmul",
    "power",
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "not_equal",
    "getitem",
    "setitem",
    "and",
    "or",
    "xor",
    "rand",
    "ror",
    "rxor",
    "invert",
    "zero",
    "fill",
    "copy",
    "fill_diagonal",
    "requires_grad_",
    "empty_like",
    "new_empty",
]
REFUSED = ("float", "half", "bfloat16", "nansum")
TRIED = {
    **CASES, **SQUARE, **{name: [getattr(torch, name, None) or getattr(torch.special, name, None) or getattr(torch.nn.functional, name)]
                          for names in UNARY for name in names.split()},
}  # fmt: skip


def exact(x, to=gmpy2.mpfr):
    return Precise(np.frompyfunc(lambda v: to(float(v)), 1, 1)(x.numpy()))


def agree(ours, theirs):
    if not isinstance(theirs, torch.Tensor):
        assert ours == theirs
        return
    if isinstance(ours, torch.Tensor):
        ours = Precise(ours.numpy().astype(object), ours.dtype)
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert ours.dtype == (theirs.dtype if theirs.dtype in (BOOL, FLOAT) else torch.int64)
    np.testing.assert_allclose(ours.floats(), theirs.numpy().astype(float), rtol=1e-11, atol=1e-13)


def test_every_entry_of_the_table_has_a_case():
    assert set(FUNCTIONS) - set(TRIED) - set(OPERATORS) - set(REFUSED) == set()


@pytest.mark.parametrize("name", sorted(TRIED))
def test_an_entry_does_what_torch_does(name):
    operand = next((x for names, x in UNARY.items() if name in names.split()), S if name in SQUARE else X)
    for call in TRIED[name]:
        expected = call(operand)
        with precision(), recording():
            agree(call(exact(operand)), expected)


@pytest.mark.parametrize("name", REFUSED)
def test_what_rounds_is_refused(name):
    with pytest.raises(Unsupported):
        getattr(exact(X), name)()


def test_an_unknown_option_is_refused_and_not_dropped():
    for call in (
        lambda x: x.sum(0, out=X), lambda x: x.sum(dtype=torch.float32), lambda x: torch.zeros_like(x, dtype=torch.float16),
        lambda x: x.nan_to_num(posinf=1.0, nan=0.0, neginf=2.0, out=X),
    ):  # fmt: skip
        with pytest.raises((Unsupported, TypeError)):
            call(exact(X))


def in_place(x):
    part = x.clone()
    part[0] = 0
    part[:, 1] += 2
    part[part > 1] = -1
    part[..., -1] *= 3
    part[[1, 2], [0, 1]] = 5.0
    part.mul_(2).add_(1)
    part[1:, None, 2:][:, 0, 1] = x[0, 0]
    part -= x
    return part


def filled(x):
    result = torch.zeros(3, 4)
    for i in range(3):
        for j in range(4):
            result[i, j] = x[i, j] * 2
    result.fill_diagonal_(9.0)
    return torch.stack([result.sum(), torch.tensor([float(i) for i in range(4)]).sum() * x[0, 0]])


def test_ordinary_code_that_writes_in_place_reads_the_same_numbers():
    for call in (in_place, filled):
        expected = call(X)
        with precision(), recording():
            agree(call(exact(X)), expected)


# -- the rows of the issue
def verdict_of(function, **options):
    return check(conjecture(function), depth=2, examples=40, paths=7, **options).verdict


GOOD = (Verdict.EXACT, Verdict.SUPPORTED)


def test_true_statements_that_leave_exact_arithmetic_are_not_refuted():
    import math

    def mean_by_hand(state: State):
        return equal(sum(float(x) for x in state.core.reshape(-1)) / state.core.numel(), state.core.mean())

    def ratio(state: State):
        loss = state.loss + 1
        return equal(2 * loss / (3 * loss), 1 - 1 / 3)

    def root(state: State):
        return equal(math.sqrt(float((state.core**2).sum())), torch.linalg.vector_norm(state.core))

    def shares(state: State):
        loss = float(state.loss)
        return equal(0.1 * loss + 0.2 * loss, 0.3 * loss)

    def cast(state: State):
        x = state.core
        return equal(x.to(torch.bool).to(torch.float64) * x, x)

    def third(target: Target):
        return equal(target.tensor * torch.tensor(1 / 3), target.tensor / 3)

    def third_of_a_run(run: Descent):
        return equal(run.losses * torch.tensor(1 / 3), run.losses / 3)

    def pi(state: State):
        return equal(math.pi * state.loss / 2, state.loss * (math.pi / 2))

    for function in (mean_by_hand, ratio, root, shares, cast, third, third_of_a_run, pi):
        assert verdict_of(function) in GOOD, function.__name__


def test_false_statements_in_ordinary_code_are_refuted():
    def without_a_slice(state: State):
        part = state.tensor.clone()
        part[0] = 0
        return equal((part**2).sum(), (state.tensor**2).sum())

    def inverse(state: State):
        size = state.core.shape[0]
        G = state.core.reshape(size, -1)
        M = G @ G.mT + torch.eye(size)
        return equal(torch.linalg.inv(M) @ M, 2 * torch.eye(size))

    def own_state(state: State):
        other = State(state.architecture, state.parameters, state.target, state.weights)
        return equal(other.loss, 2 * state.loss + 1e-30)

    def by_hand(state: State):
        total = torch.zeros(())
        for x in state.core.reshape(-1):
            total = total + x * x
        return equal(total, (1 + 1e-9) * (state.core**2).sum())

    def floats(state: State):
        return at_most(float(state.loss), 0.999 * state.loss.item())

    for function in (without_a_slice, inverse, own_state, by_hand, floats):
        assert verdict_of(function) is Verdict.REFUTED, function.__name__


def test_a_solved_flow_in_an_exact_statement_about_a_descent_is_not_its_own_second_look():
    def conserved(run: Descent):
        return constant(run.flow.series(lambda s: 10 + s.slice_norms(0) ** 2 - s.block_norms(0)[1] ** 2))

    assert verdict_of(conserved, sizes=(2, 2, 2)) is not Verdict.REFUTED
