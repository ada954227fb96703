"""Golden values for random walks over pixels: affinities, one step, its gradients and the walk's limit, in numpy, float64.

    python3 test/golden/random-walk.py > test/golden/random-walk.json

Everything is done with dense matrices, and gradients by complex steps (Im L(x + ih)/h, exact to rounding), so that nothing
of the backward equations is in here.
"""

import json
import platform

import numpy as np

HEIGHT, WIDTH, CHANNELS, CLASSES, RADIUS, ALPHA = 4, 5, 4, 3, 2, 0.9


def magnitude(x):
    """|x| that keeps derivatives of complex steps."""
    return np.where(x.real < 0, -x, x)


def dense_affinities(features, weights, shape):
    pixels = [(row, column) for row in range(HEIGHT) for column in range(WIDTH)]
    matrix = np.zeros((len(pixels), len(pixels)), dtype=complex)
    for i, (row, column) in enumerate(pixels):
        for j, (other_row, other_column) in enumerate(pixels):
            down, right = other_row - row, other_column - column
            inside = down * down + right * right <= RADIUS**2 if shape == "disc" else max(abs(down), abs(right)) <= RADIUS
            if inside:
                matrix[i, j] = np.exp((weights * magnitude(features[i] - features[j])).sum())
    return matrix


def step(features, weights, f, shape):
    matrix = dense_affinities(features, weights, shape)
    return (matrix / matrix.sum(axis=1, keepdims=True)) @ f


def gradient(function, x):
    result = np.zeros(x.size)
    for k in range(x.size):
        shifted = x.astype(complex).ravel()
        shifted[k] += 1e-30j
        result[k] = function(shifted.reshape(x.shape)).imag / 1e-30
    return result


random = np.random.default_rng(0)
features = random.normal(size=(HEIGHT * WIDTH, CHANNELS))
weights = np.array([-0.4, -0.2, 0.1, -0.3])
f = random.normal(size=(HEIGHT * WIDTH, CLASSES))
g = random.normal(size=(HEIGHT * WIDTH, CLASSES))
cases = []
for shape in ["disc", "square"]:
    matrix = dense_affinities(features, weights, shape).real
    transition = matrix / matrix.sum(axis=1, keepdims=True)
    identity = np.eye(HEIGHT * WIDTH)
    cases.append(
        {
            "shape": shape,
            "affinityMatrix": matrix.ravel().tolist(),
            "step": (transition @ f).ravel().tolist(),
            "limit": ((1 - ALPHA) * np.linalg.solve(identity - ALPHA * transition, f)).ravel().tolist(),
            "gradients": {
                "f": gradient(lambda x: (step(features, weights, x, shape) * g).sum(), f).tolist(),
                "features": gradient(lambda x: (step(x, weights, f, shape) * g).sum(), features).tolist(),
                "weights": gradient(lambda x: (step(features, x, f, shape) * g).sum(), weights).tolist(),
            },
        }
    )
print(
    json.dumps(
        {
            "tool": f"numpy {np.__version__}, Python {platform.python_version()}",
            "command": "python3 test/golden/random-walk.py > test/golden/random-walk.json",
            "height": HEIGHT,
            "width": WIDTH,
            "channels": CHANNELS,
            "classes": CLASSES,
            "radius": RADIUS,
            "alpha": ALPHA,
            "features": features.ravel().tolist(),
            "weights": weights.tolist(),
            "f": f.ravel().tolist(),
            "gradient": g.ravel().tolist(),
            "cases": cases,
        }
    )
)
