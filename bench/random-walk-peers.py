"""Times pydensecrf's ten iterations of mean field, kernels included: random-walk-peers.py FOLDER HEIGHT WIDTH CLASSES.

FOLDER has `picture`, uint8 [height, width, 3], and `probabilities`, float32 [height, width, classes]. Prints the median of five in
milliseconds. Parameters are those of pydensecrf's and DeepLab's examples.
"""

import os
import statistics
import sys
import time

import numpy
import pydensecrf.densecrf as densecrf
from pydensecrf.utils import unary_from_softmax

folder, (height, width, classes) = sys.argv[1], map(int, sys.argv[2:])
picture = numpy.fromfile(os.path.join(folder, "picture"), numpy.uint8).reshape(height, width, 3)
probabilities = numpy.fromfile(os.path.join(folder, "probabilities"), numpy.float32).reshape(height, width, classes)
softmax = numpy.ascontiguousarray(probabilities.transpose(2, 0, 1))

times = []
for _ in range(6):
    start = time.perf_counter()
    crf = densecrf.DenseCRF2D(width, height, classes)
    crf.setUnaryEnergy(unary_from_softmax(softmax))
    crf.addPairwiseGaussian(sxy=3, compat=3)
    crf.addPairwiseBilateral(sxy=80, srgb=13, rgbim=picture, compat=10)
    crf.inference(10)
    times.append(time.perf_counter() - start)
print(1000 * statistics.median(times[1:]))
