"""Tensor networks with named labels: the normal form in which a derived program is checked for all sizes at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import Integer, latex

from ._program import Contraction, Labels, exact

Tensor = tuple[str, Labels]


@dataclass(frozen=True)
class Network:
    """coefficient * product of tensors, summed over every label that is not kept.

    Bound labels keep the names of the parametrisation, so equal networks are written equally.

    Arguments:
        tensors: (name, labels), in any order.
        keep: the labels that are not summed.
        coefficient: exact number.
    """

    tensors: tuple[Tensor, ...]
    keep: Labels
    coefficient: Any = field(default=Integer(1))

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensors", tuple(sorted((name, tuple(labels)) for name, labels in self.tensors)))
        object.__setattr__(self, "keep", tuple(sorted(self.keep)))
        object.__setattr__(self, "coefficient", exact(self.coefficient))

    def expanded(self, definitions: Mapping[str, Contraction]) -> Network:
        """Replace each tensor that has a definition, once; its output labels are renamed to those it is used with.

        Raises: ValueError if a summed label of a definition would be captured.
        """
        tensors: list[Tensor] = []
        coefficient = self.coefficient
        taken = {x for _, labels in self.tensors for x in labels}
        for name, labels in self.tensors:
            if name not in definitions:
                tensors.append((name, labels))
                continue
            body = definitions[name]
            rename = dict(zip(body.output, labels, strict=True))
            inner = {x for _, row in body.operands for x in row} - set(body.output)
            if captured := inner & taken:
                raise ValueError(f"label {sorted(captured)[0]!r} of {name!r} would be captured")
            tensors += [(operand, tuple(rename.get(x, x) for x in row)) for operand, row in body.operands]
            coefficient = coefficient * body.coefficient
        return Network(tuple(tensors), self.keep, coefficient)

    def __sub__(self, other: Network) -> str:
        """The difference in words: "0" when both are the same network."""
        if (self.tensors, self.keep) == (other.tensors, other.keep):
            rest = self.coefficient - other.coefficient
            return "0" if rest == 0 else str(Network(self.tensors, self.keep, rest))
        return f"{self} - ({other})"

    def __str__(self) -> str:
        body = " ".join(f"{name}[{','.join(labels)}]" for name, labels in self.tensors)
        kept = f"_({','.join(self.keep)})" if self.keep else ""
        scale = {"1": "", "-1": "- "}.get(str(self.coefficient), f"{self.coefficient} ")
        return f"{scale}<{body}>{kept}"

    def _latex(self) -> str:
        body = r"\, ".join(rf"\mathrm{{{_safe(name)}}}_{{{_safe(' '.join(labels))}}}" for name, labels in self.tensors)
        kept = rf"_{{{_safe(' '.join(self.keep))}}}" if self.keep else ""
        scale = {"1": "", "-1": "-"}.get(str(self.coefficient), latex(self.coefficient))
        return rf"{scale}\langle {body} \rangle{kept}"


def _safe(name: str) -> str:
    return name.replace("'", r"{}^{\prime}").replace(" ", r"\,")
