"""Values and names that a door may be given, whatever it asks for."""

from __future__ import annotations

from random import Random

from doors.case import HERE, SENTINEL

NUMBERS = (
    "0", "-1", "1.5", "1e400", "nan", "inf", "-inf", "1e-400", "10**9", "9" * 20, "0x10", "1_000", "+1", "1" * 5000,
    "2147483648", "64", "-0", "1e3", "007", " 1", "1 ", "\u0661", "\uff11", "\u00bd", "\u2460", "1e200", "1e-200",
)  # fmt: skip
RANGES = (
    "1..1000000000", "1..9999999999999999999", "5..1", "1..", "..", "..3", ",", "1,,2", "1,", "1," * 5000 + "1",
    "1...3",
    "-3..-1", "1..2..3", "1,1,1", "0..0", "1..1.5", "a..b",
)  # fmt: skip
WORDS = (
    "", " ", "true", "None", "\udcff\udcfe", "\x1b[31mred", "a\nb", "a\nverify: b", "\r", "\t", "\x7f", "\x01",
    "é" * 300,
    "x" * 300, "x" * 5000, "..", "../../x", "/", ".", "~", "~root", "-", "--", "=", "a=b", "%s%n", "{0}", "{}", "[1]",
    "*",
    "?", "[", "[a", "**", "\\", "'", '"', "\u202egnp", "\U0001f600", "\udced\udca0\udc80", "a b", "#", "null",
    "\ufeff1", "\u2028",
    f"$(touch {HERE}/{SENTINEL})", f"`touch {HERE}/{SENTINEL}`", f"__import__('os').system('touch {HERE}/{SENTINEL}')",
    f";touch {HERE}/{SENTINEL}", f"|touch {HERE}/{SENTINEL}", "<script>alert(1)</script>", "&amp;", "]]>", "\ufffe",
)  # fmt: skip


def value(rng: Random) -> str:
    """A number, a range or a word."""
    return rng.choice(rng.choice((NUMBERS, RANGES, WORDS, WORDS)))


def typo(rng: Random, word: str) -> str:
    """A word with a letter lost, doubled, swapped or replaced."""
    if not word:
        return "x"
    i = rng.randrange(len(word))
    return rng.choice(
        (
            word[:i] + word[i + 1 :],
            word[:i] + word[i] + word[i:],
            word[:i] + word[i + 1 : i + 2] + word[i] + word[i + 2 :],
            word[:i] + rng.choice("abcxyz01=.,-_é") + word[i + 1 :],
            word.upper(),
            word + " ",
        )
    )
