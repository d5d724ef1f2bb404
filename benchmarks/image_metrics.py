"""SSIM and PSNR of a whole test set at once (``vaecourse.metrics``) beside scikit-image, image by image.

Both implementations score the same random digit-like images in turn, A B A B …; the script prints the median times, the
median ratio over the rounds, and the largest difference between the scores.

    python benchmarks/image_metrics.py [--images 10000] [--rounds 5]
"""

import argparse
import statistics
import time

import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor
from torch.nn import functional

from vaecourse import metrics


def digit_like(count: int, shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Images of soft bright strokes on black, and noisy copies of them."""
    generator = torch.Generator().manual_seed(0)
    smooth = functional.avg_pool2d(torch.rand((count, *shape), generator=generator), 5, stride=1, padding=2)
    images = ((smooth - 0.52) * 20).clamp(0, 1)
    noise = 0.1 * torch.randn((count, *shape), generator=generator)
    return images, (images + noise).clamp(0, 1)


def at_once(images: Tensor, copies: Tensor) -> Tensor:
    return torch.stack([metrics.ssim(images, copies), metrics.psnr(images, copies)])


def one_by_one(images: Tensor, copies: Tensor) -> Tensor:
    pairs = list(zip(images.numpy(), copies.numpy(), strict=True))
    similarities = [structural_similarity(x, y, data_range=1, channel_axis=0) for x, y in pairs]
    ratios = [peak_signal_noise_ratio(x, y, data_range=1) for x, y in pairs]
    return torch.tensor([similarities, ratios], dtype=torch.float64)


def timed(function, *arguments) -> tuple[float, Tensor]:
    started = time.perf_counter()
    scores = function(*arguments)
    return time.perf_counter() - started, scores


def main(arguments: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    print(f"SSIM and PSNR of {options.images:,} pairs, {torch.get_num_threads()} threads, {options.rounds} rounds")
    found = {}
    for shape in ((1, 28, 28), (3, 64, 64)):
        images, copies = digit_like(options.images, shape)
        at_once(images[:500], copies[:500])
        ours, theirs = [], []
        for _ in range(options.rounds):
            seconds, scores = timed(at_once, images, copies)
            ours.append(seconds)
            seconds, expected = timed(one_by_one, images, copies)
            theirs.append(seconds)
        ratio = statistics.median(slow / fast for fast, slow in zip(ours, theirs, strict=True))
        found[f"scikit-image / at once, {'×'.join(map(str, shape))}"] = ratio
        ssim_difference, psnr_difference = (scores - expected).abs().amax(1).tolist()
        print(
            f"{'×'.join(map(str, shape)):>8}: at once {statistics.median(ours):.2f} s, "
            f"one by one {statistics.median(theirs):.2f} s, ratio {ratio:.1f}; "
            f"largest difference {ssim_difference:.1e} (SSIM), {psnr_difference:.1e} dB (PSNR)"
        )
    return found


if __name__ == "__main__":
    main()
