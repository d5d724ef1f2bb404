"""Reads what vaecourse/explorers/page/export.py writes, and runs it in PyTorch: a second reading of the format."""

import base64
import json

import numpy as np
import torch
from bs4 import BeautifulSoup, Tag
from torch.nn import functional


def read_page(html: str) -> tuple[dict, list[bytes]]:
    """The manifest, and the file of weights of each model."""
    soup = BeautifulSoup(html, "html.parser")
    files = [base64.b64decode(script.string) for script in soup.select("script.explorer-weights")]
    return read_manifest(soup), files


def read_manifest(element: Tag) -> dict:
    return json.loads(element.select_one("script.explorer-manifest").string)


class PageModel:
    """A model of the manifest: its ``decoder``, and its ``priors``, as functions of codes (N, d)."""

    def __init__(self, manifest: dict, data: bytes):
        self.manifest = manifest
        self._data = data
        self.decoder = self._network(manifest["decoder"])
        self.priors = [self._network(layers) for layers in manifest["priors"]]
        assert not self._data, "the file holds more weights than the manifest tells of"

    def decode(self, codes: list[list[float]]) -> torch.Tensor:
        """Pixels of one picture, channel last, flat."""
        levels = [torch.tensor(code)[None] for code in codes]
        read = {"first": lambda: levels[0], "all": lambda: torch.cat(levels, 1), "sum": lambda: sum(levels)}
        scale = len(levels) ** 0.5 if self.manifest["reads"] == "sum" else 1
        return self.decoder(read[self.manifest["reads"]]() / scale).sigmoid()[0]

    def _take(self, kind: str, count: int) -> torch.Tensor:
        kind = np.dtype(kind)
        taken, self._data = self._data[: count * kind.itemsize], self._data[count * kind.itemsize :]
        return torch.from_numpy(np.frombuffer(taken, kind).astype(np.float32))

    def _matrix(self, rows: int, columns: int, kind: str = "<f2") -> torch.Tensor:
        panels = -(-columns // 8)
        return self._take(kind, rows * panels * 8).view(panels, rows, 8).permute(1, 0, 2).reshape(rows, -1)[:, :columns]

    def _network(self, layers: list[dict]):
        steps = []
        in_bytes = self.manifest["type"] == "int8"
        kind = "i1" if in_bytes else "<f2"
        for layer in layers:
            inputs, outputs = layer["inputs"], layer["outputs"]
            if "from" in layer:
                scale = self._take("<f2", inputs) if in_bytes else torch.ones(inputs)
                weight = torch.zeros(inputs, outputs, 4, 4)
                for rows in ((1, 3), (0, 2)):
                    for columns in ((1, 3), (0, 2)):
                        taps = self._matrix(4 * inputs, outputs, kind).view(4, inputs, outputs)
                        for tap, (row, column) in zip(taps, [(r, c) for r in rows for c in columns], strict=True):
                            weight[:, :, row, column] = scale[:, None] * tap
            else:
                scale = self._matrix(1, outputs) if in_bytes else 1
                weight = scale * self._matrix(inputs, outputs, kind)
            steps.append((layer, weight, self._matrix(1, outputs)[0]))
        return lambda codes: _run(steps, codes)


def _run(steps, values):
    for layer, weight, bias in steps:
        if "from" in layer:
            (height, width), (tall, wide) = layer["from"], layer["to"]
            image = values.view(len(values), height, width, -1).permute(0, 3, 1, 2)
            extra = (tall - 2 * height, wide - 2 * width)
            image = functional.conv_transpose2d(image, weight, bias, stride=2, padding=1, output_padding=extra)
            values = image.permute(0, 2, 3, 1).flatten(1)
        else:
            values = values @ weight + bias
        values = values.relu() if layer["relu"] else values
    return values
