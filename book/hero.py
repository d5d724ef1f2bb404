"""Draw the moving picture of the book's first page: pretrained models on a walk from one random code to another.

    python -m vaecourse train beta-vae-toy-faces
    python book/hero.py

It needs no data: the toy faces are drawn, and the other models come with the package. The picture plays once, in less
than five seconds, so it needs no button that stops it; readers who have asked their system for less motion get its
first frame, ``hero.png``. Both lie in ``book/_static``.
"""

from pathlib import Path

import torch
from PIL import Image
from torch.nn import functional

import vaecourse as vc

# Names of models, each with the folder where it lies; None is the package.
MODELS = (("vae16-mnist", None), ("vae16-fashion-mnist", None), ("beta-vae-toy-faces_seed0", "trained"))
COLUMNS, FRAMES, MILLISECONDS = 10, 40, 120
TILE, TEMPERATURE = 64, 0.8


@torch.no_grad()
def walk(name: str, folder: str | None) -> torch.Tensor:
    """Pictures (FRAMES, 3, TILE, COLUMNS · TILE): every column goes from one draw of the prior to another."""
    model = vc.load_pretrained(name, folder)
    torch.manual_seed(1)
    (starts,), (ends,) = (model.sample_prior(COLUMNS, TEMPERATURE) for _ in range(2))
    paths = [vc.plots.spherical_path(start, end, FRAMES) for start, end in zip(starts, ends, strict=True)]
    rows = []
    for codes in torch.stack(paths, 1):
        tiles = functional.interpolate(model.decode(codes).mean, (TILE, TILE), mode="bicubic").clamp(0, 1)
        rows.append(torch.cat(list(tiles.expand(-1, 3, -1, -1)), 2))
    return torch.stack(rows)


def save_moving(frames: list[Image.Image], path: Path, milliseconds: int | list[int], loop: int, quality: int) -> None:
    """Write frames as an animated WebP that plays ``loop`` times."""
    settings = {"save_all": True, "append_images": frames[1:], "duration": milliseconds, "method": 4}
    frames[0].save(path, **settings, loop=loop, quality=quality)


def draw(folder: Path) -> None:
    pictures = torch.cat([walk(*model) for model in MODELS], 2)
    frames = [Image.fromarray(p) for p in (255 * pictures).round().byte().permute(0, 2, 3, 1).numpy()]
    frames[0].save(folder / "hero.png", optimize=True)
    save_moving(frames, folder / "hero.webp", MILLISECONDS, loop=1, quality=60)


if __name__ == "__main__":
    draw(Path(__file__).parent / "_static")
