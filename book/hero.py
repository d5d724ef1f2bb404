"""Draw the moving picture of the book's first page: pretrained models on a walk from one random code to another.

    python book/hero.py

It needs no data. The picture plays once, in less than five seconds, so it needs no button that stops it; readers who
have asked their system for less motion get its first frame, ``hero.png``. Both lie in ``book/_static``.
"""

from pathlib import Path

import torch
from PIL import Image
from torch.nn import functional

import vaecourse as vc

MODELS = ("vae16-mnist", "vae16-fashion-mnist", "beta-vae-toy-faces")
COLUMNS, FRAMES, MILLISECONDS = 10, 40, 120
TILE, TEMPERATURE = 64, 0.8


@torch.no_grad()
def walk(name: str) -> torch.Tensor:
    """Pictures (FRAMES, 3, TILE, COLUMNS · TILE): every column goes from one draw of the prior to another."""
    model = vc.load_pretrained(name)
    torch.manual_seed(1)
    (starts,), (ends,) = (model.sample_prior(COLUMNS, TEMPERATURE) for _ in range(2))
    paths = [vc.plots.spherical_path(start, end, FRAMES) for start, end in zip(starts, ends, strict=True)]
    rows = []
    for codes in torch.stack(paths, 1):
        tiles = functional.interpolate(model.decode(codes).mean, (TILE, TILE), mode="bicubic").clamp(0, 1)
        rows.append(torch.cat(list(tiles.expand(-1, 3, -1, -1)), 2))
    return torch.stack(rows)


def draw(folder: Path) -> None:
    pictures = torch.cat([walk(name) for name in MODELS], 2)
    frames = [Image.fromarray(p) for p in (255 * pictures).round().byte().permute(0, 2, 3, 1).numpy()]
    frames[0].save(folder / "hero.png", optimize=True)
    settings = {"save_all": True, "append_images": frames[1:], "duration": MILLISECONDS, "loop": 1, "quality": 60}
    frames[0].save(folder / "hero.webp", method=4, **settings)


if __name__ == "__main__":
    draw(Path(__file__).parent / "_static")
