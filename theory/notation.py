"""The symbols of the paper and the design, each defined once."""

from sympy import Symbol

K = Symbol("K", integer=True, positive=True)  # depth
N = Symbol("N", integer=True, positive=True)  # order
g = Symbol("g", positive=True)  # norm of a core slice
g0 = Symbol("g0", positive=True)  # its value at time 0
sigma = Symbol("sigma", positive=True)  # product of the block norms of a group
lam = Symbol("lambda", positive=True)  # entry of a superdiagonal target
eps = Symbol("eps", nonnegative=True)  # unbalancedness
eta = Symbol("eta", positive=True)  # step size
t = Symbol("t", real=True)  # time
c = Symbol("c", real=True)  # constant alignment
alignment = Symbol("alignment", real=True)  # <-grad L(W), W_{n,r}> / product of block norms
grad_norm_squared = Symbol("grad_norm_squared", nonnegative=True)  # ||dL/dB||^2
other_grad_norm_squared = Symbol("other_grad_norm_squared", nonnegative=True)  # ||dL/dB'||^2
