"""The command line: data sets, recipes and trained models. ``python -m vaecourse --help`` lists the commands."""

import argparse
import fnmatch
import itertools
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from vaecourse.data import DataError, load
from vaecourse.data.loading import DATA_SETS, locate
from vaecourse.data.places import Place, data_folder
from vaecourse.pretrained.recipe import PretrainedError, Recipe
from vaecourse.pretrained.recipes import RECIPES, find
from vaecourse.terminal import give_up_output, prepare_streams, printable, sigterm_as_ctrl_c

USER_ERROR = 2
FAILED = 1
UNFINISHED = 3
INTERRUPTED = 130
TRAINED = Path("trained")
# Settings that describe the networks of a model rather than the kind of model.
OF_NETWORKS = ("network", "hidden", "level_hidden", "likelihood", "initial_sigma")


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status.

    The status is 0 on success, 1 if a training failed, a score differs from its card, or the output cannot be written,
    2 after a one-line message about an error that the user can correct, 3 if a training is not finished after the
    minutes that it was given, and 130 after Ctrl-C or SIGTERM.
    """
    prepare_streams()
    options = _parser().parse_args(arguments)
    try:
        with sigterm_as_ctrl_c():
            status = options.run(options) or 0
            sys.stdout.flush()  # here, because Python could only report an error when it ends
            return status
    except (DataError, PretrainedError) as error:
        print(f"vaecourse: {error}", file=sys.stderr)
        return USER_ERROR
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        give_up_output()
        return FAILED
    except OSError as error:
        give_up_output()
        print(f"vaecourse: {printable(error)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("vaecourse: interrupted, nothing is left half-written", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vaecourse", description="Variational autoencoders: the package of the course."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    data = commands.add_parser("data", help="show where the data sets are, or load one")
    data.add_argument("name", nargs="?", help=f"data set to load now: {', '.join(DATA_SETS)}")
    data.set_defaults(run=_data)
    recipes = commands.add_parser("recipes", help="list the recipes, and which of them come with trained weights")
    recipes.set_defaults(run=_recipes)
    train = commands.add_parser("train", help="follow recipes; what was interrupted goes on, what is there is skipped")
    train.add_argument("names", nargs="+", metavar="NAME", help="a recipe, or a pattern as '*-dsprites'")
    train.add_argument("--seeds", type=_whole_number, nargs="+", default=[0])
    train.add_argument("--folder", type=Path, default=TRAINED, help="for weights and cards (default: trained)")
    train.add_argument("--weights", type=Path, help="another folder for the weights")
    train.add_argument(
        "--jobs",
        type=partial(_whole_number, least=1),
        default=1,
        help="processes at once, of one thread each if several",
    )
    train.add_argument("--minutes", type=_minutes, default=math.inf, help="then stop; the same command goes on")
    train.add_argument("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster that sees the same folders")
    train.set_defaults(run=_train)
    evaluate = commands.add_parser("evaluate", help="compute the scores on cards anew and compare them")
    evaluate.add_argument("names", nargs="+", metavar="NAME", help="a recipe, or a pattern as '*-dsprites'")
    evaluate.add_argument("--seeds", type=_whole_number, nargs="+", help="of your own (default: the package's models)")
    evaluate.add_argument("--folder", type=Path, default=TRAINED, help="of your own trainings (default: trained)")
    evaluate.set_defaults(run=_evaluate)
    package = commands.add_parser(
        "package", help="put trained models into the package, in a byte a weight if no score moves"
    )
    package.add_argument("names", nargs="+", metavar="NAME", help="a recipe, or a pattern as '*-dsprites'")
    package.add_argument("--seed", type=_whole_number, default=0)
    package.add_argument("--folder", type=Path, default=TRAINED, help="of your own trainings (default: trained)")
    package.set_defaults(run=_package)
    return parser


def _whole_number(text: str, least: int = 0) -> int:
    if not text.isdecimal() or len(text) > 18 or int(text) < least:  # torch takes seeds of 18 digits
        raise argparse.ArgumentTypeError(f"give a whole number from {least}, of at most 18 digits, not {text[:40]!r}")
    return int(text)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not minutes > 0:
        raise argparse.ArgumentTypeError(f"give a number of minutes above 0, not {text[:40]!r}")
    return minutes


def _data(options: argparse.Namespace) -> None:
    if options.name is None:
        print(_table())
        return
    images = load(options.name)
    print(f"{images.name}: {printable(images.source)}")
    for split, content in (("train", images.train), ("test", images.test)):
        shapes = [f"{field} {tuple(values.shape)}" for field, values in content.tensors().items()]
        print(f"  {split:5}  {', '.join(shapes)}")


def _table() -> str:
    """Return a table with one line per data set: where it would be loaded from now, its size and its path."""
    rows = [("data set", "found", "size", "path")]
    data_folder()  # if that is wrong, no row can be right
    with ThreadPoolExecutor() as pool:  # in parallel, because each look-up may wait three seconds for a network
        places = pool.map(_located, DATA_SETS)
    for (name, known), place in zip(DATA_SETS.items(), places, strict=True):
        if isinstance(place, DataError):
            rows.append((name, "not to be read", "–", str(place)))
        elif place.kind == "download":
            rows.append((name, "download needed", f"{known.megabytes:,} MB", "–"))
        elif place.kind == "rendered":
            rows.append((name, "rendered in seconds", "–", "–"))
        elif place.kind == "stand-in":
            rows.append((name, "stand-in (no network)", "–", "–"))
        else:
            rows.append((name, place.kind, f"{place.size_in_bytes / 1e6:,.0f} MB", printable(place.path)))
    return _aligned(rows)


def _located(name: str) -> Place | DataError:
    """The place of a data set, or the error that it meets."""
    try:
        return locate(name)
    except DataError as error:
        return error


def _found(names: list[str]) -> list[Recipe]:
    """Return the recipes that match the names and patterns, each of them once."""
    return list({recipe.name: recipe for name in names for recipe in find(name)}.values())


def _recipes(options: argparse.Namespace) -> None:
    """Print the recipes, grouped by data, networks and scale; a star marks those that come with trained weights."""
    from vaecourse import pretrained

    packaged, groups = pretrained.names(), {}
    for name, recipe in RECIPES.items():
        rest = {key: value for key, value in recipe.model.items() if key not in OF_NETWORKS}
        row = (f"  {name}{' *' if name in packaged else ''}", in_words(rest), in_words(recipe.loss))
        groups.setdefault(_circumstances(recipe), []).append(row)
    lines = _aligned([row for rows in groups.values() for row in rows]).splitlines()
    for circumstances, rows in groups.items():
        print(f"{circumstances}", *lines[: len(rows)], sep="\n", end="\n\n")
        del lines[: len(rows)]
    print("* comes with trained weights: vc.load_pretrained(name)")


def _circumstances(recipe: Recipe) -> str:
    """Describe the data, training settings and networks of a recipe: the heading of its group."""
    images = f"{recipe.train_images:,} images" if recipe.train_images else "all images"
    network = "conv" if "latent_shapes" in recipe.model else "mlp"
    networks = [recipe.model.get("network", network), _short(recipe.model.get("hidden", "of default size"))]
    if "likelihood" in recipe.model:
        networks.append(f"with {recipe.model['likelihood']} pixels")
    if "initial_sigma" in recipe.model:
        networks.append(f"of learned σ, from {recipe.model['initial_sigma']:g}")
    training = f"{recipe.epochs} × {images} in batches of {recipe.batch_size}, learning rate {recipe.learning_rate:g}"
    return f"{recipe.data}: {training}; {' '.join(networks)}"


def in_words(settings: dict) -> str:
    """Format settings as one readable line: ``HDVAE(64-32, inference=top_down)``."""
    named = {"" if key.startswith("latent_") else f"{key}=": value for key, value in settings.items()}
    shown = ", ".join(f"{key}{_short(value)}" for key, value in named.items() if key != "class=")
    return f"{settings['class']}({shown})" if shown else settings["class"]


def _short(value) -> str:
    if isinstance(value, dict):
        return in_words(value)
    if isinstance(value, list):
        if value and all(isinstance(shape, list) for shape in value):
            runs = [(shape, len(list(equal))) for shape, equal in itertools.groupby(value)]
            return ", ".join(f"{count} × {_shape(shape)}" if count > 1 else _shape(shape) for shape, count in runs)
        if value and all(isinstance(schedule, dict) for schedule in value):
            # The schedules of the levels are of one class: its name once, and the settings of each level.
            together = {key: [schedule[key] for schedule in value] for key in value[0]}
            return in_words(together | {"class": value[0]["class"]})
        return "-".join(map(_short, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shape(shape: list[int]) -> str:
    return "×".join(map(str, shape))


def _train(options: argparse.Namespace) -> int:
    from vaecourse.pretrained.pool import train_all

    runs = [(recipe, seed) for seed in dict.fromkeys(options.seeds) for recipe in _found(options.names)]
    failed, unfinished = train_all(runs, options.folder, options.weights, options.jobs, options.dask, options.minutes)
    return FAILED if failed else UNFINISHED if unfinished else 0


def _evaluate(options: argparse.Namespace) -> int:
    from vaecourse import pretrained

    if options.seeds is None:
        folder, known = None, pretrained.names()
        names = [name for wanted in options.names for name in fnmatch.filter(known, wanted) or [wanted]]
    else:
        folder = options.folder
        names = [f"{recipe.name}_seed{seed}" for seed in options.seeds for recipe in _found(options.names)]
    status = 0
    for name in dict.fromkeys(names):
        different = pretrained.verify(name, folder)
        print(f"{name}: {'NOT ' if different else ''}the scores of its card", *different, sep="\n  ")
        status = FAILED if different else status
    return status


def _package(options: argparse.Namespace) -> None:
    from vaecourse import pretrained

    for recipe in _found(options.names):
        print(pretrained.package(recipe.name, options.seed, options.folder))


def _aligned(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


if __name__ == "__main__":
    sys.exit(main())
