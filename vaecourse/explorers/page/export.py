"""The explorer of a static page: an exploration as HTML that contains its pictures, numbers and weights.

``layers.py`` writes the weights of the decoder, and of the priors in a hierarchy; ``generators.js`` reads them in the
same order. Models of digits have a second file with the encoder: see ``encoders.py``. The extension
``book/_extensions/explorers.py`` moves the weights to separate files and adds the scripts.
"""

import base64
import html as markup
import io
import json
import zlib

import numpy as np
from PIL import Image
from torch import Tensor, nn

from vaecourse.explorers.exploration import Exploration
from vaecourse.explorers.folding import fold_title
from vaecourse.explorers.page.encoders import encoder_of, plane_of
from vaecourse.explorers.page.layers import Packing
from vaecourse.explorers.poster import poster
from vaecourse.models import DiffusionModel, ImageModel, SpatialHDVAE
from vaecourse.models.residual_networks import PRIOR_LOG_VARIANCE


def html(explorations: dict[str, Exploration], task: str = "", level: int = 1) -> str:
    """The explorer of one or several models (by name) as HTML; all must have the same start images.

    ``task`` says above the controls what to try. The explorer opens at ``level``, or at the highest of a model.

    Raises
    ------
    ValueError
        If there is no model, the models start from different images, or weights exceed the range of half precision.
    TypeError
        If the page does not support a layer of the decoder, or of the encoder of digits.
    """
    if not explorations:
        raise ValueError("there is no model to explore: give at least one")
    first, *others = explorations.values()
    if any(other.images.shape != first.images.shape or not other.images.equal(first.images) for other in others):
        raise ValueError("the models must start from the same images: explore them on one split with one seed")
    models, weights = zip(
        *(_model(name, exploration, level) for name, exploration in explorations.items()), strict=True
    )
    encoders = [encoder_of(exploration) for exploration in explorations.values()]
    files = [*weights]
    for part, encoder in zip(models, encoders, strict=True):
        if encoder is not None:
            part["encoder"] = {"file": len(files)} | encoder[0]
            files.append(encoder[1])
    originals = (first.images.permute(0, 2, 3, 1) * 255).round().byte()
    manifest = {
        "shape": list(first.images.shape[1:]),
        "names": first.names,
        "originals": base64.b64encode(zlib.compress(originals.numpy().tobytes(), 9)).decode(),
        "models": models,
    }
    # A "<" in a name must not end the script element.
    description = json.dumps(manifest, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace(
        "<", r"\u003c"
    )
    scripts = "\n".join(
        f'<script type="application/octet-stream" class="explorer-weights">{base64.b64encode(data).decode()}</script>'
        for data in files
    )
    shown_task = f'\n<p class="explorer-task"><b>Try this:</b> {markup.escape(task)}</p>' if task else ""
    picture, caption = poster(first)
    height, width = picture.shape[:2]
    return f"""<div class="explorer" role="group" aria-label="Explorer of latent codes">{shown_task}
<figure class="explorer-poster">
<img src="{_data_uri(picture)}" width="{width}" height="{height}" alt="{markup.escape(caption)}">
<figcaption>{markup.escape(caption)}</figcaption>
</figure>
<script type="application/json" class="explorer-manifest">{description}</script>
{scripts}
</div>"""


def _model(name: str, exploration: Exploration, level: int) -> tuple[dict, bytes]:
    """A model's part of the manifest, and the bytes of its weights."""
    model = exploration.model
    packing = Packing(_networks(model))
    wiring = _shaped(model, packing) if isinstance(model, SpatialHDVAE) else _dense(model, packing)
    if not packing.is_finite:
        raise ValueError(f"weights of {name} are beyond 65,504: half precision does not hold them, train it again")
    shapes = model.latent_shapes
    starts = []
    for index in range(len(exploration.images)):
        codes, widths = exploration.start(index)
        shown = [
            _numbers(width, digits=3) if width is not None and len(shape) == 1 else None
            for shape, width in zip(shapes, widths, strict=True)
        ]
        starts.append(
            {
                "codes": [_numbers(code, digits=6) for code in codes],
                "widths": shown if any(shown) else None,  # a map of codes shows none
                "scores": {score: round(value, 4) for score, value in exploration.scores(index).items()},
            }
        )
    part = {
        "name": name,
        "hierarchy": model.is_hierarchy,
        "hasPrior": model.has_prior,
        "sigma": exploration.sigma,
        "type": "int8" if packing.in_bytes else "float16",
        "bytes": len(packing.data),
        **wiring,
        "opens": min(level, len(shapes)) - 1,
        "levels": [_level(exploration, number) for number in range(1, len(shapes) + 1)],
        "starts": starts,
        "plane": plane_of(exploration),
    }
    return part, packing.data


def _networks(model: ImageModel) -> list[nn.Module]:
    """All networks that lead from codes to a picture."""
    if isinstance(model, SpatialHDVAE):
        stages = [part for stage in model.stages for part in (stage.enter, stage.prior_head, stage.reading)]
        return [model.top.reading, *stages, model.decoder.layers]
    if isinstance(model, DiffusionModel):
        raise TypeError("the page explorer does not know diffusion models: explore this one in a notebook")
    return [model.decoder.layers, *(model.priors if model.is_hierarchy else [])]


def _dense(model: ImageModel, packing: Packing) -> dict:
    """The networks of a model whose decoder and priors read vectors of codes."""
    decoder, _ = packing.add(model.decoder.layers, (1, 1, 1), makes_picture=True)
    priors = [packing.add(network, (1, 1, 1))[0] for network in (model.priors if model.is_hierarchy else [])]
    return {"reads": model.decoder_reads, "decoder": decoder, "priors": priors}


def _shaped(model: SpatialHDVAE, packing: Packing) -> dict:
    """The networks of a model that passes a map of features from level to level: see ``generators.js``."""
    top, features = packing.add(model.top.reading, model.latent_shapes[-1])
    stages = []
    for stage in reversed(model.stages):
        enter, features = packing.add(stage.enter, features)
        prior, _ = packing.add(stage.prior_head, features)
        read, _ = packing.add(stage.reading, stage.shape)
        stages.insert(0, {"enter": enter, "prior": prior, "read": read})
    decoder, _ = packing.add(model.decoder.layers, features)
    return {"top": top, "stages": stages, "decoder": decoder, "logVarianceLimit": PRIOR_LOG_VARIANCE}


def _level(exploration: Exploration, number: int) -> dict:
    """A level in the manifest: units with sliders, or maps to paint on."""
    level, shape = exploration.levels[number - 1], exploration.model.latent_shapes[number - 1]
    described = {"name": level.level, "size": len(level.order)}
    if len(shape) > 1:
        rates, active = (values.view(shape[0], -1) for values in (level.importance, level.active))
        return described | {
            "shape": list(shape),
            "rates": _numbers(rates.sum(1), digits=3),  # of each channel
            "active": active.any(1).tolist(),
        }
    return described | {
        "labels": [level.label(unit) for unit in range(len(level.order))],
        "order": level.order,
        "active": level.active_count,
        "folded": fold_title(level, len(level.order) - level.active_count, exploration.model.is_hierarchy),
        "low": _numbers(level.low, digits=6),
        "high": _numbers(level.high, digits=6),
    }


def _numbers(values: Tensor, digits: int) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in values.tolist()]


def _data_uri(picture: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="webp", lossless=True, method=6)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
