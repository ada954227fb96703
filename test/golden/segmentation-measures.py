"""Golden values for lib/random-walk/evaluation: 20 seeded label maps with void, and predictions of them, measured by
numpy, scipy and scikit-image alone.

pip install numpy==2.4.6 scipy==1.17.1 scikit-image==0.26.0
python test/golden/segmentation-measures.py > test/golden/segmentation-measures.json
"""

import base64
import json
import platform
import sys
import zlib

import numpy
import scipy
import scipy.ndimage
import scipy.sparse
import scipy.sparse.csgraph
import scipy.spatial
import skimage
import skimage.morphology

CLASSES = 5
VOID = 255
WIDTHS = list(range(1, 21))
THRESHOLDS = [round(0.08 * step + 0.003, 3) for step in range(1, 12)]  # no sum of 255ths is one of these
MAXIMUM_DISTANCE = 0.05  # of the diagonal: the images are small

random = numpy.random.default_rng(16050)


def packed(array):
    return base64.b64encode(zlib.compress(numpy.ascontiguousarray(array).tobytes(), 9)).decode()


def smooth_scores(height, width, sigma):
    noise = random.normal(size=(height, width, CLASSES))
    scores = scipy.ndimage.gaussian_filter(noise, (sigma, sigma, 0))
    return scores / scores.std()


def make(index):
    height, width = int(random.integers(16, 27)), int(random.integers(16, 33))
    scores = smooth_scores(height, width, 4)
    truth = scores.argmax(2).astype(numpy.uint8)
    if index % 4 == 3:
        truth[truth == 2] = 1  # a class that is absent from some images
    scores = 2 * scores + 1.5 * smooth_scores(height, width, 2)
    probabilities = numpy.exp(scores) / numpy.exp(scores).sum(2, keepdims=True)
    # In 255ths, so that they are the same numbers in float32 wherever they are read.
    probabilities = numpy.round(255 * probabilities).astype(numpy.uint8)
    prediction = probabilities.argmax(2).astype(numpy.uint8)
    truth[smooth_scores(height, width, 3)[..., 0] > 1.6] = VOID
    return truth, probabilities, prediction


def confusion(pairs):
    matrix = numpy.zeros((CLASSES, CLASSES), int)
    for truth, prediction in pairs:
        for a in range(CLASSES):
            for b in range(CLASSES):
                matrix[a, b] += int(((truth == a) & (prediction == b)).sum())
    return matrix


def scores_of(matrix):
    true_positives = numpy.diag(matrix).astype(float)
    false_negatives = matrix.sum(1) - true_positives
    false_positives = matrix.sum(0) - true_positives
    union = true_positives + false_positives + false_negatives
    with numpy.errstate(invalid="ignore"):
        iou = true_positives / union
    frequency = matrix.sum(1) / matrix.sum()
    return {
        "classIoU": [None if numpy.isnan(value) else float(value) for value in iou],
        "meanIoU": float(numpy.nanmean(iou)),
        "microIoU": float(true_positives.sum() / union.sum()),
        "frequencyWeightedIoU": float(numpy.nansum(frequency * iou)),
        "pixelAccuracy": float(true_positives.sum() / matrix.sum()),
    }


def trimap(truth, prediction):
    padded = numpy.pad(truth.astype(int), 1, mode="edge")
    middle = padded[1:-1, 1:-1]
    sides = numpy.zeros(truth.shape, bool)
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        sides |= numpy.roll(padded, (-dy, -dx), (0, 1))[1:-1, 1:-1] != middle
    distance = scipy.ndimage.distance_transform_edt(~sides)
    if not sides.any():
        distance[:] = numpy.inf
    judged = truth != VOID
    return [
        [int((judged & (distance < width)).sum()), int((judged & (distance < width) & (truth != prediction)).sum())]
        for width in WIDTHS
    ]


def forward(array, function):
    """The largest of function(pixel, neighbour) over the E, S and SE neighbours."""
    height, width = array.shape[:2]
    result = numpy.zeros((height, width), numpy.float32)
    for dy, dx in ((0, 1), (1, 0), (1, 1)):
        here, there = array[: height - dy, : width - dx], array[dy:, dx:]
        view = result[: height - dy, : width - dx]
        numpy.maximum(view, function(here, there).astype(numpy.float32), out=view)
    return result


def label_boundaries(labels):
    return forward(labels, lambda a, b: (a != b) & (a != VOID) & (b != VOID)) > 0


def strengths(probabilities):
    normalised = probabilities / probabilities.sum(2, keepdims=True)
    return forward(normalised, lambda a, b: numpy.abs(a - b).sum(2) / 2)


def matched(predicted, truth, distance):
    a, b = numpy.argwhere(predicted), numpy.argwhere(truth)
    if len(a) == 0 or len(b) == 0:
        return 0
    near = scipy.spatial.distance.cdist(a, b) <= distance
    partners = scipy.sparse.csgraph.maximum_bipartite_matching(scipy.sparse.csr_matrix(near), perm_type="column")
    return int((partners >= 0).sum())


def benchmark(images):
    """One person an image: which of the possible partners a pixel gets then does not matter."""
    recalled, true, predicted = (numpy.zeros(len(THRESHOLDS)) for _ in range(3))
    for strength, truth, ignored in images:
        thin = skimage.morphology.thin(truth)
        distance = MAXIMUM_DISTANCE * numpy.hypot(*truth.shape)
        for index, threshold in enumerate(THRESHOLDS):
            mask = skimage.morphology.thin((strength >= numpy.float64(threshold)) & ~ignored)
            recalled[index] += matched(mask, thin, distance)
            true[index] += thin.sum()
            predicted[index] += mask.sum()
    precision = numpy.divide(recalled, predicted, out=numpy.zeros_like(recalled), where=predicted > 0)
    recall = recalled / true
    best = 0
    for index in range(len(THRESHOLDS)):
        weight = numpy.linspace(0, 1, 100)
        before = max(0, index - 1)
        p = weight * precision[index] + (1 - weight) * precision[before]
        r = weight * recall[index] + (1 - weight) * recall[before]
        both = p + r > 0
        best = max([best, *(2 * p * r)[both] / (p + r)[both]])
    unique = numpy.unique(recall)
    highest = [precision[recall == value].max() for value in unique]
    at = numpy.linspace(0, 1, 101)
    area = float(0.01 * numpy.interp(at, unique, highest, left=0, right=0).sum()) if len(unique) > 1 else 0.0
    return {
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "maximumF": float(best),
        "averagePrecision": area,
    }


cases = [make(index) for index in range(20)]
images = []
for truth, probabilities, prediction in cases:
    boundaries = label_boundaries(truth)
    images.append(
        {
            "height": truth.shape[0],
            "width": truth.shape[1],
            "truth": packed(truth),
            "prediction": packed(prediction),
            "probabilities": packed(probabilities),
            "scores": scores_of(confusion([(truth, prediction)])),
            "trimap": trimap(truth, prediction),
            "boundaries": packed(boundaries.astype(numpy.uint8)),
            "thinned": packed(skimage.morphology.thin(boundaries).astype(numpy.uint8)),
            "thinnedEven": packed(skimage.morphology.thin(truth % 2 == 0).astype(numpy.uint8)),
            "matched": matched(
                label_boundaries(prediction), boundaries, MAXIMUM_DISTANCE * numpy.hypot(*truth.shape)
            ),
        }
    )

json.dump(
    {
        "source": f"Python {platform.python_version()}, numpy {numpy.__version__}, scipy {scipy.__version__}, "
        f"scikit-image {skimage.__version__}: test/golden/segmentation-measures.py",
        "classes": CLASSES,
        "thresholds": THRESHOLDS,
        "maximumDistance": MAXIMUM_DISTANCE,
        "images": images,
        "scores": scores_of(confusion([(truth, prediction) for truth, _, prediction in cases])),
        "benchmark": benchmark(
            [
                (strengths(probabilities), label_boundaries(truth), truth == VOID)
                for truth, probabilities, _ in cases
            ]
        ),
    },
    sys.stdout,
)
print()
