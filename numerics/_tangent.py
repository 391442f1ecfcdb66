"""Forward derivative of a theory program: the product rule on its assignments, as another program."""

from functools import lru_cache

from numerics._lower import CompiledProgram, compile
from theory import Assignment, Contraction, LinearCombination, Parametrisation, Program, gradient_flow

PREFIX = "tangent of "


def tangent_program(program: Program, moving: tuple[str, ...]) -> Program:
    """The program that also computes the directional derivative of every output.

    Arguments:
        moving: inputs that have a tangent; the others are constant. The new program has an input "tangent of X" for
            each X of them and an output "tangent of Y" for each output Y that moves.
    """
    moved = set(moving)
    lines: list[Assignment] = []
    for line in program.assignments:
        lines.append(line)
        expression, name = line.expression, PREFIX + line.name
        if isinstance(expression, LinearCombination):
            terms = tuple((c, PREFIX + term) for c, term in expression.terms if term in moved)
            if not terms:
                continue
            lines.append(Assignment(name, LinearCombination(terms)))
        else:
            parts = []
            for place, (operand, labels) in enumerate(expression.operands):
                if operand in moved:
                    others = expression.operands[:place], expression.operands[place + 1 :]
                    operands = (*others[0], (PREFIX + operand, labels), *others[1])
                    parts.append(Contraction(operands, expression.output, expression.coefficient))
            if not parts:
                continue
            if len(parts) == 1:
                lines.append(Assignment(name, parts[0]))
            else:
                names = [f"{name}, part {index}" for index in range(len(parts))]
                lines += [Assignment(part_name, part) for part_name, part in zip(names, parts, strict=True)]
                one = parts[0].coefficient / parts[0].coefficient
                lines.append(Assignment(name, LinearCombination(tuple((one, part_name) for part_name in names))))
        moved.add(line.name)
    outputs = dict(program.outputs)
    outputs |= {PREFIX + name: PREFIX + held for name, held in program.outputs.items() if held in moved}
    return Program((*program.inputs, *(PREFIX + name for name in moving)), tuple(lines), outputs)


@lru_cache(maxsize=64)
def compiled_tangent(model: Parametrisation) -> CompiledProgram:
    """theory's gradient flow with its directional derivative in the blocks and in D, lowered to NumPy."""
    return compile(tangent_program(gradient_flow(model), (*model.block_order, "D")))
