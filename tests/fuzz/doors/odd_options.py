"""Options of @conjecture and names of its functions that nobody should need."""

from __future__ import annotations

OPTIONS = (
    ("source=7", 'title="A", source=7'),
    ("title=None", "title=None"),
    ("title of bytes", 'title=b"A"'),
    ("title of control characters", 'title="A\\x1b[31m\\x07\\x9b \\n REFUTED b"'),
    ("title of surrogates", 'title="\\ud800\\udcff"'),
    ("title of 10^6 letters", 'title="x" * 10**6'),
    ("title of markup", 'title="</title><script>alert(1)</script>]]>&amp;"'),
    ("source of control characters", 'title="A", source="\\x00\\x1b[2J"'),
    ("empty title", 'title=""'),
    ("assumes=7", 'title="A", assumes=7'),
    ("assumes a list", 'title="A", assumes=["balanced"]'),
    ("assumes unknown", 'title="A", assumes="balancd"'),
    ("applies raises", 'title="A", applies=lambda *a, **k: 1 / 0'),
    ("applies exits", 'title="A", applies=lambda *a, **k: exit(0)'),
    ("applies interrupts", 'title="A", applies=lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt)'),
    ("applies no function", 'title="A", applies=7'),
    ("applies a text", 'title="A", applies=lambda *a, **k: "no"'),
    ("applies a tensor", 'title="A", applies=lambda *a, **k: torch.ones(3)'),
    ("applies loops", 'title="A", applies=lambda *a, **k: sum(range(10**14))'),
    ("order=-1", 'title="A", order=-1'),
    ("order of text", 'title="A", order="first"'),
    ("an option too many", 'title="A", colour="red"'),
    ("id goes up", 'title="A", id="../../x"'),
    ("topic goes up", 'title="A", topic="../../x"'),
    ("mutants of numbers", 'title="A", mutants=[1, 2]'),
    ("no options", ""),
    ("a title twice", '"A", title="A"'),
)
NAMES = (
    "../../x", "../../../../x", "/x", "..", ".", "", " ", "a/b", "a\\b", "x" * 300, "é" * 200, "naïve", "\u202egnp",
    "a\nb",
    "a\x1b[31mb", "a\0b", "\ud800", "-rf", "CON", "a b", "'; touch EXECUTED; '", "$(touch EXECUTED)", "<b>", "%s",
    "{0}",
    "*", "euler_identity_for_every_block", "list", "\U0001f600", "a=b", "a,b",
)  # fmt: skip
