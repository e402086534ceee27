"""Makes closures of a map's expressions, once, so that reading a frame parses nothing. Missing is None throughout.

A key that is not there, null and the empty text are missing; arithmetic on something missing is missing, and so is a
division by zero. Arithmetic on what is no number is a FrameError.
"""

from collections.abc import Callable
from functools import partial
from operator import add, mul, sub, truediv
from typing import Any

from bot.flow.mapping import functions
from bot.flow.mapping.expressions import Call, Expression, Negation, Number, Operation, Path
from bot.flow.numbers import number

Read = Callable[[Any, Any], Any]
"""The record and the whole frame -> the value, or None. Raises FrameError."""

_OPERATIONS: dict[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "occ": functions.occ, "et": functions.et, "et_date_ms": functions.et_date_ms, "join": functions.join,
}  # fmt: skip


def value_at(path: Path) -> Read:
    """Reads the value at `path`."""
    steps = path.steps
    if path.is_from_frame:
        return lambda _, frame: _walk(frame, steps)
    if len(steps) == 1 and isinstance(steps[0], str):
        key = steps[0]

        def read_key(record: Any, _: Any) -> Any:
            found = record.get(key) if type(record) is dict else None
            return None if found == "" else found

        return read_key
    return lambda record, _: _walk(record, steps)


def _walk(found: Any, steps: tuple[str | int, ...]) -> Any:
    for step in steps:
        if type(found) is dict:
            found = found.get(step)
        elif type(found) is list and type(step) is int and step < len(found):
            found = found[step]
        else:
            return None
    return None if found == "" else found


def compile_expression(expression: Expression) -> Read:
    """The function that an expression stands for."""
    match expression:
        case Path():
            return value_at(expression)
        case Number(value):
            return lambda _record, _frame: value
        case Negation(operand):
            return _negation(compile_number(operand))
        case Operation("/", left, right):
            return _division(compile_number(left), compile_number(right))
        case Operation(operator, left, right):
            return _operation(_OPERATIONS[operator], compile_number(left), compile_number(right))
        case Call():
            return _call(expression)


def compile_number(expression: Expression) -> Read:
    """The same, of what must be a number: digits in a text are one."""
    read = compile_expression(expression)
    if not isinstance(expression, Path | Call):
        return read
    name = str(expression) if isinstance(expression, Path) else f"{expression.function}()"

    def read_number(record: Any, frame: Any) -> float | None:
        found = read(record, frame)
        return None if found is None else number(found, name)

    return read_number


def _negation(operand: Read) -> Read:
    def negate(record: Any, frame: Any) -> float | None:
        found = operand(record, frame)
        return None if found is None else -found

    return negate


def _operation(operate: Callable[[float, float], float], left: Read, right: Read) -> Read:
    def read(record: Any, frame: Any) -> float | None:
        a, b = left(record, frame), right(record, frame)
        return None if a is None or b is None else operate(a, b)

    return read


def _division(left: Read, right: Read) -> Read:
    def divide(record: Any, frame: Any) -> float | None:
        a, b = left(record, frame), right(record, frame)
        return None if a is None or not b else truediv(a, b)

    return divide


def _call(call: Call) -> Read:
    arguments = tuple(map(compile_expression, call.arguments))
    function = partial(_part_of_occ, call.part) if call.part else _FUNCTIONS[call.function]

    def read(record: Any, frame: Any) -> Any:
        values = [argument(record, frame) for argument in arguments]
        return None if None in values else function(*values)

    return read


def _part_of_occ(part: str, symbol: object) -> Any:
    contract = functions.occ_contract(symbol)
    return None if contract is None else getattr(contract, part)
