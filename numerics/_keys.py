"""key=value arguments of the command lines: parsed, validated by a pydantic model, errors in one line."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import pydantic

from numerics._errors import UsageError

MAX_SEED = 2**32 - 1  # every generator takes it
MAX_NUMBERS = 100_000  # of a list or a range
Model = TypeVar("Model", bound=pydantic.BaseModel)


def closest(word: str, choices: Iterable[str]) -> str:
    """'; did you mean X?' for the choice most like `word`, or '' when nothing is near."""
    near = difflib.get_close_matches(word.lower(), {choice.lower(): choice for choice in choices}, n=1, cutoff=0.5)
    exact = [choice for choice in choices if near and choice.lower() == near[0]]
    return f"; did you mean {exact[0]!r}?" if exact else ""


def integer_list(value: Any) -> Any:
    """'1..6' (both ends), '2,3,4' or a mix as a tuple of integers; other values pass through.

    Raises:
        ValueError: if a part is not an integer or a rising range.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,)
    if not isinstance(value, str):
        return value
    numbers: list[int] = []
    for part in value.split(","):
        match = re.fullmatch(r"\s*([+-]?\d+)\s*(?:\.\.\s*([+-]?\d+)\s*)?", part)
        if match is None:
            raise ValueError(f"{part.strip()!r} is not an integer or a range; write 3, 2,3,4 or 1..6")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"the range {part.strip()} is empty; write the smaller end first")
        if last - first > MAX_NUMBERS:
            raise ValueError(f"the range {part.strip()} has more than {MAX_NUMBERS} numbers")
        if len(numbers) + last - first > MAX_NUMBERS:
            raise ValueError(f"the list has more than {MAX_NUMBERS} numbers")
        numbers.extend(range(first, last + 1))
    return tuple(numbers)


def word_list(value: Any) -> Any:
    """'a,b' as a tuple of words; other values pass through."""
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


def number_list(value: Any) -> Any:
    """'0.1,0.5' as a tuple of strings for pydantic to turn into numbers; other values pass through."""
    return (value,) if isinstance(value, int | float) else word_list(value)


IntegerList = Annotated[tuple[int, ...], pydantic.BeforeValidator(integer_list)]
NumberList = Annotated[tuple[float, ...], pydantic.BeforeValidator(number_list)]
WordList = Annotated[tuple[str, ...], pydantic.BeforeValidator(word_list)]


def plain_words(arguments: Sequence[str]) -> list[str]:
    """`--key=value` and `--key value` as key=value; other words pass through.

    Raises:
        UsageError: a key at the end without its value.
    """
    words, left = [], list(arguments)
    while left:
        word = left.pop(0)
        if word.startswith("--") and len(word) > 2:
            if "=" not in word and not left:
                raise UsageError(f"{word} needs a value: {word} VALUE, or {word[2:]}=VALUE")
            word = word[2:] if "=" in word else f"{word[2:]}={left.pop(0)}"
        words.append(word)
    return words


def parse_keys(arguments: Sequence[str], model: type[Model]) -> Model:
    """An instance of `model` from arguments of the form key=value, --key=value or --key value.

    Raises:
        UsageError: one line that names the argument, what is wrong and the closest match.
    """
    names = {field.alias or name: name for name, field in model.model_fields.items()}
    values: dict[str, str] = {}
    for argument in plain_words(arguments):
        key, equals, value = argument.partition("=")
        key = key.strip()
        if not equals or not key:
            hint = f"; did you mean {key}=...?" if key in names else closest(key, names)
            raise UsageError(f"expected key=value, got {argument!r}{hint}")
        if key not in names:
            raise UsageError(f"unknown key {key!r}{closest(key, names)} (keys: {', '.join(names)})")
        if key in values:
            raise UsageError(f"key {key!r} is given twice")
        values[key] = value.strip()
    return checked(values, model)


def checked(values: Mapping[str, Any], model: type[Model]) -> Model:
    """An instance of `model`.

    Raises:
        UsageError: one line that names the key and what is wrong.
    """
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as error:
        raise UsageError(_one_line(error, values)) from None


def key_lines(model: type[pydantic.BaseModel]) -> list[str]:
    """One line for every key of a configuration: name, what it is, its choices, its default."""
    names = {field.alias or name: field for name, field in model.model_fields.items()}
    width = max(map(len, names)) + 2
    return [f"  {name + '=':{width}}{field.description}{_choices_and_default(field)}" for name, field in names.items()]


def _choices_and_default(field: Any) -> str:
    text = f": {', '.join(get_args(field.annotation))}" if get_origin(field.annotation) is Literal else ""
    default = () if field.is_required() or field.default is None else field.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
    return f"{text} [{shown}]" if shown else text


def _one_line(error: pydantic.ValidationError, values: Mapping[str, Any]) -> str:
    first: dict[str, Any] = dict(error.errors()[0])
    key = str(first["loc"][0]) if first["loc"] else ""
    given = f"{key}={values[key]}" if key in values else key
    if first["type"] == "literal_error":
        expected = first["ctx"]["expected"]
        choices = re.findall(r"'([^']*)'", expected)
        message = f"expected {expected}{closest(str(first['input']), choices)}"
    elif first["type"] == "missing":
        message = f"this key is required; add {key}=..."
    else:
        message = first["msg"].removeprefix("Value error, ").replace("\n", " ")
        message = message[:1].lower() + message[1:]
    return f"{given}: {message}" if given else message
