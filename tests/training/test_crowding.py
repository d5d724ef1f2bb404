"""The hint that other programs keep the threads of a training waiting."""

import types

import pytest
import torch

import vaecourse as vc
from vaecourse.training import CrowdedWarning, crowding


@pytest.fixture
def clocks(monkeypatch):
    """Clocks of a training of ``seconds`` that has a processor for a ``share`` of them, on ``threads`` threads."""
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)

    def set_to(seconds, share, threads=2):
        passed, worked = iter((0.0, seconds)), iter((0.0, share * seconds))
        faked = types.SimpleNamespace(perf_counter=lambda: next(passed), thread_time=lambda: next(worked))
        monkeypatch.setattr(crowding, "time", faked)
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)

    return set_to


def fit(images, **settings):
    model = vc.VAE(images.image_shape, 2, hidden=(8,))
    return vc.fit(model, images, vc.losses.BetaVAE(), 2, progress=False, **settings)


def test_a_crowded_first_epoch_is_said_once_with_its_remedy(random_split, clocks):
    clocks(3.0, 0.66)
    with pytest.warns(CrowdedWarning, match=r"for 66% of the time.*torch\.set_num_threads\(1\)") as caught:
        fit(random_split, device="cpu")
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("clock", "policy"),
    [((3.0, 0.99), ""), ((3.0, 0.66, 1), ""), ((0.1, 0.3), ""), ((3.0, 0.66), "PASSIVE")],
    ids=["alone", "one thread", "too short to tell", "threads that wait asleep"],
)
@pytest.mark.filterwarnings("error")
def test_nothing_is_said_where_nothing_is_lost(random_split, clocks, monkeypatch, clock, policy):
    clocks(*clock)
    monkeypatch.setenv("OMP_WAIT_POLICY", policy)
    fit(random_split, device="cpu")
