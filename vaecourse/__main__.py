"""The command line: ``python -m vaecourse data`` says where the data sets are, ``data mnist`` loads one."""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

from vaecourse.data import DataError, load
from vaecourse.data.loading import KNOWN, locate

USER_ERROR = 2
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status: 0, or 2 after a one-line message about what the user can put right."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except DataError as error:
        print(f"vaecourse: {error}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("vaecourse: interrupted, nothing is left half-written", file=sys.stderr)
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vaecourse", description="Variational autoencoders: the package of the course."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    data = commands.add_parser("data", help="show where the data sets are, or load one")
    data.add_argument("name", nargs="?", help=f"data set to load now: {', '.join(KNOWN)}")
    data.set_defaults(run=_data)
    return parser


def _data(options: argparse.Namespace) -> None:
    if options.name is None:
        print(_table())
        return
    images = load(options.name)
    print(f"{images.name}: {images.source}")
    for split, content in (("train", images.train), ("test", images.test)):
        shapes = [f"{field} {tuple(values.shape)}" for field, values in content.tensors().items()]
        print(f"  {split:5}  {', '.join(shapes)}")


def _table() -> str:
    """A line for each data set: where it would be taken from now, its size and its path."""
    rows = [("data set", "found", "size", "path")]
    with ThreadPoolExecutor() as pool:  # at once, because each may wait three seconds for a network
        places = pool.map(locate, KNOWN)
    for (name, known), place in zip(KNOWN.items(), places, strict=True):
        if place.kind == "download":
            rows.append((name, "download needed", f"{known.megabytes:,} MB", "–"))
        elif place.kind == "rendered":
            rows.append((name, "rendered in seconds", "–", "–"))
        elif place.kind == "stand-in":
            rows.append((name, "stand-in (no network)", "–", "–"))
        else:
            rows.append((name, place.kind, f"{place.size_in_bytes / 1e6:,.0f} MB", str(place.path)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


if __name__ == "__main__":
    sys.exit(main())
