"""What each level of a model of faces carries: nats, decibels, attributes or factors, and how much of the image.

    python experiments/face_levels.py spatial-celeba [--folder FOLDER --seed 1]

Without a folder the model is the one that comes with the package; with one, ``spatial-celeba_seed1`` of the folder
into which ``python -m vaecourse train`` has written. All codes are posterior means. Rates and PSNR are means over all
held-out faces; probes and units are fitted or chosen on all training faces (factors: on the first 5,000), and measured
on all held-out ones. Writes ``results/face_levels/spatial-celeba_seed0.json``, in a few minutes. It refuses a stand-in.
"""

import argparse

import numpy as np
import torch
from phases import RESULTS

import vaecourse as vc
from vaecourse.data.rendered.ground_truth import GROUND_TRUTH
from vaecourse.evaluation import change_of, codes_of, measure_units, reach
from vaecourse.pretrained.cards import provenance, rounded, write_record

# Of half the squared length of the coefficients: hundreds of units and 9,000 faces need more than the usual 1.
PENALTY = 100.0
TRAINING_FACES = 5_000  # for factors
REACH = {"faces": 8, "units": 5}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="name of a recipe of faces")
    parser.add_argument("--folder", help="where trainings were written; default: the models of the package")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    name = f"{options.model}_seed{options.seed}" if options.folder else options.model
    model = vc.load_pretrained(name, options.folder)
    faces = vc.load(model.card["recipe"]["data"], offline="error")
    codes = {split: codes_of(model, getattr(faces, split)) for split in ("train", "test")}
    report = vc.level_report(model, faces.test)
    result = {
        "model": options.model,
        "seed": model.card["seed"],
        "units": report.units,
        "rate": report.rate,
        "psnr": report.psnr,
        "negative_elbo": model.card["scores"]["elbo"]["negative_elbo"],
        "weights": sum(weights.numel() for weights in model.parameters()),
        "reach": reach_of_levels(model, faces.test[: REACH["faces"]], measure_units(model, faces.test)),
        "reach_measured_on": REACH,
    }
    measure = known_factors if faces.name in GROUND_TRUTH else attributes
    result |= measure(faces, codes) | provenance(faces)
    result["measure_command"] = f"python experiments/face_levels.py {options.model}"
    if options.folder:
        result["measure_command"] += f" --folder FOLDER --seed {options.seed}"
    path = RESULTS / "face_levels" / f"{options.model}_seed{model.card['seed']}.json"
    write_record(rounded(result), path)
    print(f"{path.stem}: rates {report.rate}, PSNR {report.psnr}, written to {path.relative_to(RESULTS.parent)}")


def reach_of_levels(model, split: vc.Split, measured) -> list[float]:
    """For each level the part of the image that 90 % of a change lies in: the median over units and faces."""
    codes = codes_of(model, split)
    found = []
    for level, units in enumerate(measured, start=1):
        parts = [
            reach(change_of(model, [values[[face]] for values in codes], level, unit, units))
            for face in range(len(split))
            for unit in units.order[: REACH["units"]]
        ]
        found.append(float(np.median(parts)))
    return found


def parts_of(codes: dict) -> dict:
    """Codes of each level alone, and of each level with those above it: by name, for both splits."""
    levels = len(codes["test"])
    found = {}
    for level in range(levels, 0, -1):
        found[str(level)] = {split: values[level - 1] for split, values in codes.items()}
        if level < levels:
            found[f"{level}–{levels}"] = {split: torch.cat(values[level - 1 :], 1) for split, values in codes.items()}
    return found


def attributes(faces: vc.data.ImageSet, codes: dict) -> dict:
    """Linear probes of all attributes, from each level and from each with those above; and the best unit of each."""
    yes, answers = faces.train.factors, faces.test.factors
    probes = {}
    for part, values in parts_of(codes).items():
        probe = vc.attributes.linear_probe(
            values["train"], yes, (values["test"], answers), balanced=False, penalty=PENALTY
        )
        probes[part] = {key: getattr(probe, key).tolist() for key in ("accuracy", "low", "high")}
        print(
            f"levels {part}: {probe.beats_guessing.sum()} of {len(probe.guess)} attributes above guessing", flush=True
        )
    units = {}
    for level, (known, other) in enumerate(zip(codes["train"], codes["test"], strict=True), start=1):
        best = vc.attributes.best_units(known, yes, (other, answers))
        units[str(level)] = {key: getattr(best, key).tolist() for key in ("unit", "training", "correlation")}
        units[str(level)] |= {"low": best.low.tolist(), "high": best.high.tolist(), "bar": best.bar}
    return {
        "attributes": list(faces.factor_names),
        "guess": probe.guess.tolist(),
        "penalty": PENALTY,
        "probes": probes,
        "best_units": units,
    }


def known_factors(faces: vc.data.ImageSet, codes: dict) -> dict:
    """R² of every factor from each level and from each with those above, and the largest of a single unit."""
    truth = GROUND_TRUTH[faces.name]
    scores, single = {}, {}
    for part, values in parts_of(codes).items():
        known, other = values["train"][:TRAINING_FACES], values["test"]
        scores[part] = [
            vc.metrics.r2(
                known,
                faces.train.factors[:TRAINING_FACES, [column]],
                cyclic={0: truth.cyclic[column]} if column in truth.cyclic else None,
                categorical=[0] if column in truth.categorical else (),
                test=(other, faces.test.factors[:, [column]]),
            ).score
            for column in range(len(faces.factor_names))
        ]
        single[part] = vc.metrics.max_r2(other, faces.test.factors).matrix.max(0).tolist()
    return {"factors": list(faces.factor_names), "r2": scores, "max_r2": single, "factor_faces": TRAINING_FACES}


if __name__ == "__main__":
    main()
