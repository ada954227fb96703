"""Golden trajectory of a learned optimizer on a small network, in float64 and straight from arXiv 1606.04474 (Eq. 1,
section 2.1, appendix A), independently of the TypeScript: 100 steps on the mean squared error of tanh(XW + b).

    python3 -m pip install numpy==2.4.6
    python3 test/golden/learned-optimizer.py > test/golden/learned-optimizer.json

The optimizer's file is written here as well, byte by byte from the description of the safetensors format.
"""

import base64
import json
import platform
import struct

import numpy as np

HIDDEN, STEPS = 20, 100


def exact(array):
    """What float32 holds exactly, so that both sides start from the same numbers."""
    return np.float64(np.float32(array))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_cell(x, h, c, kernel, recurrent, bias):
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


class Optimizer:
    def __init__(self, phi, network, coordinates):
        self.phi, self.network = phi, network
        self.h1, self.c1, self.h2, self.c2 = (np.zeros((coordinates, HIDDEN)) for _ in range(4))

    def preprocess(self, gradient):
        kind = self.network["preprocessing"]
        if kind["kind"] == "identity":
            return kind["scale"] * gradient[:, None]
        p = kind["p"]
        rows = [(np.log(abs(v)) / p, np.sign(v)) if abs(v) >= np.exp(-p) else (-1.0, np.exp(p) * v) for v in gradient]
        return np.array(rows)

    def update(self, gradient):
        weights = lambda n: (self.phi[f"layer-{n}/kernel"], self.phi[f"layer-{n}/recurrent-kernel"], self.phi[f"layer-{n}/bias"])
        self.h1, self.c1 = lstm_cell(self.preprocess(gradient), self.h1, self.c1, *weights(1))
        self.h2, self.c2 = lstm_cell(self.h1, self.h2, self.c2, *weights(2))
        return self.network["outputScale"] * (self.h2 @ self.phi["output/kernel"] + self.phi["output/bias"])[:, 0]


def parameters(inputs, random):
    """Random weights, and an output that goes down by hand: the first unit of layer 2 opposes the gradient's sign."""
    gates = 4 * HIDDEN
    shapes = {
        "layer-1/kernel": (inputs, gates),
        "layer-1/recurrent-kernel": (HIDDEN, gates),
        "layer-1/bias": (gates,),
        "layer-2/kernel": (HIDDEN, gates),
        "layer-2/recurrent-kernel": (HIDDEN, gates),
        "layer-2/bias": (gates,),
        "output/kernel": (HIDDEN, 1),
        "output/bias": (1,),
    }
    phi = {name: random.normal(size=shape) * 0.15 for name, shape in shapes.items()}
    phi["layer-1/kernel"][-1, 2 * HIDDEN] = 2.0
    phi["layer-2/kernel"][0, 2 * HIDDEN] = 3.0
    phi["output/kernel"][0, 0] = -2.0
    return {name: exact(value) for name, value in phi.items()}


def safetensors(phi, network):
    header = {"__metadata__": {"kind": "learned-optimizer", "network": json.dumps(network)}}
    data = b""
    for name, value in phi.items():
        values = value.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def case(network, seed):
    random = np.random.Generator(np.random.PCG64(seed))
    inputs = 2 if network["preprocessing"]["kind"] == "log-sign" else 1
    phi = parameters(inputs, random)
    x = exact(random.normal(size=(24, 4)))
    y = exact(np.tanh(x @ random.normal(size=(4, 3)) + random.normal(size=3)))
    w, b = exact(random.normal(size=(4, 3)) * 0.1), exact(random.normal(size=3) * 0.1)
    start = {"w": w.ravel().tolist(), "b": b.tolist()}
    optimizer = Optimizer(phi, network, w.size + b.size)
    losses = []
    for _ in range(STEPS):
        output = np.tanh(x @ w + b)
        losses.append(float(np.mean((output - y) ** 2)))
        delta = 2 * (output - y) * (1 - output**2) / output.size
        update = optimizer.update(np.concatenate([(x.T @ delta).ravel(), delta.sum(axis=0)]))
        w, b = w + update[: w.size].reshape(w.shape), b + update[w.size :]
    return {
        "network": network,
        "file": base64.b64encode(safetensors(phi, network)).decode(),
        "x": x.tolist(),
        "y": y.tolist(),
        "start": start,
        "losses": losses,
        "end": {"w": w.ravel().tolist(), "b": b.tolist()},
    }


print(
    json.dumps(
        {
            "tool": f"numpy {np.__version__}, Python {platform.python_version()}",
            "command": "python3 test/golden/learned-optimizer.py > test/golden/learned-optimizer.json",
            "steps": STEPS,
            # p = 4 and not the paper's 10: where a gradient changes its sign, the preprocessing's slope is e^p, and at
            # p = 10 a rounding error of float32 grows to 1e-3 within ten steps. test/golden/coordinatewise-lstm.py has p = 10.
            "cases": [
                case({"preprocessing": {"kind": "log-sign", "p": 4}, "hiddenUnits": HIDDEN, "outputScale": 0.02}, 1),
                case({"preprocessing": {"kind": "identity", "scale": 4}, "hiddenUnits": HIDDEN, "outputScale": 0.1}, 2),
            ],
        },
        indent=1,
    )
)
