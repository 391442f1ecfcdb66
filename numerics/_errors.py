"""Errors that carry one clear line for the person who typed the request."""


class UsageError(ValueError):
    """A request that cannot be carried out as written; the message says in one line what to change."""


class DivergenceError(ArithmeticError):
    """A descent that blew up, with the figures that say why.

    Attributes:
        step_index: first step whose loss was not finite or beyond the limit.
        loss: the loss there (summed over the batch).
        stable_step: estimate of 2 / sharpness at the last good parameters, or None if it could not be had.
        problem: flat index of the worst problem of the batch.
    """

    def __init__(
        self, step_index: int, loss: float, step: float, stable_step: float | None = None, problem: int = 0
    ) -> None:
        self.step_index, self.loss, self.step, self.stable_step, self.problem = (
            step_index,
            loss,
            step,
            stable_step,
            problem,
        )
        hint = "" if stable_step is None else f"; 2/sharpness is about {stable_step:.3g}, choose a step below it"
        super().__init__(f"gradient descent with step {step:g} diverged at step {step_index}: loss {loss:.3g}{hint}")

    def __reduce__(self) -> tuple[type, tuple[int, float, float, float | None, int]]:
        return type(self), (self.step_index, self.loss, self.step, self.stable_step, self.problem)
