"""Matrix symbols of symbolic sizes: sums of words and traces with a normal form; an identity holds for all sizes.

A term is coefficient * product of traces * word. Words are tuples of letters (name, transposed); a product with an
inner dimension one is cut there, so that x^T y becomes a scalar. A trace is the least of its rotations and of those of
its transpose. Two expressions with the same normal form are equal for all sizes and all values of the symbols.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sympy import Expr, Integer, expand, latex, sympify

Letter = tuple[str, bool]
Word = tuple[Letter, ...]
Shape = tuple[str, str]
Key = tuple[tuple[Word, ...], Word]
ONE = "1"
SYMMETRIC = "sym_"  # a letter whose name begins so equals its transpose; the prefix is not printed


@dataclass(frozen=True)
class Words:
    """A linear combination of words (a matrix) or of traces alone (a scalar).

    Arguments:
        shape: names of the two sizes; ("1", "1") for a scalar.
        terms: normal form, (traces, word) -> coefficient, sorted; never a zero coefficient.
        shapes: sizes of the letters in use.
    """

    shape: Shape
    terms: tuple[tuple[Key, Expr], ...]
    shapes: tuple[tuple[str, Shape], ...]

    def __add__(self, other: Words) -> Words:
        if self.shape != other.shape:
            raise ValueError(f"cannot add a {self.shape} matrix and a {other.shape} matrix")
        return _collect(self.shape, [*self.terms, *other.terms], _merge(self, other))

    def __neg__(self) -> Words:
        return self.scaled(-1)

    def __sub__(self, other: Words) -> Words:
        return self + (-other)

    def scaled(self, factor: object) -> Words:
        """The expression times a scalar of SymPy."""
        number = sympify(factor)
        return _collect(self.shape, [(key, number * c) for key, c in self.terms], dict(self.shapes))

    def __matmul__(self, other: Words) -> Words:
        if self.shape[1] != other.shape[0]:
            raise ValueError(f"cannot multiply {self} of shape {self.shape} by {other} of shape {other.shape}")
        shapes = _merge(self, other)
        terms = [
            (_cut(t1 + t2, w1 + w2, shapes), c1 * c2) for (t1, w1), c1 in self.terms for (t2, w2), c2 in other.terms
        ]
        return _collect((self.shape[0], other.shape[1]), terms, shapes)

    @property
    def T(self) -> Words:
        flipped = [((traces, _transposed(word)), c) for (traces, word), c in self.terms]
        return _collect((self.shape[1], self.shape[0]), flipped, dict(self.shapes))

    def times(self, other: Words) -> Words:
        """A scalar expression times any expression."""
        if self.shape != (ONE, ONE):
            raise ValueError("only a scalar multiplies an expression of another shape")
        shapes = _merge(self, other)
        terms = [(_cut(t1 + t2, w2, shapes), c1 * c2) for (t1, _), c1 in self.terms for (t2, w2), c2 in other.terms]
        return _collect(other.shape, terms, shapes)

    def rate(self, velocities: Mapping[str, Words]) -> Words:
        """d/dt by the product rule, for letters that move with the given velocities; the others stand still."""
        total = Words(self.shape, (), self.shapes)
        shapes = dict(self.shapes)
        for (traces, word), c in self.terms:
            rest = Words((ONE, ONE), (((traces, ()), c),), self.shapes)
            if word:
                total = total + rest.times(_word_rate(word, shapes, velocities))
            for place, loop in enumerate(traces):
                others = Words(self.shape, (((traces[:place] + traces[place + 1 :], word), c),), self.shapes)
                total = total + trace(_word_rate(loop, shapes, velocities)).times(others)
        return total

    @property
    def is_zero(self) -> bool:
        return not self.terms

    def __str__(self) -> str:
        return _print(self, _word_text, lambda w: f"tr({w})", str)

    def _latex(self) -> str:
        return _print(self, _word_latex, lambda w: rf"\operatorname{{tr}}({w})", latex)

    def _repr_latex_(self) -> str:
        return f"${self._latex()}$"


def matrix(name: str, rows: str, columns: str) -> Words:
    """A matrix symbol; size "1" makes it a vector or a scalar."""
    shapes = {name: (rows, columns)}
    return _collect((rows, columns), [(_cut((), ((name, False),), shapes), Integer(1))], shapes)


def constant(value: object) -> Words:
    """A SymPy scalar as an expression."""
    return _collect((ONE, ONE), [(((), ()), sympify(value))], {})


def trace(expression: Words) -> Words:
    """The trace; of a 1 x 1 expression, itself."""
    if expression.shape[0] != expression.shape[1]:
        raise ValueError(f"trace of a {expression.shape} matrix")
    shapes = dict(expression.shapes)
    terms = [(_loops((*traces, word), shapes) if word else (traces, ()), c) for (traces, word), c in expression.terms]
    return _collect((ONE, ONE), terms, shapes)


def inner(left: Words, right: Words) -> Words:
    """<left, right> = tr(left^T right)."""
    return trace(left.T @ right)


def gradient(loss_gradient: Words, tensor: Words, name: str) -> Words:
    """dL/d(name) from dL/d(tensor), for a tensor of one word in which the letter occurs: P X S gives P^T D S^T."""
    shapes = _merge(loss_gradient, tensor)
    total: Words | None = None
    for (traces, word), c in tensor.terms:
        for place, letter in enumerate(word):
            if letter[0] != name:
                continue
            if traces:
                raise ValueError(f"{name!r} stands beside a trace; write the tensor as P {name} S")
            part = loss_gradient.scaled(c)
            for head in word[:place]:
                part = _letter(head, shapes).T @ part
            for tail in reversed(word[place + 1 :]):
                part = part @ _letter(tail, shapes).T
            part = part.T if letter[1] else part
            total = part if total is None else total + part
    if total is None:
        raise ValueError(f"the tensor does not depend on {name!r}")
    return total


def rewrite(expression: Words, rules: tuple[tuple[Words, Words], ...], rounds: int = 20) -> Words:
    """Use hypotheses left = right (left a single word) as often as they apply, in words and their transposes."""
    for _ in range(rounds):
        after = expression
        for left, right in rules:
            after = _rewrite_once(after, left, right)
        if after == expression:
            return after
        expression = after
    raise ValueError("the hypotheses do not terminate as rewriting rules")


def _rewrite_once(expression: Words, left: Words, right: Words) -> Words:
    ((traces, pattern), scale) = left.terms[0]
    if traces or len(left.terms) != 1 or scale != 1 or not pattern:
        return _rewrite_scalar(expression, left, right)
    shapes = _merge(expression, left, right)
    total = Words(expression.shape, (), expression.shapes)
    for (loops, word), c in expression.terms:
        done = False
        for find, put in ((pattern, right), (_transposed(pattern), right.T)):
            for index, loop in enumerate(loops):
                turns = [loop[k:] + loop[:k] for k in range(len(loop))]
                turns += [_transposed(turn) for turn in turns]
                turn = next((x for x in turns if x[: len(find)] == find), None)
                if turn is not None and not done:
                    others = Words(
                        expression.shape, (((loops[:index] + loops[index + 1 :], word), c),), expression.shapes
                    )
                    rest = put
                    for letter in turn[len(find) :]:
                        rest = rest @ _letter(letter, shapes)
                    total, done = total + trace(rest).times(others), True
            at = next((k for k in range(len(word)) if word[k : k + len(find)] == find), None)
            if at is not None and not done:
                part = put
                for letter in reversed(word[:at]):
                    part = _letter(letter, shapes) @ part
                for letter in word[at + len(find) :]:
                    part = part @ _letter(letter, shapes)
                total, done = total + Words((ONE, ONE), (((loops, ()), c),), expression.shapes).times(part), True
        if not done:
            total = total + Words(expression.shape, (((loops, word), c),), expression.shapes)
    return total


def _rewrite_scalar(expression: Words, left: Words, right: Words) -> Words:
    ((traces, word), scale) = left.terms[0]
    if word or len(traces) != 1 or len(left.terms) != 1 or scale != 1:
        raise ValueError("a hypothesis must have one word or one trace on its left")
    total = Words(expression.shape, (), expression.shapes)
    for (loops, rest), c in expression.terms:
        if traces[0] in loops:
            at = loops.index(traces[0])
            others = Words(expression.shape, (((loops[:at] + loops[at + 1 :], rest), c),), expression.shapes)
            total = total + right.times(others)
        else:
            total = total + Words(expression.shape, (((loops, rest), c),), expression.shapes)
    return total


def _letter(letter: Letter, shapes: Mapping[str, Shape]) -> Words:
    symbol = matrix(letter[0], *shapes[letter[0]])
    return symbol.T if letter[1] else symbol


def _word_rate(word: Word, shapes: Mapping[str, Shape], velocities: Mapping[str, Words]) -> Words:
    total: Words | None = None
    for place, (name, flipped) in enumerate(word):
        part = velocities.get(name, None)
        if part is None:
            continue
        part = part.T if flipped else part
        for letter in reversed(word[:place]):
            part = _letter(letter, shapes) @ part
        for letter in word[place + 1 :]:
            part = part @ _letter(letter, shapes)
        total = part if total is None else total + part
    if total is None:
        first, last = word[0], word[-1]
        rows = shapes[first[0]][1 if first[1] else 0]
        columns = shapes[last[0]][0 if last[1] else 1]
        return Words((rows, columns), (), tuple(sorted(shapes.items())))
    return total


def _merge(*parts: Words) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for part in parts:
        for name, shape in part.shapes:
            if shapes.setdefault(name, shape) != shape:
                raise ValueError(f"{name!r} has two shapes: {shapes[name]} and {shape}")
    return shapes


def _transposed(word: Word) -> Word:
    return tuple((name, not flipped and not name.startswith(SYMMETRIC)) for name, flipped in reversed(word))


def _left_size(letter: Letter, shapes: Mapping[str, Shape]) -> str:
    return shapes[letter[0]][1 if letter[1] else 0]


def _cut(traces: tuple[Word, ...], word: Word, shapes: Mapping[str, Shape]) -> Key:
    """Move every 1 x 1 stretch of the word into the scalars."""
    ends = [k for k in range(len(word)) if _left_size(word[k], shapes) == ONE]
    if word and _left_size((word[-1][0], not word[-1][1]), shapes) == ONE:
        ends.append(len(word))
    if len(ends) > 1:
        scalars = [word[a:b] for a, b in itertools.pairwise(ends)]
        word, traces = word[: ends[0]] + word[ends[-1] :], (*traces, *scalars)
    return tuple(sorted(_canonical(loop, shapes) for loop in traces)), word


def _loops(loops: tuple[Word, ...], shapes: Mapping[str, Shape]) -> Key:
    """Closed words, cut wherever the dimension is one."""
    pieces: list[Word] = []
    for loop in loops:
        ends = [k for k in range(len(loop)) if _left_size(loop[k], shapes) == ONE]
        if len(ends) < 2:
            pieces.append(loop)
            continue
        turned = loop[ends[0] :] + loop[: ends[0]]
        cuts = [k for k in range(len(turned)) if _left_size(turned[k], shapes) == ONE] + [len(turned)]
        pieces += [turned[a:b] for a, b in itertools.pairwise(cuts)]
    return tuple(sorted(_canonical(loop, shapes) for loop in pieces)), ()


def _canonical(loop: Word, shapes: Mapping[str, Shape]) -> Word:
    both = (loop, _transposed(loop))
    return min(word[k:] + word[:k] for word in both for k in range(len(loop)))


def _collect(shape: Shape, terms: list[tuple[Key, Expr]], shapes: Mapping[str, Shape]) -> Words:
    sums: dict[Key, Expr] = {}
    for key, c in terms:
        sums[key] = sums[key] + c if key in sums else c
    kept = [(key, value) for key, c in sums.items() if (value := c if c.is_Rational else expand(c)) != 0]
    return Words(shape, tuple(sorted(kept, key=lambda item: item[0])), tuple(sorted(shapes.items())))


def _word_text(word: Word) -> str:
    return " ".join(f"{name}^T" if flipped else name.removeprefix(SYMMETRIC) for name, flipped in word)


def _word_latex(word: Word) -> str:
    return " ".join(rf"{latex_name(name)}^{{\top}}" if flipped else latex_name(name) for name, flipped in word)


def latex_name(name: str) -> str:
    """gamma -> \\gamma, G' -> G', A2 -> A_{2}, dot_A -> \\dot{A}."""
    name = name.removeprefix(SYMMETRIC)
    if name.startswith("dot_"):
        return rf"\dot{{{latex_name(name[4:])}}}"
    if name in ("gamma", "eta", "lambda"):
        return "\\" + name
    head, tail = name.rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]
    return f"{head}_{{{tail}}}" if tail else name


def _print(value: Words, show: Callable[[Word], str], loop: Callable[[str], str], number: Callable[[Expr], str]) -> str:
    parts = []
    for (traces, word), c in value.terms:
        body = " ".join([*(loop(show(x)) for x in traces), *([show(word)] if word else [])])
        text = number(c)
        if body and c == 1:
            parts.append(f"+ {body}")
        elif body and c == -1:
            parts.append(f"- {body}")
        elif c.is_Add:
            parts.append(f"+ ({text}) {body}".rstrip())
        else:
            parts.append((f"- {text[1:]} {body}" if text.startswith("-") else f"+ {text} {body}").rstrip())
    line = " ".join(parts) or "0"
    return line[2:] if line.startswith("+ ") else line
