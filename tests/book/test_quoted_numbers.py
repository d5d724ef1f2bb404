"""A number with a unit in the prose is that of a checked cell, of a file, or of a formula; `GIVEN` says which.

Looked at are the text cells and captions of the chapters, the README and the pages of the book: numbers, in digits or
as words, before nats, dB or %. A number that a checked cell of its notebook prints needs no entry. Any other needs one:
a value (from a card, from ``results/`` or from a formula), to which it must be equal as it is rounded, or a `Reason`
why there is none.
"""

import json
import math
import re
from functools import cache
from pathlib import Path
from statistics import mean, median

import pytest

import vaecourse as vc

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "notebooks").glob("*.ipynb")), ROOT / "README.md", *sorted((ROOT / "book").glob("*.md"))]
WORDS = {"half a": 0.5, "half an": 0.5} | {
    word: value
    for value, word in enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=2)
}
NUMBER = r"[−+-]?(?:\d{1,3}(?:,\d{3})+|\d*\.?\d+)"
JOINED = r"(?: to | and | or | against | for |, )"
WORD = rf"\b(?:{'|'.join(WORDS)}|one)"
QUOTED = re.compile(
    rf"{NUMBER}(?:{JOINED}{NUMBER})*\s?\$?\s?(?:nats?|dB|decibels?|%)(?!\w)"
    rf"|{WORD}(?:{JOINED}{WORD})* (?:nats|decibels|per cent)\b|\bhalf an? (?:nat|decibel)\b"
)


class Reason(str):
    """Why a number has no source."""


class About(float):
    """A value that a round number stands for, within a twentieth."""


@cache
def read(path: str) -> dict:
    return json.loads((ROOT / path).read_text())


def card(name: str, *path) -> float:
    """A score of a pretrained model."""
    found = read(f"vaecourse/pretrained/weights/{name}.json")["scores"]
    for key in path:
        found = found[key]
    return found


def runs(folder: str, pattern: str = "*") -> list[dict]:
    paths = sorted((ROOT / "results" / folder).glob(f"{pattern}.json"))
    assert paths, f"no {pattern} in results/{folder}"
    return [read(str(path.relative_to(ROOT))) for path in paths]


def nll(setting: str) -> list[float]:
    return [run["nll"] for run in runs("mnist_likelihood", f"{setting}_seed*")]


def face(name: str, seed: int = 0) -> dict:
    return read(f"results/face_levels/{name}_seed{seed}.json")


def term(method: str, name: str) -> float:
    return mean(run["test"][name] for run in runs("method_comparison", f"{method}_seed*"))


def at_equal_rate(method: str, score) -> float:
    """What a method has more of a score than the curve of the β-VAE, as the results page computes it."""
    plain = runs("method_comparison", "beta_vae_*")
    rates, scores, seeds = zip(
        *((run["test"]["rate"], score(run), run["training"]["seed"]) for run in plain), strict=True
    )
    curve = vc.metrics.RateCurve(rates, scores, seeds, draws=0)
    return mean(score(run) - curve(run["test"]["rate"]).item() for run in runs("method_comparison", f"{method}_seed*"))


def distortion(run: dict) -> float:
    return run["test"]["distortion"]


def lost_decibels(run: dict) -> float:
    return -run["psnr"]


def overfitting(digits: int) -> list[float]:
    """How much better the PH-VAE and its controls are on their training digits, in nats."""
    return [
        run["scores"]["elbo"]["negative_elbo"] - run["train_negative_elbo"]
        for run in runs("ph_vae_controls", f"*_n{digits}_seed*")
    ]


def dsprites_medians(term: str) -> dict[str, float]:
    """The median over seeds of a term of the ELBO, by recipe."""
    terms = {}
    for run in runs("dsprites_benchmark"):
        terms.setdefault(run["recipe"]["name"].removesuffix("-dsprites"), []).append(run["scores"]["elbo"][term])
    return {name: median(values) for name, values in terms.items()}


def lab(question: str, phase: int) -> dict:
    """What the lab shows after a phase of one of its questions."""
    return read("results/lab/questions.json")[question]["phases"][phase]


def ahead(name: str, reference: str, score: tuple[str, str]) -> float:
    """How much lower the score of a card is than that of the reference."""
    return card(reference, *score) - card(name, *score)


LEVEL = Reason("the level of an interval")
EXAMPLE = Reason("an example that the text makes up, or the data of an exercise")
PUBLISHED = Reason("a published number, cited beside it")
SETTING = Reason("a setting of the code beside it")
DEFINITION = Reason("defines what is measured")

BETTER_TWO = [one - two for one in nll("deep_vae") for two in nll("hdvae2_chain") + nll("hdvae2_product")]
DIGITS = [ahead(name, "vae16-mnist", ("nll", "nll")) for name in ("hdvae2-mnist", "hdvae3-mnist")]
CLOTHES = [ahead(f"hdvae{n}-fashion-mnist", "vae16-fashion-mnist", ("elbo", "negative_elbo")) for n in (2, 3)]
GIVEN = {
    "00_start_here": {
        "0.693$ nats": math.log(2),
        "543$ nats": 784 * math.log(2),
        "90 nats": About(nll("vae")[0]),
    },
    "01_autoencoder": {
        "80 nats": About(card("vae16-mnist", "elbo", "distortion")),
        "10 dB": 10 * math.log10(10),
        "21.0 dB": card("ae-mnist", "reconstruction", "psnr", 0),
        # A circle of radius r holds 1 − exp(−r²/2) of a standard Gaussian in the plane.
        "39%": 100 * (1 - math.exp(-1 / 2)),
        "86%": 100 * (1 - math.exp(-4 / 2)),
        "99%": 100 * (1 - math.exp(-9 / 2)),
        # A ball fills π^(d/2) / Γ(d/2 + 1) / 2^d of its box.
        "79%": 100 * math.pi / 4,
        "52%": 100 * math.pi / 6,
        "0.0004%": 100 * math.pi**8 / math.factorial(8) / 2**16,
    },
    "02_vae": {
        "0.1 nats": EXAMPLE,
        "21.0 and 19.9 dB": (
            card("ae-mnist", "reconstruction", "psnr", 0),
            card("vae16-mnist", "reconstruction", "psnr", 0),
        ),
        "95.6 nats": card("vae16-mnist", "nll", "nll"),
    },
    "03_beta_vae": {
        "15 %": SETTING,
        "half a nat": math.log(13**2 / (24 * 2)) / 2,
    },
    "05_hdvae_two_levels": {
        "2.3 nats": math.log(10),
        "86.76 nats": PUBLISHED,
        "half a nat": max(max(nll(name)) - min(nll(name)) for name in ("deep_vae", "hdvae2_chain", "hdvae2_product")),
    },
    "06_hdvae_three_levels": {
        "half a nat": lab("two levels, beta 1 and 1", 1)["rates"][1],
    },
    "07_generalisation": {
        "6.02$ dB": 20 * math.log10(2),
        "−2,000 nats": EXAMPLE,
        "−1,500 nats": EXAMPLE,
        "one to two nats": (min(CLOTHES), max(CLOTHES)),
        "three nats": read("vaecourse/pretrained/weights/hdvae3-fashion-mnist.json")["other_seeds"]["1"]["elbo"][
            "rate_1"
        ],
    },
    "08_comparison": {
        "50 %": Reason("a classifier that guesses"),
        "0.83 nats": -math.log(1 - 0.9**2) / 2,
        "0.5 nats": (1 - math.log(1)) / 2,
        "0.35$ nats": math.log(2) / 2,
        "half a nat": (1 - math.log(1)) / 2,
        "22.9 dB": EXAMPLE,
        "22.8 dB": EXAMPLE,
        "one to two nats": (min(DIGITS), max(DIGITS)),
    },
    "09_metrics": {"40$ nats": Reason("a formula, ln 40, and no number")},
    "10_celeba_traversal": {
        "18.4 dB": face("spatial-celeba")["psnr"][5],
        "28.0 dB": face("spatial-celeba")["psnr"][0],
        "27.5 dB": face("spatial-celeba", seed=1)["psnr"][0],
        "103 nats": sum(face("spatial-celeba")["rate"][4:]),
        "109 nats": sum(face("hdvae3-celeba")["rate"]),
        "1.7 dB": face("spatial-celeba")["psnr"][4] - face("hdvae3-celeba")["psnr"][0],
        "90 %": DEFINITION,
        "95 %": LEVEL,
        "88 %": 100
        * face("spatial-celeba")["probes"]["1"]["accuracy"][face("spatial-celeba")["attributes"].index("Smiling")],
        "23 %": 100 * max(abs(r) for r in face("spatial-celeba")["best_units"]["6"]["correlation"]) ** 2,
    },
    "11_reproducing_hdvae": {
        "90.8 to 91.0 against 91.1 to 91.6 nats": (
            min(nll("hdvae2_product")),
            max(nll("hdvae2_product")),
            min(nll("hdvae2_chain")),
            max(nll("hdvae2_chain")),
        ),
        "22.0 dB": mean(run["psnr"][0] for run in runs("hdvae_reconstruction", "hdvae3_*")),
        "1.1 to 2.0 nats": (min(BETTER_TWO), max(BETTER_TWO)),
    },
    "12_where_hierarchies_lead": {"−1.70 nats": EXAMPLE},
    "lab": {
        "0.6 nats": lab("gap", 0)["negativeElbo"] - lab("gap", 0)["negativeLogP"],
        "2.3 nats": lab("way back", 0)["rates"][0],
        "half a nat": lab("two levels, beta 1 and 1", 1)["rates"][1],
        "2.9 nats": lab("two levels, beta 1 and 4", 1)["rates"][0],
        "0.04 nats": lab("two levels, beta 1 and 4", 1)["negativeElbo"]
        - lab("two levels, beta 1 and 1", 1)["negativeElbo"],
    },
    "results": {
        "half a nat": runs("mnist_likelihood", "hdvae3_product_seed0")[0]["rate_by_level"][2],
        "five nats": mean(nll("deep_vae")) - nll("conv_vae")[0],
        "1.2 nats": nll("wide_vae")[0] - nll("wide_hdvae2_product")[0],
        "95 %": LEVEL,
        "33 nats": term("dip_i_0.8_beta1", "covariance_penalty"),
        "9.8 dB": min(run["psnr"] for run in runs("method_comparison", "dip_ii_10_beta1_seed*")),
        "2.6 and 2.8 nats": tuple(-at_equal_rate(f"hdvae{n}_0_beta0.25", distortion) for n in (2, 3)),
        ".4 dB": -at_equal_rate("dip_i_0.8_beta1", lost_decibels),
        "20 for 12 nats": (term("dip_i_0.8_beta1", "rate"), term("beta_vae_0_beta1", "rate")),
        "two nats": mean(
            first["scores"]["elbo"]["negative_elbo"] - second["scores"]["elbo"]["negative_elbo"]
            for first, second in zip(
                runs("ph_vae_controls", "ph_vae_beta1_n500_*"),
                runs("ph_vae_controls", "vae16_beta1_n500_*"),
                strict=True,
            )
        ),
        "3 to 8 nats": (min(overfitting(500)), max(overfitting(500))),
        "8 to 49 nats": (min(dsprites_medians("rate").values()), max(dsprites_medians("rate").values())),
        "21 nats": dsprites_medians("distortion")["factor-vae-35"] - dsprites_medians("distortion")["vae"],
        "18 dB": face("spatial-celeba")["psnr"][5],
        "27.5 dB": face("spatial-celeba", seed=1)["psnr"][0],
        "28.0 dB": face("spatial-celeba")["psnr"][0],
        "15,000 nats": About(face("beta-vae-celeba")["negative_elbo"] - face("spatial-bound-celeba")["negative_elbo"]),
        "31.5 dB": face("spatial-bound-celeba")["psnr"][0],
        "31.0 dB": face("spatial-bound-celeba", seed=1)["psnr"][0],
        "3 nats": runs("face_samples", "alike_within_a_size_seed0")[0]["rate"][2],
        "103 nats": sum(face("spatial-celeba")["rate"][4:]),
        "109 nats": sum(face("hdvae3-celeba")["rate"]),
        "1.7 dB": face("spatial-celeba")["psnr"][4] - face("hdvae3-celeba")["psnr"][0],
        ".2 dB": face("hdvae3-celeba")["psnr"][0] - face("hdvae3-celeba")["psnr"][2],
        "227 nats": face("beta-vae-celeba")["rate"][0],
        "18.7 dB": face("beta-vae-celeba")["psnr"][0],
        "90 %": DEFINITION,
    },
}


def quoted(path: Path) -> list[str]:
    """The numbers with a unit in the prose of a page that no checked cell of it prints."""
    if path.suffix == ".ipynb":
        cells = read(str(path.relative_to(ROOT)))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        texts += [cell["metadata"].get("mystnb", {}).get("figure", {}).get("caption", "") for cell in cells]
        code = [
            cell for cell in cells if cell["cell_type"] == "code" and "NBVAL_CHECK_OUTPUT" in "".join(cell["source"])
        ]
        printed = " ".join("".join(output.get("text", "")) for cell in code for output in cell["outputs"])
    else:
        page = path.read_text()
        texts = [re.sub(r"```\{code-cell\}.*?\n```", "", page, flags=re.DOTALL), *re.findall(r" caption: (.*)", page)]
        printed = ""
    found = [match for text in texts for match in QUOTED.findall(re.sub(r"<[^>]*>", "", text))]
    known = {number.lstrip("−+-") for number in re.findall(NUMBER, printed)}
    return [
        each
        for each in dict.fromkeys(found)
        if not (numbers := re.findall(NUMBER, each)) or any(number.lstrip("−+-") not in known for number in numbers)
    ]


def agrees(text: str, value: float) -> bool:
    """Whether a number is the value, as it is rounded."""
    if text in WORDS or text == "one":
        return abs(WORDS.get(text, 1) - value) <= (0.25 if text.startswith("half") else 0.5)
    number = float(text.replace("−", "-").replace(",", ""))
    if isinstance(value, About):
        return abs(number - value) <= 0.05 * abs(value)
    decimals = len(text.partition(".")[2])
    return abs(number - value) <= 0.5 * 10**-decimals + 1e-9


def numbers_of(phrase: str) -> list[str]:
    return re.findall(NUMBER, phrase) or re.findall("|".join([*WORDS, "one"]), phrase)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_number_with_a_unit_has_a_source(path):
    given = GIVEN.get(path.stem, {})
    found = quoted(path)
    assert [each for each in found if each not in given] == [], "bring these from a file, derive them, or cut them"
    assert [each for each in given if each not in found] == [], "these are in the text no longer"


@pytest.mark.parametrize(
    ("page", "phrase"), [(page, phrase) for page, given in GIVEN.items() for phrase in given], ids=lambda text: text
)
def test_quoted_numbers_are_those_of_their_sources(page, phrase):
    source = GIVEN[page][phrase]
    if isinstance(source, Reason):
        return
    values = source if isinstance(source, tuple) else (source,)
    for text, value in zip(numbers_of(phrase), values, strict=True):
        assert agrees(text, value), f"{page} says {phrase}, its source {value:.4g}"


def test_what_is_looked_for():
    text = "by 1.1 to 2.0 nats, 15,000 nats, **.2 dB**, at 95 %, 39%, one to two nats, half a nat; 3 levels, a nat"
    found = ["1.1 to 2.0 nats", "15,000 nats", ".2 dB", "95 %", "39%", "one to two nats", "half a nat"]
    assert QUOTED.findall(text) == found


@pytest.mark.parametrize(
    ("text", "value", "right"),
    [
        ("2.1", 2.14, True),
        ("2.1", 2.16, False),
        ("−.5", -0.5, True),
        ("two", 1.6, True),
        ("two", 2.6, False),
        ("half a", 0.8, False),
        ("15,000", About(14_909), True),
        ("15,000", 14_909.0, False),
    ],
)
def test_numbers_agree_as_they_are_rounded(text, value, right):
    assert agrees(text, value) == right
