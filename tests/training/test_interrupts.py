"""Ctrl-C: at any moment of the first training, and in a cell that trains several models."""

import math
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

import vaecourse as vc
from vaecourse.training import interrupts

SHAPE = (1, 12, 12)


@pytest.fixture(autouse=True)
def listening():
    """Ctrl-C is heard, also where the tests run in the background, to which shells do not send it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press():
    os.kill(os.getpid(), signal.SIGINT)


class PressAfter:
    """Presses Ctrl-C in an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def __call__(self, model, history):
        if history.rows[-1]["epoch"] == self.epoch:
            press()


def fit(split, callbacks=(), epochs=3, **settings):
    return vc.fit(vc.VAE(SHAPE, 2), split, vc.losses.BetaVAE(), epochs, callbacks=callbacks, progress=False, **settings)


def test_a_block_that_is_held_back_ends_before_the_interrupt():
    done = []

    def press_and_go_on():
        with interrupts.held_back():
            press()
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        press_and_go_on()
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(ZeroDivisionError), interrupts.held_back():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_train_too(random_split):
    histories = []
    thread = threading.Thread(target=lambda: histories.append(fit(random_split)))
    thread.start()
    thread.join()
    assert len(histories[0]) == 4


def test_a_real_signal_ends_a_training_with_its_history(random_split):
    history = fit(random_split, PressAfter(2))
    assert history.interrupted
    assert history["epoch"] == [0, 1, 2]


def test_an_interrupt_while_torch_is_imported_breaks_no_later_training():
    """A new process, whose first fit is interrupted just as torch's compiler is imported; the second one must train."""
    code = """
        import os, signal, sys, torch
        import vaecourse as vc
        signal.signal(signal.SIGINT, signal.default_int_handler)

        class Press:
            def find_spec(self, name, path=None, target=None):
                if name == "torch._dynamo.convert_frame":
                    sys.meta_path.remove(self)
                    os.kill(os.getpid(), signal.SIGINT)

        assert "torch._dynamo" not in sys.modules
        sys.meta_path.insert(0, Press())
        split = vc.Split(torch.zeros(20, 1, 4, 4, dtype=torch.uint8))
        fit = lambda: vc.fit(vc.VAE((1, 4, 4), 2), split, vc.losses.BetaVAE(), 1, progress=False)
        first, second = fit(), fit()
        print(first.interrupted, len(first), second.interrupted, len(second))
    """
    found = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert found.stdout.splitlines()[-1:] == ["True 1 False 2"], found.stderr


def test_a_history_that_ended_in_the_first_epoch_answers_its_names(random_split):
    history = fit(random_split, PressAfter(0))
    assert history["epoch"] == [0]
    assert all(math.isnan(value) for value in history["loss"])
    assert "interrupted after epoch 0" in legend(vc.plots.history({"β = 1": history, "β = 4": fit(random_split)}))


def legend(figure):
    return " ".join(text.get_text() for text in figure.legends[0].get_texts())


def test_figures_show_that_a_training_was_interrupted(random_split):
    whole, part = fit(random_split), fit(random_split, PressAfter(1))
    assert "interrupted after epoch 1" in legend(vc.plots.history(part))
    shown = legend(vc.plots.history({"whole": whole, "part": part}))
    assert "part (interrupted after epoch 1)" in shown
    assert "whole (" not in shown


@pytest.fixture
def cell(monkeypatch):
    """The number of the notebook cell that runs, which a test may change."""
    number = [1]
    monkeypatch.setattr(interrupts, "_cell", lambda: number[0])
    return number


def test_an_interrupt_in_the_first_training_of_a_cell_ends_the_cell_at_the_second(random_split, cell):
    history = fit(random_split, PressAfter(1))
    assert history.interrupted  # the only training of its cell: model and history are returned
    with pytest.raises(KeyboardInterrupt, match="a training in this cell was interrupted"):
        fit(random_split)
    cell[0] += 1
    assert len(fit(random_split)) == 4


def test_an_interrupt_in_a_later_training_ends_the_cell_at_once(random_split, cell):
    trained = {}

    def train_all():
        for beta in (1, 4, 16):
            trained[beta] = fit(random_split, PressAfter(1) if beta == 4 else ())

    with pytest.raises(KeyboardInterrupt, match="in a cell that trains several models"):
        train_all()
    assert list(trained) == [1]
    cell[0] += 1
    assert fit(random_split, PressAfter(1)).interrupted


def test_the_cell_is_that_of_ipython(random_split):
    """In a real shell: a loop over three models, interrupted in the second one, stops before the third."""
    code = """
        import os, signal, torch
        from IPython.core.interactiveshell import InteractiveShell
        signal.signal(signal.SIGINT, signal.default_int_handler)
        shell = InteractiveShell.instance()
        run = lambda text: shell.run_cell(text, store_history=True)
        run('''
        import os, signal, torch, vaecourse as vc
        split = vc.Split(torch.zeros(20, 1, 4, 4, dtype=torch.uint8))
        press = lambda model, history: len(history) == 2 and os.kill(os.getpid(), signal.SIGINT)
        def fit(callback=()):
            return vc.fit(vc.VAE((1, 4, 4), 2), split, vc.losses.BetaVAE(), 3, callbacks=callback, progress=False)
        ''')
        looped = run("done = []\\nfor beta in (1, 2, 3):\\n    done.append(fit(press if beta == 2 else ()))")
        single = run("history = fit(press)")
        after = run("third = fit()")
        print(type(looped.error_in_exec).__name__, len(shell.user_ns["done"]), single.success, after.success)
    """
    code = textwrap.dedent(code).replace("\n        ", "\n")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.splitlines()[-1:] == ["KeyboardInterrupt 1 True True"], found.stdout + found.stderr
