"""MSE, PSNR and SSIM against scikit-image, on the images where single precision or a wrong window would show."""

import math

import pytest
import torch
from skimage import metrics as skimage_metrics

from vaecourse.metrics import mse, psnr, reconstruction, ssim


def digit_like(count: int, shape=(1, 28, 28), seed: int = 0) -> torch.Tensor:
    """Images black but for a few soft bright strokes that touch the border or not."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand((count, *shape), generator=generator)
    smooth = torch.nn.functional.avg_pool2d(noise, 5, stride=1, padding=2)
    return ((smooth - 0.52) * 20).clamp(0, 1)


def pairs(shape=(1, 28, 28)) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    first, second = torch.rand((2, 6, *shape), generator=generator)
    digits = digit_like(6, shape)
    levels = torch.linspace(0, 1, 6).view(6, 1, 1, 1).expand(6, *shape)
    return {
        "random": (first, second),
        "digits": (digits, (digits + 0.1 * (second - 0.5)).clamp(0, 1)),
        "faint errors": (digits, (digits + 1e-4 * second).clamp(0, 1)),
        "flat against random": (levels, second),
        "flat against flat": (levels, levels.flip(0)),
        "white, almost flat": (1 - 1e-4 * first, 1 - 1e-4 * second),
        "inverted": (digits, 1 - digits),
        "binary": (first.round(), second.round()),
    }


def expected_ssim(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    # float64, as scikit-image computes in the precision of its input.
    scores = [
        skimage_metrics.structural_similarity(x.double().numpy(), y.double().numpy(), data_range=1, channel_axis=0)
        for x, y in zip(one, other, strict=True)
    ]
    return torch.tensor(scores, dtype=torch.float64)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 7, 7), (2, 9, 16)])
@pytest.mark.parametrize("name", pairs())
def test_scores_equal_those_of_scikit_image(name, shape):
    one, other = pairs(shape)[name]
    scores = ssim(one, other)
    assert scores.shape == (6,)
    torch.testing.assert_close(scores, expected_ssim(one, other), atol=1e-8, rtol=0)
    different = (one != other).flatten(1).any(1)
    expected = [
        skimage_metrics.peak_signal_noise_ratio(x.double().numpy(), y.double().numpy(), data_range=1)
        for x, y in zip(one[different], other[different], strict=True)
    ]
    torch.testing.assert_close(
        psnr(one, other)[different], torch.tensor(expected, dtype=torch.float64), atol=1e-5, rtol=0
    )


def test_single_precision_of_scikit_image_is_within_a_hundred_thousandth_on_digits():
    one, other = pairs()["digits"]
    scores = [
        skimage_metrics.structural_similarity(x[0].numpy(), y[0].numpy(), data_range=1)
        for x, y in zip(one, other, strict=True)
    ]
    assert (ssim(one, other) - torch.tensor(scores)).abs().max() < 1e-5


def test_colour_is_the_average_over_channels():
    one, other = pairs((3, 20, 20))["digits"]
    each = torch.stack([ssim(one[:, [channel]], other[:, [channel]]) for channel in range(3)])
    torch.testing.assert_close(ssim(one, other), each.mean(0))


def test_identical_images():
    images = torch.cat([digit_like(3), torch.zeros(1, 1, 28, 28), torch.ones(1, 1, 28, 28)])
    assert mse(images, images).eq(0).all()
    assert psnr(images, images).eq(math.inf).all()
    torch.testing.assert_close(ssim(images, images), torch.ones(5, dtype=torch.float64))


def test_known_values():
    black = torch.zeros(2, 1, 8, 8)
    grey = torch.full((2, 1, 8, 8), 0.1)
    torch.testing.assert_close(mse(black, grey), torch.full((2,), 0.01, dtype=torch.float64))
    torch.testing.assert_close(psnr(black, grey), torch.full((2,), 20.0, dtype=torch.float64))
    # Flat windows have no variance: only the comparison of means is left, (2·0·0.1 + C)/(0² + 0.1² + C).
    torch.testing.assert_close(ssim(black, grey), torch.full((2,), 1e-4 / 0.0101, dtype=torch.float64))


def test_chunks_make_no_difference(monkeypatch):
    one, other = pairs()["digits"]
    whole = ssim(one, other), psnr(one, other)
    # One image at a time, then four and two.
    for values in (1, 4 * 28 * 28):
        monkeypatch.setattr(reconstruction, "VALUES_AT_ONCE", values)
        torch.testing.assert_close((ssim(one, other), psnr(one, other)), whole)


def test_scores_of_no_images():
    nothing = torch.zeros(0, 1, 8, 8)
    for score in (mse, psnr, ssim):
        assert score(nothing, nothing).shape == (0,)


GOOD = torch.full((2, 1, 8, 8), 0.5)
NOT_A_NUMBER = GOOD.clone()
NOT_A_NUMBER[1, 0, 3, 3] = math.nan


@pytest.mark.parametrize("score", [mse, psnr, ssim])
@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (GOOD.numpy(), TypeError, "must be a floating-point tensor.*ndarray"),
        (GOOD.to(torch.uint8), TypeError, "must be a floating-point tensor.*uint8"),
        (GOOD[0], ValueError, r"must have shape \(N, C, H, W\), got \(1, 8, 8\)"),
        (GOOD[:1], ValueError, "must have one shape"),
        (GOOD.expand(2, 3, 8, 8), ValueError, "must have one shape"),
        (NOT_A_NUMBER, ValueError, "contain NaN"),
        (GOOD * 255, ValueError, "divide 0–255 pixels by 255"),
        (GOOD - 0.6, ValueError, r"must lie in \[0, 1\]"),
    ],
)
def test_bad_input_is_refused_on_either_side(score, wrong, error, message):
    with pytest.raises(error, match=message):
        score(GOOD, wrong)
    with pytest.raises(error, match=message):
        score(wrong, GOOD)


@pytest.mark.parametrize(("height", "width"), [(6, 28), (28, 6)])
def test_ssim_refuses_images_smaller_than_its_window(height, width):
    small = torch.zeros(1, 1, height, width)
    with pytest.raises(ValueError, match=f"at least 7×7 pixels, its window: got {height}×{width}"):
        ssim(small, small)
    assert mse(small, small).item() == 0
