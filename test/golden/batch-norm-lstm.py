"""An LSTM with recurrent batch normalisation (arXiv 1603.09025) in float64, gradients by JAX: what lib/layer-norm says in
TensorFlow.js, written again from the formulas. Prints the golden values of test/layer-norm/recurrent/batch-norm-lstm.test.ts.
"""
import json
import platform

import jax
import jax.numpy as jnp
import numpy

jax.config.update("jax_enable_x64", True)
TIME, BATCH, INPUTS, UNITS, EPSILON = 4, 5, 3, 4, 1e-5
random = numpy.random.default_rng(7)


def draw(*shape, scale=1.0, mean=0.0):
    return mean + scale * random.standard_normal(shape)


def standardize(x, weight):
    """Over the cases whose weight is 1; x [batch, features], weight [batch, 1]."""
    count = jnp.maximum(weight.sum(), 1)
    mean = (weight * x).sum(0) / count
    variance = (weight * (x - mean) ** 2).sum(0) / count
    return (x - mean) / jnp.sqrt(variance + EPSILON), mean, variance


def lstm(arguments, mask, statistics=None):
    x, h, c = arguments["inputs"], arguments["hidden"], arguments["cell"]
    outputs, seen = [], []
    for t in range(TIME):
        weight = mask[t][:, None]
        of_input = x[t] @ arguments["inputKernel"]
        of_hidden = h @ arguments["recurrentKernel"]
        if statistics is None:
            input_hat, *input_moments = standardize(of_input, weight)
            hidden_hat, *hidden_moments = standardize(of_hidden, weight)
        else:
            row = {name: rows[min(t, len(rows) - 1)] for name, rows in statistics.items()}
            input_hat = (of_input - row["inputMean"]) / jnp.sqrt(row["inputVariance"] + EPSILON)
            hidden_hat = (of_hidden - row["recurrentMean"]) / jnp.sqrt(row["recurrentVariance"] + EPSILON)
        gates = arguments["recurrentGain"] * hidden_hat + arguments["inputGain"] * input_hat + arguments["bias"]
        named = {name: gates[:, k * UNITS : (k + 1) * UNITS] for k, name in enumerate(GATES)}
        new_c = jax.nn.sigmoid(named["forget"]) * c + jax.nn.sigmoid(named["input"]) * jnp.tanh(named["candidate"])
        if statistics is None:
            cell_hat, *cell_moments = standardize(new_c, weight)
            seen.append([*input_moments, *hidden_moments, *cell_moments])
        else:
            cell_hat = (new_c - row["cellMean"]) / jnp.sqrt(row["cellVariance"] + EPSILON)
        new_h = jax.nn.sigmoid(named["output"]) * jnp.tanh(arguments["cellGain"] * cell_hat + arguments["cellBias"])
        h = jnp.where(weight > 0, new_h, h)
        c = jnp.where(weight > 0, new_c, c)
        outputs.append(h)
    return jnp.stack(outputs), h, c, seen


GATES = ["input", "forget", "candidate", "output"]
arguments = {
    "inputs": draw(TIME, BATCH, INPUTS),
    "hidden": draw(BATCH, UNITS),
    "cell": draw(BATCH, UNITS),
    "inputKernel": draw(INPUTS, 4 * UNITS),
    "recurrentKernel": draw(UNITS, 4 * UNITS),
    "bias": draw(4 * UNITS, scale=0.5),
    "inputGain": draw(4 * UNITS, scale=0.2, mean=0.7),
    "recurrentGain": draw(4 * UNITS, scale=0.2, mean=0.7),
    "cellGain": draw(UNITS, scale=0.2, mean=0.7),
    "cellBias": draw(UNITS, scale=0.5),
}
names = ["inputMean", "inputVariance", "recurrentMean", "recurrentVariance", "cellMean", "cellVariance"]
# Two rows for four steps: the last counts for the steps beyond.
statistics = {
    name: abs(draw(2, UNITS if name.startswith("cell") else 4 * UNITS)) + (0.5 if name.endswith("Variance") else 0)
    for name in names
}
masks = {
    "whole": numpy.ones((TIME, BATCH)),
    "ragged": numpy.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0], [1, 1, 0, 1, 0], [0, 1, 0, 1, 0]], dtype=float),
}
weights = draw(TIME, BATCH, UNITS)
state_weights = draw(BATCH, UNITS), draw(BATCH, UNITS)


def loss(arguments, mask, statistics=None):
    outputs, h, c, _ = lstm(arguments, mask, statistics)
    return (weights * outputs).sum() + (state_weights[0] * h).sum() + (state_weights[1] * c).sum()


def listed(value):
    array = numpy.asarray(value)
    return {"shape": array.shape, "data": array.ravel().tolist()}


cases = []
for mask_name, mask in masks.items():
    for mode, given in (("training", None), ("inference", statistics)):
        outputs, h, c, seen = lstm(arguments, mask, given)
        gradients = jax.grad(loss)(arguments, mask, given)
        case = {"mask": mask_name, "mode": mode, "outputs": listed(outputs), "hidden": listed(h), "cell": listed(c)}
        case["gradients"] = {name: listed(value) for name, value in gradients.items()}
        if given is None:
            case["seen"] = {name: listed(jnp.stack([row[k] for row in seen])) for k, name in enumerate(names)}
        cases.append(case)

print(
    json.dumps(
        {
            "tool": f"jax {jax.__version__}, numpy {numpy.__version__}, Python {platform.python_version()}, float64",
            "command": "python3 test/golden/batch-norm-lstm.py > test/golden/batch-norm-lstm.json",
            "gates": GATES,
            "epsilon": EPSILON,
            "arguments": {name: listed(value) for name, value in arguments.items()},
            "statistics": {name: listed(value) for name, value in statistics.items()},
            "masks": {name: listed(value) for name, value in masks.items()},
            "lossWeights": {"outputs": listed(weights), "hidden": listed(state_weights[0]), "cell": listed(state_weights[1])},
            "cases": cases,
        },
        separators=(",", ":"),
    )
)
