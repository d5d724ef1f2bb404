"""Reads what vaecourse/explorers/page/export.py writes, and runs it in PyTorch: a second reading of the format."""

import base64
import json
import math

import numpy as np
import torch
from bs4 import BeautifulSoup
from torch.nn import functional


def read_page(html: str) -> tuple[dict, list[bytes]]:
    """The manifest, and the file of weights of each model."""
    soup = BeautifulSoup(html, "html.parser")
    files = [base64.b64decode(script.string) for script in soup.select("script.explorer-weights")]
    return json.loads(soup.select_one("script.explorer-manifest").string), files


class PageModel:
    """A model of the manifest: ``decode`` for lists of codes, ``prior`` for tensors (N, d) of the codes above."""

    def __init__(self, manifest: dict, data: bytes):
        self.manifest = manifest
        self._data = data
        sizes = [level["size"] for level in manifest["levels"]]
        self._shapes = [tuple(level.get("shape", (level["size"], 1, 1))) for level in manifest["levels"]]
        if "stages" in manifest:
            self._top, features = self._network(manifest["top"], self._shapes[-1][0])
            self._stages = [None] * len(manifest["stages"])
            for level in reversed(range(len(self._stages))):
                stage, channels = manifest["stages"][level], self._shapes[level][0]
                enter, features = self._network(stage["enter"], features)
                prior, _ = self._network(stage["prior"], features)
                self._stages[level] = enter, prior, self._network(stage["read"], channels)[0]
            self._decoder, _ = self._network(manifest["decoder"], features)
        else:
            inputs = sum(sizes) if manifest["reads"] == "all" else sizes[0]
            self._decoder = self._network(manifest["decoder"], inputs)[0]
            self.priors = [
                self._network(layers, above)[0] for layers, above in zip(manifest["priors"], sizes[1:], strict=False)
            ]
        assert not self._data, "the file holds more weights than the manifest tells of"

    def decode(self, codes: list[torch.Tensor]) -> torch.Tensor:
        """Pixels of one picture, channel last, flat."""
        levels = [code[None] for code in codes]
        if "stages" in self.manifest:
            picture = self._decoder(self._features(levels, 0))
        else:
            read = {"first": lambda: levels[0], "all": lambda: torch.cat(levels, 1), "sum": lambda: sum(levels)}
            scale = len(levels) ** 0.5 if self.manifest["reads"] == "sum" else 1
            picture = self._decoder((read[self.manifest["reads"]]() / scale)[..., None, None])
        return picture.permute(0, 2, 3, 1).flatten().sigmoid()

    def prior(self, above: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and standard deviation (N, d) of the level below those given, the nearest of them first."""
        if "stages" not in self.manifest:
            mean, log_variance = self.priors[-len(above)](above[0][..., None, None]).flatten(1).chunk(2, dim=1)
            return mean, (0.5 * log_variance).exp()
        level = len(self._stages) - len(above)
        enter, prior, _ = self._stages[level]
        features = enter(self._features([None] * (level + 1) + above, level + 1))
        mean, log_variance = prior(features).chunk(2, dim=1)
        limit = self.manifest["logVarianceLimit"]
        return mean.flatten(1), (0.5 * log_variance / (1 + log_variance.abs() / limit)).exp().flatten(1)

    def _features(self, codes: list[torch.Tensor], level: int) -> torch.Tensor:
        maps = [
            code if code is None else code.view(-1, *shape) for code, shape in zip(codes, self._shapes, strict=True)
        ]
        features = self._top(maps[-1])
        for stage, level_codes in zip(reversed(self._stages[level:]), reversed(maps[level:-1]), strict=True):
            enter, _, read = stage
            features = enter(features)
            features = features + read(level_codes)
        return features

    def _take(self, kind: str, count: int) -> torch.Tensor:
        kind = np.dtype(kind)
        taken, self._data = self._data[: count * kind.itemsize], self._data[count * kind.itemsize :]
        return torch.from_numpy(np.frombuffer(taken, kind).astype(np.float32))

    def _matrix(self, rows: int, columns: int, kind: str = "<f2") -> torch.Tensor:
        panels = -(-columns // 8)
        return self._take(kind, rows * panels * 8).view(panels, rows, 8).permute(1, 0, 2).reshape(rows, -1)[:, :columns]

    def _network(self, layers: list[dict], channels: int):
        """A function of maps (N, C, H, W), and the channels that it returns."""
        steps = []
        for layer in layers:
            step, channels = self._layer(layer, channels)
            steps.append(step)

        def run(values):
            for step in steps:
                values = step(values)
            return values

        return run, channels

    def _layer(self, layer: dict, inputs: int):
        if layer["kind"] == "residual":
            inner, _ = self._network(layer["layers"], inputs)
            return lambda values: values + inner(values), inputs
        if layer["kind"] in ("relu", "silu"):
            return getattr(functional, layer["kind"]), inputs
        if layer["kind"] == "map":
            shape = layer["height"], layer["width"], layer["channels"]
            gap = 8 * math.ceil(shape[2] / 8)
            return lambda values: values.view(-1, *shape[:2], gap)[..., : shape[2]].permute(0, 3, 1, 2), shape[2]
        in_bytes, outputs = self.manifest["type"] == "int8", layer["outputs"]
        kind = "i1" if in_bytes else "<f2"
        if layer["kind"] == "doubling":
            scale = self._take("<f2", inputs) if in_bytes else torch.ones(inputs)
            weight = torch.zeros(inputs, outputs, 4, 4)
            for rows in ((1, 3), (0, 2)):
                for columns in ((1, 3), (0, 2)):
                    taps = self._matrix(4 * inputs, outputs, kind).view(4, inputs, outputs)
                    for tap, (row, column) in zip(taps, [(r, c) for r in rows for c in columns], strict=True):
                        weight[:, :, row, column] = scale[:, None] * tap
            bias, sides = self._matrix(1, outputs)[0], (layer["height"], layer["width"])

            def double(values):
                extra = [large - 2 * small for large, small in zip(sides, values.shape[2:], strict=True)]
                return functional.conv_transpose2d(values, weight, bias, stride=2, padding=1, output_padding=extra)

            return double, outputs
        side = layer.get("kernel", 1)
        scale = self._matrix(1, outputs) if in_bytes else 1
        matrix = scale * self._matrix(side**2 * inputs, outputs, kind)
        weight, bias = matrix.view(side, side, inputs, outputs).permute(3, 2, 0, 1), self._matrix(1, outputs)[0]
        return lambda values: functional.conv2d(values, weight, bias, padding=side // 2), outputs
