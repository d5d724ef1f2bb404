"""The explorer of a static page: an exploration as HTML that contains its pictures, numbers and weights.

``network.js`` reads the weights of the decoder, and of the priors in a hierarchy, in the order in which they are
written here. Each weight takes one byte, with scales, if that changes nothing, as for most pretrained models; else they
have half precision. The extension ``book/_extensions/explorers.py`` moves them to separate files and adds the scripts.
"""

import base64
import html as markup
import io
import json
import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from vaecourse.explorers.exploration import Exploration
from vaecourse.models.quantisation import SCALE, dequantised, quantised

PANEL = 8  # columns of a product in kernel.wat
# Rows of a 4×4 kernel of stride 2 that contribute to an even and to an odd output row, ordered as TAPS in network.js.
TAPS = ((1, 3), (0, 2))
POSTER_STEPS = 7
POSTER_ROWS = 3
GAP = 2  # pixels between the pictures of the poster


def html(explorations: dict[str, Exploration]) -> str:
    """The explorer of one or several models (by name) as HTML; all must have the same start images.

    Raises
    ------
    ValueError
        If there is no model, the models start from different images, or weights exceed the range of half precision.
    TypeError
        If the page does not support a layer of the decoder.
    """
    if not explorations:
        raise ValueError("there is no model to explore: give at least one")
    first, *others = explorations.values()
    if any(other.images.shape != first.images.shape or not other.images.equal(first.images) for other in others):
        raise ValueError("the models must start from the same images: explore them on one split with one seed")
    models, weights = zip(*(_model(name, exploration) for name, exploration in explorations.items()), strict=True)
    originals = (first.images.permute(0, 2, 3, 1) * 255).round().byte()
    manifest = {
        "shape": list(first.images.shape[1:]),
        "indices": first.indices,
        "originals": base64.b64encode(originals.numpy().tobytes()).decode(),
        "models": models,
    }
    # A "<" in a name must not end the script element.
    description = json.dumps(manifest, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace(
        "<", r"\u003c"
    )
    files = "\n".join(
        f'<script type="application/octet-stream" class="explorer-weights">{base64.b64encode(data).decode()}</script>'
        for data in weights
    )
    picture, caption = _poster(first)
    height, width = picture.shape[:2]
    return f"""<div class="explorer" role="group" aria-label="Explorer of latent codes">
<figure class="explorer-poster">
<img src="{_data_uri(picture)}" width="{width}" height="{height}" alt="{markup.escape(caption)}">
<figcaption>{markup.escape(caption)}</figcaption>
</figure>
<script type="application/json" class="explorer-manifest">{description}</script>
{files}
</div>"""


def _model(name: str, exploration: Exploration) -> tuple[dict, bytes]:
    """A model's part of the manifest, and the bytes of its weights."""
    model = exploration.model
    networks = [model.decoder.layers, *(model.priors if model.is_hierarchy else [])]
    in_bytes = all(map(_survives_quantisation, networks))
    (decoder, *priors), parts = zip(*(_packed(network, in_bytes) for network in networks), strict=True)
    if not all(part.isfinite().all() for packed in parts for part in packed):
        raise ValueError(f"weights of {name} are beyond 65,504: half precision does not hold them, train it again")
    data = b"".join(part.numpy().tobytes() for packed in parts for part in packed)
    starts = []
    for index in range(len(exploration.images)):
        codes, widths = exploration.start(index)
        starts.append(
            {
                "codes": [_numbers(code, digits=6) for code in codes],
                "widths": None if widths[0] is None else [_numbers(width, digits=3) for width in widths],
                "scores": {score: round(value, 4) for score, value in exploration.scores(index).items()},
            }
        )
    part = {
        "name": name,
        "hierarchy": model.is_hierarchy,
        "hasPrior": model.has_prior,
        "reads": model.decoder_reads,
        "type": "int8" if in_bytes else "float16",
        "bytes": len(data),
        "decoder": decoder,
        "priors": priors,
        "levels": [
            {
                "name": level.level,
                "labels": [level.label(unit) for unit in range(len(level.order))],
                "order": level.order,
                "active": level.active_count,
                "low": _numbers(level.low, digits=6),
                "high": _numbers(level.high, digits=6),
            }
            for level in exploration.levels
        ],
        "starts": starts,
    }
    return part, data


def _survives_quantisation(network: nn.Module) -> bool:
    state = network.state_dict()
    return all(state[name].equal(value) for name, value in dequantised(quantised(state)).items())


def _packed(network: nn.Sequential, in_bytes: bool) -> tuple[list[dict], list[Tensor]]:
    """Layers for the manifest, and their weights: for each layer the scales of bytes, the matrices and the bias."""
    layers, parts = [], []
    size = None
    state = {name: value.detach().cpu() for name, value in network.state_dict().items()}
    stored = quantised(state) if in_bytes else {name: value.half() for name, value in state.items()}
    for place, module in enumerate(network):
        weight, bias, scale = (stored.get(f"{place}.{name}") for name in ("weight", "bias", "weight" + SCALE))
        if isinstance(module, nn.Linear):
            matrix, vectors = weight.T, [vector for vector in (scale, bias) if vector is not None]
            following = next((later for later in network[place + 1 :] if not isinstance(later, nn.ReLU)), None)
            if isinstance(following, nn.Unflatten):  # the page stores pixels channel last
                channels, *size = following.unflattened_size
                order = torch.arange(len(bias)).view(channels, *size).permute(1, 2, 0).flatten()
                matrix, vectors = matrix[:, order], [vector[order] for vector in vectors]
            layers.append({"inputs": module.in_features, "outputs": module.out_features, "relu": False})
            *scales, bias = (_panels(vector[None]) for vector in vectors)
            parts += [*scales, _panels(matrix), bias]
        elif isinstance(module, nn.ConvTranspose2d):
            taller = [2 * side + extra for side, extra in zip(size, module.output_padding, strict=True)]
            layers.append(
                {
                    "inputs": module.in_channels,
                    "outputs": module.out_channels,
                    "relu": False,
                    "from": size,
                    "to": taller,
                }
            )
            size = taller
            parts += [] if scale is None else [scale]  # one scale for each input channel
            kernel = weight.permute(2, 3, 0, 1)  # row, column, channel in, channel out
            for rows in TAPS:
                for columns in TAPS:
                    parts.append(_panels(torch.cat([kernel[row, column] for row in rows for column in columns])))
            parts.append(_panels(bias[None]))
        elif isinstance(module, nn.ReLU):
            layers[-1]["relu"] = True
        elif not isinstance(module, nn.Unflatten):
            raise TypeError(f"the page explorer does not know the layer {type(module).__name__}")
    return layers, parts


def _panels(matrix: Tensor) -> Tensor:
    """A matrix (K, n) as panels (⌈n/8⌉, K, 8) of eight columns, the last padded with zeros."""
    rows, columns = matrix.shape
    padded = nn.functional.pad(matrix, (0, -columns % PANEL))
    return padded.view(rows, -1, PANEL).transpose(0, 1).contiguous()


def _numbers(values: Tensor, digits: int) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in values.tolist()]


def _poster(exploration: Exploration) -> tuple[np.ndarray, str]:
    """Traversals of the first start as one picture (H, W, 4) of bytes, and its description."""
    codes, _ = exploration.start(0)
    each = math.ceil(POSTER_ROWS / len(exploration.levels))
    moved = [(number, unit) for number, level in enumerate(exploration.levels, start=1) for unit in level.order[:each]]
    height, width = exploration.images.shape[2:]
    down, across = height + GAP, width + GAP
    poster = np.zeros((max(2, len(moved)) * down - GAP, (POSTER_STEPS + 2) * across - GAP, 4), dtype=np.uint8)

    def paste(picture: Tensor, row: int, column: int) -> None:
        cell = poster[row * down :, column * across :][:height, :width]
        cell[..., :3] = (picture.permute(1, 2, 0).numpy() * 255).round()  # a grey picture fills all three channels
        cell[..., 3] = 255

    paste(exploration.images[0], row=0, column=0)
    paste(exploration.decode(codes), row=1, column=0)
    names = []
    for row, (level, unit) in enumerate(moved):
        _, pictures = exploration.traversal(codes, level, unit, POSTER_STEPS)
        for column, picture in enumerate(pictures, start=2):
            paste(picture, row, column)
        names.append(f"{exploration.levels[level - 1].level}, {exploration.levels[level - 1].label(unit)}")
    units = "; ".join(names).replace(" · ", ", ")
    return poster, f"A test image, below it its reconstruction, and beside them what one unit at a time does: {units}."


def _data_uri(picture: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
