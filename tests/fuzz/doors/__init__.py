"""A seeded fuzzer of the doors of the tool: command lines, data files, conjecture files and replay files.

`make doors` runs `fuzz.py`; `interrupts.py` and `kills.py` end runs at random moments. What a verdict is worth is
not asked here (that is `tests/fuzz/fuzz.py`), only what a door does with what it is given: the exit codes of the
contract, one line of usage, nothing executed that came with data, nothing half-written, nothing left behind.
"""
