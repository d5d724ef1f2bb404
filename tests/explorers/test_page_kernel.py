"""The WebAssembly of the page explorer is what its source says, and multiplies matrices."""

import base64
import re
from pathlib import Path

import numpy as np
import wasmtime

SCRIPTS = Path(__file__).parents[2] / "vaecourse" / "explorers" / "page"
SOURCE = (SCRIPTS / "kernel.wat").read_text()


def test_assembled_code_in_the_script_is_that_of_the_source():
    assembled = base64.b64encode(bytes(wasmtime.wat2wasm(SOURCE))).decode()
    constant = re.search(r"const ASSEMBLED =(.*?);", (SCRIPTS / "kernel.js").read_text(), re.DOTALL)[1]
    found = "".join(re.findall(r'"([^"]*)"', constant))
    lines = " +\n".join(f'    "{assembled[at : at + 108]}"' for at in range(0, len(assembled), 108))
    assert found == assembled, f"put these lines into kernel.js:\n{lines}"


def test_products_are_those_of_numpy():
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, 1)))
    module = wasmtime.Module(engine, SOURCE)
    multiply = wasmtime.Instance(store, module, [memory]).exports(store)["multiply"]
    random = np.random.default_rng(0)
    blocks, taps, channels, panels = 3, 2, 5, 2
    places = random.standard_normal((9, channels)).astype("<f4")  # what a row's taps point to
    weights = random.standard_normal((panels, taps * channels, 8)).astype("<f4")
    bias = random.standard_normal(8 * panels).astype("<f4")
    seen = random.integers(len(places), size=(blocks, taps, 4))
    rows = 4 * blocks
    order = random.permutation(rows)
    start = {"places": 0, "weights": 1024, "bias": 4096, "inputs": 5120, "outputs": 6144, "results": 8192}
    outputs = start["results"] + order * 8 * panels * 4
    for name, values in {
        "places": places,
        "weights": weights,
        "bias": bias,
        "inputs": (start["places"] + seen * channels * 4).astype("<i4"),
        "outputs": outputs.astype("<i4"),
    }.items():
        memory.write(store, values.tobytes(), start[name])
    matrix = np.concatenate(weights, axis=1)
    left = places[seen].transpose(0, 2, 1, 3).reshape(rows, taps * channels)
    for floor in (0.0, -np.inf):
        arguments = [start["inputs"], start["outputs"], blocks, taps, channels, start["weights"], start["bias"]]
        multiply(store, *arguments, panels, floor)
        found = memory.read(store, start["results"], start["results"] + rows * 8 * panels * 4)
        found = np.frombuffer(found, "<f4").reshape(rows, -1)[order]
        np.testing.assert_allclose(found, np.maximum(left @ matrix + bias, floor), rtol=1e-5, atol=1e-5)
