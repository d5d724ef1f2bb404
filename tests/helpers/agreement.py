"""Two models that must be one and the same."""

import torch


def assert_same_model(model, expected, image_shape, loss, expected_loss):
    """Assert equal weights and, from equal random numbers, bitwise equal outputs, losses and generated images."""
    pairs = zip(model.parameters(), expected.parameters(), strict=True)
    assert all(torch.equal(mine, its) for mine, its in pairs)
    images = torch.rand(3, *image_shape)
    outputs = []
    for each in (model, expected):
        torch.manual_seed(0)
        outputs.append(each(images))
    mine, its = outputs
    assert torch.equal(mine.reconstruction.logits, its.reconstruction.logits)
    (level,), (other,) = mine.levels, its.levels
    assert torch.equal(level.codes, other.codes)
    for name in ("posterior", "prior"):
        for parameter in ("mean", "log_variance"):
            assert torch.equal(getattr(getattr(level, name), parameter), getattr(getattr(other, name), parameter))
    assert not level.prior_depends_on_sample
    assert torch.equal(model.generate(4, seed=2), expected.generate(4, seed=2))
    assert loss(images, mine)["loss"] == expected_loss(images, its)["loss"]
