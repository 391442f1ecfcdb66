"""Every door looks at what it is asked for before it spends memory or minutes, and says in one line what to change."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skimage.io
import tifffile
import torch
from imageio.v3 import imwrite

from numerics import Architecture, UsageError, load_checkpoint, load_data
from numerics.__main__ import main as run_numerics
from numerics._sharpness import enough_iterations
from theory.__main__ import main as run_theory
from verify.__main__ import main as run_verify

ROOMS = {"numerics": run_numerics, "theory": run_theory, "verify": run_verify}


@pytest.mark.parametrize(
    ("room", "words", "says"),
    [
        ("verify", ["sizes=1..100000"], "sizes names 100000 modes"),
        ("verify", ["sizes=300,300,300"], "27000000 entries; at most 10000"),
        ("verify", ["sizes=" + ",".join(["1..100000"] * 9)], "the list has more than 100000 numbers"),
        ("verify", ["seed=1..100000"], "valid integer"),
        ("verify", ["seed=" + "9" * 30], "less than or equal to 4294967295"),
        ("numerics", ["sizes=1..100000"], "100000 modes are too many; at most 12"),
        ("numerics", ["sizes=3,3", "rank=1..100000"], "100000 modes are too many"),
        ("numerics", ["sizes=3,3", "core=1..100000"], "100000 modes are too many"),
        ("numerics", ["sizes=30000,30000", "core=2,2"], "choose smaller sizes or a smaller core"),
        ("numerics", ["sizes=5000,5000", "depth=1"], "alone takes 7e+11 operations"),
        ("numerics", ["sizes=3,3", "seed=" + "9" * 30], "less than or equal to 4294967295"),
        ("numerics", ["sweep", "sizes=3,3", "seed=1..100000"], "the grid has more than 10000 runs"),
        ("numerics", ["sweep", "sizes=3,3", "seed=0..999", "observed=" + ",".join(["0.5"] * 50)], "more than 10000"),
        ("numerics", ["experiment=chains", "seed=1..100000"], "100000 blocks of seeds are too many; at most 100"),
        ("numerics", ["experiment=chains", "seed=-1"], "blocks of seeds lie between 0"),
        ("theory", ["depth=100000"], "depth must lie in 0 .. 512"),
        ("theory", ["order=100000"], "order must lie in 1 .. 12"),
        ("theory", ["topic=conservation", "sizes=6,6,6"], "unknowns are too many"),
    ],
)
def test_too_much_is_one_line_that_says_how_much_can_be_had(room, words, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert ROOMS[room](words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert says in told.err
    assert told.err.count("\n") == 1
    assert len(told.err) < 700_000
    assert list(tmp_path.iterdir()) == []


def sparse(path: Path, shape: tuple[int, ...]) -> Path:
    """A .npy file of that shape, all of it a hole."""
    with path.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
        stream.truncate(stream.tell() + 8 * int(np.prod(shape)))
    return path


def bomb(path: Path, shape: tuple[int, ...], *, held: int) -> Path:
    """A .npz file whose one array has a header of that shape, and `held` bytes of zeros after it."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as stream:
        stream.write(head.getvalue())
        for _ in range(held >> 20):
            stream.write(bytes(1 << 20))
    return path


@pytest.fixture
def little_memory(monkeypatch):
    """A machine with 64 MiB left."""
    monkeypatch.setattr("numerics._arrays.available_bytes", lambda: 1 << 26)


@pytest.mark.usefixtures("little_memory")
def test_a_tensor_larger_than_memory_is_refused_by_its_header(tmp_path):
    from PIL import Image

    files = [
        sparse(tmp_path / "hole.npy", (1024, 1024, 768)),
        bomb(tmp_path / "bomb.npz", (1 << 20, 12), held=96 << 20),
        bomb(tmp_path / "liar.npz", (1 << 40,), held=0),
        tmp_path / "wide.png",
    ]
    Image.new("L", (4000, 4000)).save(files[-1])
    for path in files:
        with pytest.raises(UsageError, match=r"needs .* GiB of memory and 0\.1 GiB are free") as caught:
            load_data(str(path))
        assert str(caught.value).startswith(f"data={path}")


def test_a_header_that_promises_more_than_the_file_holds_is_refused(tmp_path):
    short = sparse(tmp_path / "short.npy", (1000, 1000))
    with short.open("r+b") as stream:
        stream.truncate(1000)
    for path in (short, bomb(tmp_path / "short.npz", (1000, 1000), held=1 << 20)):
        with pytest.raises(UsageError, match="its header promises 1000000 entries"):
            load_data(str(path))


@pytest.mark.usefixtures("little_memory")
def test_a_checkpoint_that_is_a_bomb_is_refused(tmp_path):
    with pytest.raises(UsageError, match="delete it to start anew"):
        load_checkpoint(bomb(tmp_path / "checkpoint.npz", (1 << 24,), held=128 << 20))


@pytest.mark.parametrize("room", ["verify", "numerics"])
def test_a_tensor_of_too_many_modes_is_refused(room, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("many.npy", np.random.default_rng(0).standard_normal((2,) * 13))
    assert ROOMS[room](["data=many.npy", "depth=1"]) == 2
    told = capsys.readouterr().err
    assert "has 13 modes, at most" in told
    assert told.count("\n") == 1


def test_a_long_thin_image_is_told_which_core_would_do(tmp_path, monkeypatch, capsys):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (1, 5000), dtype=np.uint8)).save("line.png")
    assert run_numerics(["data=line.png", "depth=2"]) == 2
    assert "choose a smaller core, e.g. core=1,1" in capsys.readouterr().err
    assert run_numerics(["data=line.png", "depth=2", "core=1,1", "steps=2"]) == 4


def test_more_examples_than_memory_holds_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("verify._config.available_bytes", lambda: 1 << 28)
    assert run_verify(["depth=2", "examples=1000000"]) == 2
    assert "ask for fewer" in capsys.readouterr().err


def test_a_search_for_a_step_estimates_no_sharpness_that_nobody_reads(tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("numerics._trainer.problem_sharpness", lambda *_, **__: asked.append(1) or torch.tensor(1.0))
    words = ["depth=1", "sizes=6,6", "size=40", "match=end-to-end", "steps=3", "record=1"]
    assert run_numerics(words) in (0, 4)
    assert "diverged" in capsys.readouterr().err
    assert not asked
    assert run_numerics([*words, "step=100", "out=other"]) == 3
    assert len(asked) == 1
    assert "2/sharpness" in capsys.readouterr().err


def test_the_bound_of_a_message_takes_few_iterations_on_a_wide_model():
    assert enough_iterations(Architecture(2, (8, 8, 8), (8, 8, 8))) == 50
    assert enough_iterations(Architecture(1, (1, 5000, 3), (1, 5000, 3))) == 4


@pytest.mark.parametrize("name", ["wide.npy", "wide.npz", "wide.png"])
def test_a_tensor_that_nothing_can_be_done_with_is_refused_before_it_is_read(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    values = np.zeros((5000, 5000), dtype=np.uint8)
    if name.endswith("npy"):
        np.save(name, values)
    elif name.endswith("npz"):
        np.savez_compressed(name, tensor=values)
    else:
        imwrite(name, values)

    def read(*_args, **_keys):
        raise AssertionError("it was read")

    monkeypatch.setattr(np, "load", read)
    monkeypatch.setattr(skimage.io, "imread", read)
    assert run_numerics([f"data={name}", "depth=1"]) == 2
    said = capsys.readouterr().err
    assert f"data={name}: " in said
    assert "alone takes 7e+11 operations" in said


def test_verify_refuses_a_file_of_gigabytes_by_its_header(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with Path("holes.npy").open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (16384, 16384)})
        stream.truncate(stream.tell() + (8 << 28))

    def read(*_args, **_keys):
        raise AssertionError("it was read")

    monkeypatch.setattr(np, "load", read)
    assert run_verify(["data=holes.npy", "depth=1"]) == 2
    assert "data=holes.npy: 16384 x 16384 is more than 134217728 entries" in capsys.readouterr().err


def test_every_page_of_a_tiff_is_in_the_shape_that_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tifffile.imwrite("stack.tif", np.ones((5, 7, 9), dtype=np.uint8))
    seen = []
    assert load_data("stack.tif", seen.append).sizes == (5, 7, 9)
    assert seen == [(5, 7, 9)]


def test_the_tensor_of_an_archive_is_looked_at_and_its_other_arrays_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []
    np.savez("masked.npz", mask=np.ones((4, 3)), tensor=np.ones((4, 3)))
    load_data("masked.npz", seen.append)
    np.savez("one.npz", mask=np.ones((2, 3, 4)))
    load_data("one.npz", seen.append)
    assert seen == [(4, 3), (2, 3, 4)]
    np.savez("more.npz", tensor=np.ones((4, 3)), note=np.ones(10))
    with pytest.raises(UsageError, match=r"data=more.npz: holds 2 arrays \(tensor, note\)"):
        load_data("more.npz", seen.append)
    assert len(seen) == 2
