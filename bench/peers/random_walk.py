"""What others take for the cases of random-walk.ts, on one thread, in milliseconds.

"step" is y = A f over 500 x 375 pixels with R = 5, 21 classes and A given. "10 iterations" and "random walker" refine a prediction:
the argument is a file of the scene, RGB bytes [375, 500, 3], then float32 probabilities [375, 500, 21].
"""

import sys

from timing import median_seconds, print_figures, use_threads

use_threads(1)

HEIGHT, WIDTH, CLASSES, RADIUS = 375, 500, 21, 5
PIXELS = HEIGHT * WIDTH
DISC = [
    (row, column)
    for row in range(-RADIUS, RADIUS + 1)
    for column in range(-RADIUS, RADIUS + 1)
    if row * row + column * column <= RADIUS * RADIUS
]


def median_milliseconds(run, rounds):
    return 1e3 * median_seconds(run, rounds)


def transition_matrix():
    """A in CSR form, (indptr, indices, data), rows of random affinities that sum to one."""
    import numpy as np

    rows, columns = np.divmod(np.arange(PIXELS), WIDTH)
    # Ascending within a row of A, as the disc is in reading order.
    to_rows = rows[:, None] + np.array([row for row, _ in DISC])
    to_columns = columns[:, None] + np.array([column for _, column in DISC])
    inside = (to_rows >= 0) & (to_rows < HEIGHT) & (to_columns >= 0) & (to_columns < WIDTH)
    affinities = np.random.default_rng(1).random(inside.shape, dtype=np.float32) * inside
    affinities /= affinities.sum(1, keepdims=True)
    indptr = np.concatenate([[0], np.cumsum(inside.sum(1))]).astype(np.int32)
    return indptr, (to_rows * WIDTH + to_columns)[inside].astype(np.int32), affinities[inside]


def random_values():
    import numpy as np

    return np.random.default_rng(2).random((PIXELS, CLASSES), dtype=np.float32)


def measure_torch():
    import torch

    torch.set_num_threads(1)
    a = torch.sparse_csr_tensor(*map(torch.from_numpy, transition_matrix()), size=(PIXELS, PIXELS))
    f = torch.from_numpy(random_values())
    return f"PyTorch {torch.__version__}, CSR", {"step": median_milliseconds(lambda: a @ f, 7)}


def measure_scipy():
    import scipy
    from scipy.sparse import csr_matrix

    indptr, indices, data = transition_matrix()
    a = csr_matrix((data, indices, indptr), shape=(PIXELS, PIXELS))
    f = random_values()
    return f"scipy {scipy.__version__}, CSR", {"step": median_milliseconds(lambda: a @ f, 7)}


def measure_jax():
    import jax
    import jax.numpy as jnp

    weights = jax.random.uniform(jax.random.key(1), (len(DISC), HEIGHT, WIDTH))
    weights /= weights.sum(0)
    f = jnp.asarray(random_values()).reshape(HEIGHT, WIDTH, CLASSES)

    @jax.jit
    def step(weights, f):
        padded = jnp.pad(f, ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)))
        shifted = (
            padded[RADIUS + row : RADIUS + row + HEIGHT, RADIUS + column : RADIUS + column + WIDTH]
            for row, column in DISC
        )
        return sum(weight[:, :, None] * values for weight, values in zip(weights, shifted))

    return f"JAX {jax.__version__}, shifted arrays", {"step": median_milliseconds(lambda: jax.block_until_ready(step(weights, f)), 7)}


def read_scene():
    import numpy as np

    scene = np.fromfile(sys.argv[1], np.uint8)
    rgb = scene[: 3 * PIXELS].reshape(HEIGHT, WIDTH, 3)
    return rgb, scene[3 * PIXELS :].view(np.float32).reshape(HEIGHT, WIDTH, CLASSES)


def measure_pydensecrf():
    import numpy as np
    import pydensecrf.densecrf as dcrf
    from pydensecrf.utils import unary_from_softmax

    rgb, probabilities = read_scene()
    unary = unary_from_softmax(np.ascontiguousarray(probabilities.reshape(PIXELS, CLASSES).T))

    def run():
        crf = dcrf.DenseCRF2D(WIDTH, HEIGHT, CLASSES)
        crf.setUnaryEnergy(unary)
        crf.addPairwiseGaussian(sxy=3, compat=3)
        crf.addPairwiseBilateral(sxy=80, srgb=13, rgbim=rgb, compat=10)
        crf.inference(10)

    return "pydensecrf", {"10 iterations": median_milliseconds(run, 3)}


def measure_random_walker():
    """Grady's (2006), four neighbours a pixel: walks start from pixels within 10 of another label, all others are seeds."""
    import numpy as np
    import skimage
    from scipy.ndimage import maximum_filter, minimum_filter
    from skimage.segmentation import random_walker

    rgb, probabilities = read_scene()
    predicted = probabilities.argmax(2)
    # Labels count from 1, in a row, and 0 is a pixel without one.
    labels = np.searchsorted(np.unique(predicted), predicted) + 1
    labels[maximum_filter(predicted, 21) != minimum_filter(predicted, 21)] = 0

    def run():
        random_walker(rgb / 255, labels, beta=130, mode="cg_j", tol=1e-3, channel_axis=2)

    return f"scikit-image {skimage.__version__}, random_walker", {"random walker": median_milliseconds(run, 3)}


print_figures([measure_torch, measure_scipy, measure_jax, measure_pydensecrf, measure_random_walker])
