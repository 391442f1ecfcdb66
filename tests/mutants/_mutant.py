"""A single planted bug as data, and the check that it can still be planted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Stale(Exception):
    """The text that a mutant changes does not occur exactly once any more; the message names the mutant."""


@dataclass(frozen=True)
class Mutant:
    """One realistic bug.

    Arguments:
        id: the room, then what is wrong.
        file: path from the root of the repository.
        old: text that occurs exactly once in the file.
        new: what stands there instead.
        bug: one sentence.
        tests: files or node ids of the tests that ought to notice it where the main job does not, quick ones first.
    """

    id: str
    file: str
    old: str
    new: str
    bug: str
    tests: tuple[str, ...]

    @property
    def room(self) -> str:
        """theory, numerics or verify."""
        return self.file.split("/", 1)[0]

    def text(self, root: Path = ROOT) -> str:
        """The file's text with the bug in it.

        Raises:
            Stale: the old text does not occur exactly once, or the new one is the same.
        """
        source = (root / self.file).read_text()
        count = source.count(self.old)
        if count != 1 or self.old == self.new:
            raise Stale(f"stale mutant {self.id}: its old text occurs {count} times in {self.file}")
        return source.replace(self.old, self.new)
