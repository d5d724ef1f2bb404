"""Run the notebooks as Colab does: its versions, the wheel without dependencies, an empty folder: ``make colab-check``.

    python tests/colab/check.py              # all notebooks
    python tests/colab/check.py 02_vae       # one of them, without the set-up cell by itself
    python tests/colab/check.py --twice      # each cell twice in a row, as readers do

Needs Python 3.13, and a network for the first run, which makes the environment in ``.venv-colab``. The notebooks find
no data and no network. A checked output must be the stored one, also of a second run. Warnings are told, and are no
failure.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import yaml
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
PINS = Path(__file__).with_name("packages.txt")
PYTHON = "3.13"
ENVIRONMENT = ROOT / ".venv-colab"
ADDRESS = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
CHECKED = "# NBVAL_CHECK_OUTPUT"
CELL_SECONDS = 600
# What the kernels start with: Colab's module is imported, and nothing answers.
START = "import google.colab, ipykernel.kernelapp as app; app.launch_new_instance()"
NO_NETWORK = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")}


def pins() -> dict[str, str]:
    lines = PINS.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def python_of_colab() -> str:
    """The interpreter of Colab's version: on the path, or under pyenv."""
    found = shutil.which(f"python{PYTHON}")
    under_pyenv = sorted(Path.home().glob(f".pyenv/versions/{PYTHON}.*/bin/python"))
    if not found and not under_pyenv:
        raise SystemExit(f"this check needs Python {PYTHON}: install it, or put python{PYTHON} on the path")
    return found or str(under_pyenv[-1])


def pip(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess:
    command = [ENVIRONMENT / "bin/python", "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)


def last_line(process: subprocess.CompletedProcess) -> str:
    lines = [line for line in process.stderr.splitlines() if line.startswith("ERROR")]
    return lines[-1] if lines else process.stderr.strip().rpartition("\n")[2]


def make_environment() -> None:
    """Install the packages of the list, unless they are there; those whose version does not install, in another one."""
    stamp = ENVIRONMENT / "packages.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == PINS.read_text(encoding="utf-8"):
        return
    print(f"== Environment of Colab in {ENVIRONMENT.name} (the first time this takes minutes)", flush=True)
    subprocess.run([python_of_colab(), "-m", "venv", "--clear", ENVIRONMENT], check=True)
    wanted = [f"{name}=={version}" for name, version in pins().items()]
    if pip("install", *wanted).returncode:
        for place, pin in enumerate(wanted):
            if (tried := pip("install", "--dry-run", "--no-deps", pin)).returncode:
                print(f"{pin} does not install here ({last_line(tried)}): the newest that does is taken")
                wanted[place] = pin.partition("==")[0]
        if (done := pip("install", *wanted)).returncode:
            raise SystemExit(f"the packages do not install together: {last_line(done)}")
    # Colab has imported it before, so that no reader sees the line about its cache of fonts.
    subprocess.run([ENVIRONMENT / "bin/python", "-c", "import matplotlib.pyplot"], check=True)
    shutil.copy(PINS, stamp)


def tell_versions() -> None:
    rows = json.loads(pip("list", "--format", "json").stdout)
    installed = {row["name"].lower().replace("_", "-"): row["version"].partition("+")[0] for row in rows}
    wanted = pins()
    others = [f"{name} {installed[name]} instead of {pin}" for name, pin in wanted.items() if installed[name] != pin]
    print(f"{len(wanted) - len(others)} of {len(wanted)} packages in the versions of Colab", *others, sep="\n  ")


def build_wheel(folder: Path) -> Path:
    """Build from a copy, so that what an earlier build left behind does not get in."""
    source = folder / "source"
    shutil.copytree(ROOT / "vaecourse", source / "vaecourse", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    done = pip("wheel", "--no-deps", "--wheel-dir", folder, source)
    if done.returncode:
        raise SystemExit(f"the wheel is not built: {last_line(done)}")
    (wheel,) = folder.glob("*.whl")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
    return wheel


def make_kernel(folder: Path) -> None:
    """A kernel of that environment, in which ``google.colab`` has been imported."""
    module = folder / "modules/google/colab/__init__.py"
    module.parent.mkdir(parents=True)
    module.touch()
    kernel = folder / "kernels/colab/kernel.json"
    kernel.parent.mkdir(parents=True)
    command = [str(ENVIRONMENT / "bin/python"), "-c", START, "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": command, "display_name": "Colab", "language": "python"}))
    os.environ |= {
        "JUPYTER_PATH": str(folder),
        "PYTHONPATH": str(folder / "modules"),
        "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}",  # for the set-up cell, which calls pip
        "OMP_NUM_THREADS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a warning of the debugger on this terminal, not in the notebook
        "VAECOURSE_SCALE": "smoke",
        "VAECOURSE_CACHE": str(folder / "cache"),
        "TQDM_DISABLE": "1",
    }
    os.environ.pop("VAECOURSE_DATA", None)


def started(notebook: NotebookNode, folder: str) -> NotebookClient:
    settings = {"timeout": CELL_SECONDS, "kernel_name": "colab", "allow_errors": True, "store_widget_state": False}
    return NotebookClient(notebook, resources={"metadata": {"path": folder}}, **settings)


def text_of(cell: NotebookNode) -> str:
    """What a cell printed and returned, as text."""
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "".join("".join(text) for text in texts)


def errors_of(cell: NotebookNode) -> list[str]:
    return [f"{output.ename}: {output.evalue}" for output in cell.outputs if output.output_type == "error"]


def warnings_of(cell: NotebookNode) -> list[str]:
    outputs = [output for output in cell.outputs if output.output_type == "stream" and output.name == "stderr"]
    return [line for output in outputs for line in output.text.splitlines() if line.strip()]


# The set-up cell


def outputs_of_setup(times: int = 1) -> list[list[NotebookNode]]:
    """Run the set-up cell of the first notebook in a new kernel, and return its outputs of each time."""
    (cell,) = [cell for cell in nbformat.read(min(ROOT.glob("notebooks/*.ipynb")), 4).cells if is_setup(cell)]
    cells = [nbformat.v4.new_code_cell(cell.source) for _ in range(times)]
    with TemporaryDirectory() as folder:
        return [one.outputs for one in started(nbformat.v4.new_notebook(cells=cells), folder).execute().cells]


def is_setup(cell: NotebookNode) -> bool:
    return "setup" in cell.metadata.get("tags", [])


def redirected(address: str) -> dict[str, str]:
    """Settings with which git clones from here what it is asked to clone from the address of the course."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{address}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }


def check_setup() -> list[str]:
    """Faults of the set-up cell: a failed clone, the first run, the second, and the one after a restart."""
    faults = []

    def expect(what: str, outputs: list[NotebookNode], *texts: str) -> None:
        printed = [line for output in outputs for line in (output.get("text") or output.get("evalue", "")).splitlines()]
        print(f"set-up cell, {what}:", *printed, flush=True)
        if len(printed) != len(texts) or not all(map(str.startswith, printed, texts)):
            faults.append(f"the set-up cell, {what}, prints {printed}")

    pip("uninstall", "--yes", "vaecourse")
    os.environ |= redirected(f"file://{ROOT}/nowhere")
    expect("clone fails", *outputs_of_setup(), "Installing vaecourse", "UsageError: not installed")
    os.environ |= redirected(f"file://{ROOT}")
    first, second = outputs_of_setup(times=2)
    expect("first run", first, "Installing vaecourse")
    expect("second run", second, "vaecourse is installed already: nothing to do")
    expect("after a restart", *outputs_of_setup(), "vaecourse is installed already: nothing to do")
    return faults


# The notebooks


def run(path: Path, times: int) -> tuple[float, list[str], list[str]]:
    """Run each cell of a notebook so many times in a row in an empty folder; returns seconds, faults and warnings."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    executed = [nbformat.v4.new_code_cell(cell.source) for cell in code for _ in range(times)]
    begun = time.monotonic()
    os.environ |= NO_NETWORK
    with TemporaryDirectory() as folder:
        started(nbformat.v4.new_notebook(cells=executed), folder).execute()
    faults, warned = [], []
    for place, cell in enumerate(executed):
        stored, again = code[place // times], " (run again)" if place % times else ""
        where = f"{path.stem}, code cell {place // times + 1}{again}"
        faults += [f"{where}: {error}" for error in errors_of(cell)]
        warned += [f"{path.stem}: {line}" for line in warnings_of(cell)]
        if CHECKED in stored.source and not errors_of(cell) and text_of(cell) != text_of(stored):
            faults.append(f"{where}: prints {text_of(cell)!r}, stored is {text_of(stored)!r}")
    return time.monotonic() - begun, faults, warned


def main(names: list[str], times: int) -> int:
    """Check the set-up cell and all notebooks, or some notebooks, and return the number of faults."""
    paths = sorted(ROOT.glob("notebooks/*.ipynb"), key=lambda path: path.stat().st_size, reverse=True)
    paths = [path for path in paths if not names or path.stem in names]
    make_environment()
    tell_versions()
    faults, warned = [], Counter()
    with TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        make_kernel(Path(folder))
        faults += [] if names else check_setup()
        pip("install", "--no-deps", "--force-reinstall", wheel)
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            running = {pool.submit(run, path, times): path for path in paths}
            for future in as_completed(running):
                seconds, found, lines = future.result()
                print(f"{running[future].stem}: {seconds:.0f} s, {len(found)} faults", flush=True)
                faults += found
                warned.update(lines)
    print(*(f"warned {count} times: {line}" for line, count in warned.items()), sep="\n")
    print(*faults, sep="\n")
    print(f"{len(paths)} notebooks, {len(faults)} faults")
    return len(faults)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="names of notebooks, such as 02_vae")
    parser.add_argument("--twice", action="store_true", help="run each cell twice in a row")
    arguments = parser.parse_args()
    sys.exit(main(arguments.names, 2 if arguments.twice else 1) > 0)
