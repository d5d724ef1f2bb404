"""The picture of an explorer: what a page shows before it is touched, and a notebook where no kernel runs."""

import base64
import html as markup
import math

import numpy as np
import torch
from torch import Tensor

from vaecourse.evaluation.codes import Codes
from vaecourse.explorers.exploration import Exploration
from vaecourse.explorers.pictures import png

STEPS = 7
ROWS = 3
GAP = 2  # pixels between the images


def poster(exploration: Exploration) -> tuple[np.ndarray, str]:
    """Traversals of the first start as one picture, and its description.

    Returns
    -------
    picture : uint8 array (H, W, 4)
        The start and its reconstruction, and beside them a row for each of the first units.
    text : str
        What it shows, as a sentence: the caption, and the alternative text.
    """
    codes, _ = exploration.start(0)
    each = math.ceil(ROWS / len(exploration.levels))
    rows = [row for number in range(1, len(exploration.levels) + 1) for row in _rows(exploration, codes, number, each)]
    height, width = exploration.images.shape[2:]
    down, across = height + GAP, width + GAP
    picture = np.zeros((max(2, len(rows)) * down - GAP, (STEPS + 2) * across - GAP, 4), dtype=np.uint8)

    def paste(image: Tensor, row: int, column: int) -> None:
        cell = picture[row * down :, column * across :][:height, :width]
        # A grey image fills all three channels. Pixels that overflow at the end of a traversal become black.
        cell[..., :3] = (image.nan_to_num().permute(1, 2, 0).numpy() * 255).round()
        cell[..., 3] = 255

    paste(exploration.images[0], row=0, column=0)
    paste(exploration.decode(codes), row=1, column=0)
    for row, (_, pictures) in enumerate(rows):
        for column, image in enumerate(pictures, start=2):
            paste(image, row, column)
    units = "; ".join(name for name, _ in rows).replace(" · ", ", ")
    title = exploration.names[0][:1].upper() + exploration.names[0][1:]
    return (
        picture,
        f"{title}, below it its reconstruction, and beside them what one change at a time does: {units}.",
    )


def bundle(exploration: Exploration, title: str, zoom: int) -> dict[str, str]:
    """The picture as a notebook stores it, each pixel enlarged to ``zoom`` × ``zoom``: type of the text -> text."""
    picture, text = poster(exploration)
    encoded = base64.b64encode(png(torch.from_numpy(picture).permute(2, 0, 1) / 255, zoom)).decode()
    # Exports to HTML prefer HTML to a picture, and show an alternative text with it only.
    image = f'<img src="data:image/png;base64,{encoded}" alt="{markup.escape(text)}">'
    return {"text/plain": f"{title}: {text}", "image/png": encoded, "text/html": image}


def _rows(exploration: Exploration, codes: Codes, number: int, count: int) -> list[tuple[str, Tensor]]:
    """Traversals of the first units of a level; of a map of codes, what it adds, from nothing to twice as much."""
    level = exploration.levels[number - 1]
    if len(exploration.model.latent_shapes[number - 1]) > 1:
        pictures = exploration.decode(exploration.amplify(codes, number, torch.linspace(0, 2, STEPS)))
        return [(f"{level.level}, its noise times 0 to 2", pictures)]
    place = f"{level.level}, " if len(exploration.levels) > 1 else ""
    return [
        (f"{place}{level.label(unit)}", exploration.traversal(codes, number, unit, STEPS)[1])
        for unit in level.order[:count]
    ]
