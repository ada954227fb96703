"""Golden values for the coordinatewise LSTM optimizer: an independent implementation in numpy, float64.

    python3 test/golden/coordinatewise-lstm.py > test/golden/coordinatewise-lstm.json

The meta-gradient is taken by complex-step differentiation of the forward pass (Im f(x + ih)/h, exact to rounding), so it
shares no derivation with the code under test. The gates are i, f, g, o.
"""

import json
import platform
import sys

import numpy as np

HIDDEN, COORDINATES, STEPS, OUTPUT_SCALE = 4, 3, 5, 0.1


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_cell(x, h, c, weights):
    z = x @ weights["kernel"] + h @ weights["recurrent-kernel"] + weights["bias"]
    i, f, g, o = np.split(z, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def preprocess(gradient, preprocessing):
    if preprocessing["kind"] == "identity":
        return (gradient * preprocessing["scale"])[:, None]
    p = preprocessing["p"]
    rows = [
        (np.log(abs(x)) / p, np.sign(x)) if abs(x) >= np.exp(-p) else (-1.0, np.exp(p) * x)
        for x in gradient
    ]
    return np.array(rows)


def unroll(tensors, gradients, preprocessing):
    """Updates [steps, coordinates] and the last state [coordinates][h1, c1, h2, c2][hidden], from a zero state."""
    h1 = c1 = h2 = c2 = np.zeros((COORDINATES, HIDDEN))
    layers = [
        {key.split("/")[1]: value for key, value in tensors.items() if key.startswith(f"layer-{n}/")} for n in (1, 2)
    ]
    updates = []
    for gradient in gradients:
        h1, c1 = lstm_cell(preprocess(gradient, preprocessing), h1, c1, layers[0])
        h2, c2 = lstm_cell(h1, h2, c2, layers[1])
        updates.append(OUTPUT_SCALE * (h2 @ tensors["output/kernel"] + tensors["output/bias"])[:, 0])
    return np.array(updates), np.stack([h1, c1, h2, c2], axis=1)


def make_case(preprocessing, seed):
    random = np.random.default_rng(seed)
    inputs = 1 if preprocessing["kind"] == "identity" else 2
    shapes = {
        "layer-1/kernel": (inputs, 4 * HIDDEN),
        "layer-1/recurrent-kernel": (HIDDEN, 4 * HIDDEN),
        "layer-1/bias": (4 * HIDDEN,),
        "layer-2/kernel": (HIDDEN, 4 * HIDDEN),
        "layer-2/recurrent-kernel": (HIDDEN, 4 * HIDDEN),
        "layer-2/bias": (4 * HIDDEN,),
        "output/kernel": (HIDDEN, 1),
        "output/bias": (1,),
    }
    # Values that float32 holds exactly, so that both sides start from the same numbers.
    exact = lambda array: np.float64(np.float32(array))
    tensors = {name: exact(random.normal(size=shape) * 0.7) for name, shape in shapes.items()}
    magnitudes = np.exp(random.uniform(-14, 2, size=(STEPS, COORDINATES)))
    gradients = exact(magnitudes * random.choice([-1, 1], size=(STEPS, COORDINATES)))
    update_gradients = exact(random.normal(size=(STEPS, COORDINATES)))
    updates, state = unroll(tensors, gradients, preprocessing)

    meta_gradient = {}
    for name, tensor in tensors.items():
        derivative = np.zeros(tensor.shape)
        for index in np.ndindex(tensor.shape):
            shifted = tensor.astype(complex)
            shifted[index] += 1e-30j
            moved, _ = unroll({**tensors, name: shifted}, gradients, preprocessing)
            derivative[index] = np.sum(update_gradients * moved).imag / 1e-30
        meta_gradient[name] = derivative

    flat = lambda named: {name: value.ravel().tolist() for name, value in named.items()}
    return {
        "preprocessing": preprocessing,
        "parameters": flat(tensors),
        "gradients": gradients.tolist(),
        "updateGradients": update_gradients.tolist(),
        "updates": updates.tolist(),
        "state": state.ravel().tolist(),
        "metaGradient": flat(meta_gradient),
    }


json.dump(
    {
        "tool": f"numpy {np.__version__}, Python {platform.python_version()}",
        "command": "python3 test/golden/coordinatewise-lstm.py > test/golden/coordinatewise-lstm.json",
        "hidden": HIDDEN,
        "coordinates": COORDINATES,
        "steps": STEPS,
        "outputScale": OUTPUT_SCALE,
        "cases": [make_case({"kind": "log-sign", "p": 10}, 1), make_case({"kind": "identity", "scale": 0.5}, 2)],
    },
    sys.stdout,
    indent=1,
)
