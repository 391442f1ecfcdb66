"""The key=value words of the long suites (`make power`, `make sweep`, `make mutants`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any


def read_words(keys: Any, words: Sequence[str]) -> Any:
    """A dataclass of keys, its defaults replaced by what key=value words say.

    Raises:
        ValueError: an unknown key, or a value that is none.
    """
    for word in words:
        name, _, value = word.partition("=")
        if name not in vars(keys) or not value:
            known = " ".join(f"{key}={default}" for key, default in vars(type(keys)()).items())
            raise ValueError(f"unknown {word!r}; keys and defaults: {known}")
        try:
            keys = replace(keys, **{name: type(getattr(keys, name))(value)})
        except ValueError:
            raise ValueError(f"{word!r}: not a number") from None
    return keys
