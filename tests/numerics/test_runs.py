"""Runs that last: resume is bit for bit, a kill loses one interval, the command line says what is wrong."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from numerics import (
    Architecture,
    Experiment,
    Trainer,
    UsageError,
    compose,
    full_observation,
    gaussian_start,
    load_checkpoint,
    observe,
    save_checkpoint,
    train,
    tucker_target,
)
from numerics.__main__ import main

SMALL = ("sizes=6,5,4", "rank=2,2,2", "observed=0.8", "depth=1", "record=50", "checkpoint=100")


def trainer(optimizer="gd", **options):
    architecture = Architecture(2, (5, 4, 3), (3, 3, 3))
    problem = observe(tucker_target((5, 4, 3), (2, 2, 2)), 0.7, mean=False)
    return Trainer(architecture, gaussian_start(architecture, 0.3), problem, step=0.02, optimizer=optimizer, **options)


@pytest.mark.parametrize(
    "options",
    [{"optimizer": name} for name in ("gd", "momentum", "group-rmsprop", "rmsprop", "adam")]
    + [{"minibatch": 7}, {"route": "autograd", "optimizer": "adam"}],
    ids=str,
)
def test_a_resumed_run_is_the_uninterrupted_run_bit_for_bit(tmp_path, options):
    whole, first, second = (trainer(**options) for _ in range(3))
    expected = train(whole, steps=250, record_every=20, checkpoint_every=60)
    path = tmp_path / "run.npz"

    class Stop(Exception):
        pass

    def interrupt(index, history):
        if index >= 140:
            raise Stop

    with pytest.raises(Stop):
        train(first, steps=250, record_every=20, checkpoint=path, checkpoint_every=60, on_record=interrupt)
    assert int(load_checkpoint(path)[0]["index"]) == 120
    history = train(second, steps=250, record_every=20, checkpoint=path, checkpoint_every=60)
    assert history.steps == expected.steps
    assert (history.series("loss") == expected.series("loss")).all()
    for name, block in whole.parameters.items():
        assert torch.equal(block, second.parameters[name])


def test_a_checkpoint_of_another_run_or_a_damaged_one_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    train(trainer(), steps=20, checkpoint=path, meta={"seed": 1})
    with pytest.raises(UsageError, match="belongs to another run"):
        train(trainer(), steps=20, checkpoint=path, meta={"seed": 2})
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UsageError, match="not a readable checkpoint"):
        train(trainer(), steps=20, checkpoint=path, meta={"seed": 1})


def test_a_checkpoint_that_says_more_than_the_run_belongs_to_another_run(tmp_path):
    path = tmp_path / "run.npz"
    train(trainer(), steps=20, checkpoint=path, meta={"seed": 1, "step": 3})
    with pytest.raises(UsageError, match=r"belongs to another run \(step=3, not None\)"):
        train(trainer(), steps=40, checkpoint=path, meta={"seed": 1})
    with pytest.raises(UsageError, match=r"belongs to another run \(more=None, not 2\)"):
        train(trainer(), steps=40, checkpoint=path, meta={"seed": 1, "step": 3, "more": 2})


def test_a_resumed_run_tells_a_divergence_by_its_first_loss():
    first, second = trainer(), trainer()
    first.advance()
    ceiling = first.ceiling
    first.advance(400)
    second.load(first.state())
    second.advance()
    assert second.index == 402
    assert second.ceiling == ceiling
    assert ceiling == 1e6 * (float(trainer().advance()) + 1)


def test_a_batch_has_converged_when_all_its_problems_have(tmp_path):
    architecture = Architecture(1, (3, 2), (2, 2))
    start = gaussian_start(architecture, 0.5)
    blocks = {name: np.stack([value, value]) for name, value in start.items()}
    own = compose(architecture, {name: torch.from_numpy(value) for name, value in start.items()})
    problem = full_observation(torch.stack([own, own + 1]), order=2)
    both = Trainer(architecture, blocks, problem, step=0.1)
    history = train(both, steps=20, record_every=10, stop_below=1e-12)
    assert history.status == "finished"
    assert (history.series("loss")[-1] <= 1e-12).tolist() == [True, False]
    alone = Trainer(architecture, start, full_observation(own), step=0.1)
    assert train(alone, steps=20, record_every=10, stop_below=1e-12).status == "converged"


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "run.npz"
    save_checkpoint(path, {"x": np.arange(3)}, {"run": 1})
    with pytest.raises(ValueError, match="Object arrays"):
        save_checkpoint(path, {"x": np.array([object()], dtype=object)}, {"run": 1})
    assert load_checkpoint(path)[0]["x"].tolist() == [0, 1, 2]
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.npz"]


def test_a_stalled_and_a_converged_run_say_so():
    stuck = trainer()
    for block in stuck.blocks.values():
        block.zero_()
    assert train(stuck, steps=5000, record_every=10, stall=1e-9).status == "stalled"
    done = trainer("adam")
    level = 0.5 * float(done.problem.loss(done.W))
    history = train(done, steps=5000, record_every=10, stop_below=level)
    assert history.status == "converged"
    assert history.series("loss")[-1] <= level < history.series("loss")[-2]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_continues_to_the_same_end(tmp_path, how):
    keys = [*SMALL, "steps=3000", "tolerance=0", "seed=4"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "numerics", *keys, f"out={tmp_path / 'killed'}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, text=True)
    path = tmp_path / "killed" / "checkpoint.npz"
    while not path.exists() and process.poll() is None:
        time.sleep(0.002)  # waits for the file, not for a time
    process.send_signal(how)
    _, errors = process.communicate()
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert errors.startswith("interrupted:")
    assert 0 < int(load_checkpoint(path)[0]["index"]) < 3000
    assert main([*keys, f"out={tmp_path / 'killed'}"]) == 4
    assert main([*keys, f"out={tmp_path / 'whole'}"]) == 4
    killed, whole = load_checkpoint(path)[0], load_checkpoint(tmp_path / "whole" / "checkpoint.npz")[0]
    assert killed.keys() == whole.keys()
    for name in whole:
        assert (killed[name] == whole[name]).all() or np.isnan(whole[name]).any()


def test_the_command_trains_to_convergence_and_writes_pictures(tmp_path, capsys):
    out = tmp_path / "run"
    assert main([*SMALL, "optimizer=adam", "step=0.01", "tolerance=0.05", f"out={out}"]) == 0
    printed = capsys.readouterr()
    assert "converged after" in printed.out
    assert printed.err == ""
    for name in ("slice_norms.png", "mode_spectra.png", "errors.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    history = load_checkpoint(out / "checkpoint.npz")[0]
    assert history["history/train error"][-1] <= 0.05 < history["history/train error"][0]


def test_the_command_trains_cp_to_convergence(tmp_path, capsys):
    out = tmp_path / "run"
    assert main([*SMALL, "model=cp", "core=6", "start=gaussian", "tolerance=0.05", f"out={out}"]) == 0
    assert capsys.readouterr().out.startswith("cp, depth 1")
    assert (out / "component_norms.png").read_bytes().startswith(b"\x89PNG")
    history = load_checkpoint(out / "checkpoint.npz")[0]
    assert history["history/component norms"].shape[1:] == (6,)
    assert history["history/train error"][-1] <= 0.05


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("dpeth=2", "did you mean 'depth'?"),
        ("depth=-1", "greater than or equal to 0"),
        ("observed=0", "greater than 0"),
        ("sizes=3,0,3", "at least 1"),
        ("rank=2,2,2,2", "give one rank for each mode"),
        ("rank=5,2,9", "rank 5 of mode 1"),
        ("sizes=9000,9000,9000", "GiB are free"),
        ("optimizer=adamw", "did you mean 'adam'?"),
        ("data=nothing.npy", "no such file"),
        ("minibatch=1000", "larger than"),
        ("core=2,2", "give one rank for each mode"),
        ("model=cpd", "did you mean 'cp'?"),
    ],
)
def test_bad_input_is_one_line_exit_2_and_writes_nothing(tmp_path, capsys, argument, words):
    out = tmp_path / "run"
    keys = [key for key in ("sizes=4,4,4", "rank=2,2,2") if key.split("=")[0] != argument.split("=")[0]]
    keys = [key for key in keys if not argument.startswith(("data", "sizes"))]
    assert main([*keys, argument, f"out={out}"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert printed.err.count("\n") == 1
    assert not out.exists()


def test_a_diverging_step_is_one_line_with_exit_3(tmp_path, capsys):
    assert main([*SMALL, "step=500", f"out={tmp_path}"]) == 3
    printed = capsys.readouterr()
    assert "diverged at step" in printed.err
    assert "2/sharpness is about" in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (np.array([[np.nan, np.nan]]), "all entries are missing"),
        (np.array([[1.0, np.inf]]), "holds infinity"),
        (np.zeros((2, 2)), "all known entries are zero"),
        (np.array([{"a": 1}], dtype=object), "pickled"),
        (np.array(["a"]), "give real numbers"),
    ],
)
def test_bad_data_files_are_refused_by_name(tmp_path, content, words):
    path = tmp_path / "data.npy"
    np.save(path, content, allow_pickle=True)
    with pytest.raises(UsageError, match=words):
        Experiment(data=str(path)).load()
    path.write_bytes(b"not an array")
    with pytest.raises(UsageError, match=r"data\.npy"):
        Experiment(data=str(path)).load()


def test_a_tensor_from_a_file_is_trained_on(tmp_path, capsys):
    np.save(tmp_path / "data.npy", tucker_target((4, 4, 4), (1, 1, 1)).numpy())
    keys = [f"data={tmp_path / 'data.npy'}", "depth=1", "observed=0.9", "tolerance=0.2", "optimizer=adam", "step=0.01"]
    assert main([*keys, f"out={tmp_path / 'run'}"]) == 0
    assert "sizes (4, 4, 4)" in capsys.readouterr().out
