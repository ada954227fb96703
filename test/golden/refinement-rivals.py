"""Golden values for lib/random-walk/rivals: the dense CRF by pydensecrf, the domain transform's recursive filter by banded solves.

pip install numpy==2.4.6 scipy==1.17.1 pydensecrf2==1.1
python test/golden/refinement-rivals.py > test/golden/refinement-rivals.json
"""

import base64
import importlib.metadata
import json
import platform
import sys

import numpy
import pydensecrf.densecrf
import scipy
import scipy.linalg
import scipy.ndimage
from pydensecrf.utils import unary_from_softmax

HEIGHT, WIDTH, CLASSES = 20, 28, 4
random = numpy.random.default_rng(2011)


def smooth(channels, sigma):
    noise = scipy.ndimage.gaussian_filter(random.normal(size=(HEIGHT, WIDTH, channels)), (sigma, sigma, 0))
    return noise / noise.std()


regions = smooth(CLASSES, 4)
palette = random.integers(40, 216, size=(CLASSES, 3))
image = numpy.clip(palette[regions.argmax(2)] + 10 * random.normal(size=(HEIGHT, WIDTH, 3)), 0, 255).astype(numpy.uint8)
scores = regions + 1.2 * smooth(CLASSES, 1)
probabilities = (numpy.exp(scores) / numpy.exp(scores).sum(2, keepdims=True)).astype(numpy.float32)


def dense_crf(iterations, gaussian, bilateral):
    crf = pydensecrf.densecrf.DenseCRF2D(WIDTH, HEIGHT, CLASSES)
    crf.setUnaryEnergy(unary_from_softmax(numpy.ascontiguousarray(probabilities.transpose(2, 0, 1))))
    if gaussian:
        crf.addPairwiseGaussian(sxy=gaussian[0], compat=gaussian[1])
    if bilateral:
        crf.addPairwiseBilateral(sxy=bilateral[0], srgb=bilateral[1], rgbim=numpy.ascontiguousarray(image), compat=bilateral[2])
    marginals = numpy.array(crf.inference(iterations)).reshape(CLASSES, HEIGHT, WIDTH).transpose(1, 2, 0)
    return {
        "iterations": iterations,
        "gaussian": gaussian,
        "bilateral": bilateral,
        "probabilities": packed(marginals.astype(numpy.float32)),
    }


def packed(array):
    return base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode()


def line(values, weights):
    """Both recursions as bidiagonal systems: F[n] - a[n] F[n - 1] = (1 - a[n]) J[n], and its mirror image."""
    length = len(values)
    lower = numpy.zeros((2, length))
    lower[0] = 1
    lower[1, :-1] = -weights
    there = values * numpy.concatenate([[1], 1 - weights])[:, None]
    there = scipy.linalg.solve_banded((1, 0), lower, there)
    upper = numpy.zeros((2, length))
    upper[1] = 1
    upper[0, 1:] = -weights
    back = there * numpy.concatenate([1 - weights, [1]])[:, None]
    return scipy.linalg.solve_banded((0, 1), upper, back)


def domain_transform(spatial, range_scale, iterations):
    picture = image.astype(float) / 255
    across = 1 + spatial / range_scale * numpy.abs(numpy.diff(picture, axis=1)).sum(2)
    down = 1 + spatial / range_scale * numpy.abs(numpy.diff(picture, axis=0)).sum(2)
    result = probabilities.astype(float)
    for iteration in range(iterations):
        sigma = spatial * numpy.sqrt(3) * 2 ** (iterations - iteration - 1) / numpy.sqrt(4**iterations - 1)
        a = numpy.exp(-numpy.sqrt(2) / sigma)
        for y in range(HEIGHT):
            result[y] = line(result[y], a ** across[y])
        for x in range(WIDTH):
            result[:, x] = line(result[:, x], a ** down[:, x])
    return {
        "spatialScale": spatial,
        "rangeScale": range_scale,
        "iterations": iterations,
        "probabilities": packed(result.astype(numpy.float32)),
    }


json.dump(
    {
        "source": f"Python {platform.python_version()}, numpy {numpy.__version__}, scipy {scipy.__version__}, pydensecrf2 "
        f"{importlib.metadata.version('pydensecrf2')}: test/golden/refinement-rivals.py",
        "height": HEIGHT,
        "width": WIDTH,
        "classes": CLASSES,
        "rgb": packed(image),
        "probabilities": packed(probabilities),
        "denseCrf": [
            dense_crf(1, (3, 3), None),
            dense_crf(1, None, (8, 13, 4)),
            dense_crf(5, (3, 3), (80, 13, 10)),
            dense_crf(10, (3, 3), (80, 13, 10)),
        ],
        "domainTransform": [domain_transform(10, 0.5, 1), domain_transform(60, 0.4, 3)],
    },
    sys.stdout,
)
print()
