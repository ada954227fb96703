"""MAT-files of version 5 as scipy writes them, for lib/datasets/mat-file.ts: what SBD, SIFT Flow and BSDS500 consist of.

pip install numpy==2.4.6 scipy==1.17.1
python test/golden/mat-files.py > test/golden/mat-files.json
"""

import base64
import io
import json
import platform
import sys

import numpy
import scipy
import scipy.io
import scipy.sparse

random = numpy.random.default_rng(7)
labels = random.integers(0, 21, size=(6, 9)).astype(numpy.uint8)
labels[0, 0] = 255
classes = random.integers(0, 34, size=(5, 7))
people = [
    {
        "Segmentation": random.integers(1, 400, size=(4, 6)).astype(numpy.uint16),
        "Boundaries": random.integers(0, 2, size=(4, 6)).astype(bool),
    }
    for _ in range(3)
]
cell = numpy.empty((1, 3), object)
for index, person in enumerate(people):
    cell[0, index] = person
sparse = numpy.empty((2, 1), object)
sparse[:, 0] = [scipy.sparse.csc_matrix(labels > 10), scipy.sparse.csc_matrix(labels > 5)]


def file(variables, compressed, version="5"):
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, variables, do_compression=compressed, format=version)
    return base64.b64encode(buffer.getvalue()).decode()


sbd = {"GTcls": {"Boundaries": sparse, "Segmentation": labels, "CategoriesPresent": numpy.array([[3.0, 7.0]])}}
numbers = {
    name: numpy.array([[1, 2, 3], [4, 5, 100]], dtype=kind)
    for name, kind in {"a": "int8", "b": "int16", "c": "uint32", "d": "int64", "e": "float32", "f": "float64"}.items()
}
json.dump(
    {
        "source": f"Python {platform.python_version()}, numpy {numpy.__version__}, scipy {scipy.__version__}: "
        "test/golden/mat-files.py",
        "sbd": {"plain": file(sbd, False), "compressed": file(sbd, True), "labels": labels.tolist()},
        "siftFlow": {
            "plain": file({"S": classes.astype(float), "names": "sky"}, False),
            "compressed": file({"names": "sky", "S": classes.astype(numpy.uint8)}, True),
            "labels": classes.tolist(),
        },
        "bsds500": {
            "compressed": file({"groundTruth": cell}, True),
            "people": [{name: person[name].astype(int).tolist() for name in person} for person in people],
        },
        "numbers": {"plain": file(numbers, False), "values": [[1, 2, 3], [4, 5, 100]]},
        "version4": file({"S": classes.astype(float)}, False, "4"),
    },
    sys.stdout,
)
print()
