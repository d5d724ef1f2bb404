"""Animations have one frame per snapshot, that say what they show."""

import base64
import itertools
import re
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

import vaecourse as vc
from vaecourse import animations


@pytest.fixture
def snapshots(random_split):
    """Three snapshots of 40 images, made by training."""
    kept = vc.Snapshots(random_split[:40])
    model = vc.VAE(random_split.image_shape, 3, hidden=(16,))
    vc.fit(model, random_split, vc.losses.BetaVAE(), 2, callbacks=[kept], progress=False)
    return kept


def frames(animation: animations.Animation) -> list[np.ndarray]:
    moving = Image.open(BytesIO(animation.data))
    pictures = []
    for k in range(moving.n_frames):
        moving.seek(k)
        pictures.append(np.asarray(moving.convert("RGBA")))
    return pictures


def test_latent_space_has_a_frame_for_each_epoch(snapshots):
    animation = animations.latent_space(snapshots, snapshots.split.labels)
    pictures = frames(animation)
    assert len(pictures) == 3
    assert all((before != after).any() for before, after in itertools.pairwise(pictures))
    assert all(picture[0, 0, 3] == 0 for picture in pictures)  # on no page it has an edge
    assert len(animation.data) < 1.5e6
    assert "epoch 0 to 2, principal components of the 3-D codes of epoch 2" in animation.description


def test_axes_stay_while_codes_move(random_split):
    kept = vc.Snapshots(random_split[:2])
    kept.epochs = [0, 1]
    kept.codes = [torch.tensor([[-1.0, -1], [1, 1]]), torch.tensor([[-1.0, -1], [0, 0]])]
    before, after = frames(animations.latent_space(kept, kept.split.labels))
    # The first point stays, so with axes that stay the lower left quarter of the picture does.
    height, width = before.shape[:2]
    assert np.array_equal(before[height * 6 // 10 :, : width * 4 // 10], after[height * 6 // 10 :, : width * 4 // 10])
    assert (before != after).any()


def test_reconstructions_have_scores_and_a_frame_for_each_epoch(snapshots):
    animation = animations.reconstructions(snapshots, count=4)
    assert len(frames(animation)) == 3
    assert animation.description.startswith("Animation: 4 images and their reconstructions from epoch 0 to 2")


def test_the_last_frame_is_held_and_the_animation_repeats(snapshots):
    moving = Image.open(BytesIO(animations.reconstructions(snapshots).data))
    durations = []
    for k in range(moving.n_frames):
        moving.seek(k)
        moving.load()  # WebP knows the duration of a frame once it is decoded
        durations.append(moving.info["duration"])
    assert moving.info["loop"] == 0
    assert durations[-1] > 3 * durations[0]


def test_many_epochs_are_thinned_but_keep_both_ends(snapshots):
    snapshots.epochs = list(range(100))
    snapshots.reconstructions = [torch.rand(40, 1, 12, 12) for _ in range(100)]
    animation = animations.reconstructions(snapshots, count=1)
    assert len(frames(animation)) == animations.MOST_FRAMES
    assert "from epoch 0 to 99" in animation.description


def test_an_animation_stands_still_until_it_is_opened_and_is_saved(snapshots, tmp_path):
    animation = animations.reconstructions(snapshots, count=1)
    image = r'<img src="data:image/webp;base64,([^"]+)" alt="[^"]+" loading="lazy" style="[^"]*">'
    still, moving = re.fullmatch(
        f"{image}<details><summary>[^<]+</summary>{image}</details>", animation._repr_html_()
    ).groups()
    assert base64.b64decode(still) == animation.still
    assert not getattr(Image.open(BytesIO(animation.still)), "is_animated", False)
    assert np.array_equal(np.asarray(Image.open(BytesIO(animation.still)).convert("RGBA")), frames(animation)[-1])
    animation.save(tmp_path / "learning.webp")
    assert (tmp_path / "learning.webp").read_bytes() == base64.b64decode(moving)


def test_what_cannot_be_animated_says_why(snapshots, random_split):
    with pytest.raises(ValueError, match=r"there are no snapshots: give them to fit as callbacks=\[snapshots\]"):
        animations.reconstructions(vc.Snapshots(random_split))
    with pytest.raises(ValueError, match="count must be at least 1, got 0"):
        animations.reconstructions(snapshots, count=0)
    with pytest.raises(ValueError, match="40 codes need 40 labels"):
        animations.latent_space(snapshots, random_split.labels)
    snapshots.codes = [codes[:, :1] for codes in snapshots.codes]
    with pytest.raises(ValueError, match="at least 2 dimensions"):
        animations.latent_space(snapshots, snapshots.split.labels)
