"""The layer-normalised RNN, LSTM and GRU of arXiv 1607.06450 (Eqs 4, 20-22, 26-28) in float64, gradients by JAX, written
from the equations. Prints the golden values of test/layer-norm/recurrent/golden.test.ts.
"""
import json
import platform

import jax
import jax.numpy as jnp
import numpy

jax.config.update("jax_enable_x64", True)
TIME, BATCH, INPUTS, UNITS, EPSILON = 4, 3, 3, 5, 1e-5
random = numpy.random.default_rng(17)


def draw(*shape, scale=1.0, mean=0.0):
    return mean + scale * random.standard_normal(shape)


def layer_norm(z, gain, bias=0.0):
    mean = z.mean(-1, keepdims=True)
    variance = ((z - mean) ** 2).mean(-1, keepdims=True)
    return gain * (z - mean) / jnp.sqrt(variance + EPSILON) + bias


def rnn(p, x, h):
    return (jnp.tanh(layer_norm(h @ p["recurrentKernel"] + x @ p["inputKernel"], p["gain"], p["bias"])),)


def lstm(p, x, h, c):
    z = layer_norm(h @ p["recurrentKernel"], p["recurrentGain"]) + layer_norm(x @ p["inputKernel"], p["inputGain"])
    f, i, o, g = jnp.split(z + p["bias"], 4, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(layer_norm(c, p["cellGain"], p["cellBias"])), c


def gru(p, x, h):
    gates, candidate = slice(0, 2 * UNITS), slice(2 * UNITS, None)
    of_h, of_x = h @ p["recurrentKernel"], x @ p["inputKernel"]
    recurrent_gain, input_gain, bias = p["recurrentGain"], p["inputGain"], p["bias"]
    z, r = jnp.split(
        layer_norm(of_h[:, gates], recurrent_gain[gates])
        + layer_norm(of_x[:, gates], input_gain[gates])
        + bias[gates],
        2,
        -1,
    )
    inner = layer_norm(of_h[:, candidate], recurrent_gain[candidate], p["candidateRecurrentBias"])
    h_hat = jnp.tanh(
        layer_norm(of_x[:, candidate], input_gain[candidate], bias[candidate]) + jax.nn.sigmoid(r) * inner
    )
    return ((1 - jax.nn.sigmoid(z)) * h + jax.nn.sigmoid(z) * h_hat,)


def listed(value):
    array = numpy.asarray(value)
    return {"shape": array.shape, "data": array.ravel().tolist()}


def gain(size):
    return draw(size, scale=0.2, mean=1.0)


layers = {
    "rnn": (rnn, 1, 1, {"gain": gain(UNITS)}),
    "lstm": (lstm, 4, 2, {"inputGain": gain(4 * UNITS), "recurrentGain": gain(4 * UNITS), "cellGain": gain(UNITS), "cellBias": draw(UNITS, scale=0.5)}),
    "gru": (gru, 3, 1, {"inputGain": gain(3 * UNITS), "recurrentGain": gain(3 * UNITS), "candidateRecurrentBias": draw(UNITS, scale=0.5)}),
}
ragged = numpy.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 0]], dtype=float)


def run(step, states, arguments, mask):
    state = [arguments[name] for name in ("hidden", "cell")[:states]]
    outputs = []
    for t in range(TIME):
        after = step(arguments, arguments["inputs"][t], *state)
        keep = mask[t][:, None] > 0
        state = [jnp.where(keep, new, old) for new, old in zip(after, state, strict=True)]
        outputs.append(state[0])
    return jnp.stack(outputs), state


result = {
    "tool": f"jax {jax.__version__}, numpy {numpy.__version__}, Python {platform.python_version()}, float64",
    "command": "python3 test/golden/layer-norm-recurrent.py > test/golden/layer-norm-recurrent.json",
    "lstmGates": ["forget", "input", "output", "candidate"],
    "gruGates": ["update", "reset", "candidate"],
    "epsilon": EPSILON,
    "mask": listed(ragged),
    "layers": {},
}
for name, (step, gates, states, extra) in layers.items():
    arguments = {
        "inputs": draw(TIME, BATCH, INPUTS),
        **{state: draw(BATCH, UNITS) for state in ("hidden", "cell")[:states]},
        "inputKernel": draw(INPUTS, gates * UNITS),
        "recurrentKernel": draw(UNITS, gates * UNITS),
        "bias": draw(gates * UNITS, scale=0.5),
        **extra,
    }
    weights = {"outputs": draw(TIME, BATCH, UNITS), **{state: draw(BATCH, UNITS) for state in ("hidden", "cell")[:states]}}

    def loss(arguments, mask):
        outputs, state = run(step, states, arguments, mask)
        of_state = sum((weights[key] * value).sum() for key, value in zip(("hidden", "cell"), state))
        return (weights["outputs"] * outputs).sum() + of_state

    cases = {}
    for mask_name, mask in (("whole", numpy.ones_like(ragged)), ("ragged", ragged)):
        outputs, state = run(step, states, arguments, mask)
        cases[mask_name] = {
            "outputs": listed(outputs),
            "state": {key: listed(value) for key, value in zip(("hidden", "cell"), state)},
            "gradients": {key: listed(value) for key, value in jax.grad(loss)(arguments, mask).items()},
        }
    result["layers"][name] = {
        "arguments": {key: listed(value) for key, value in arguments.items()},
        "lossWeights": {key: listed(value) for key, value in weights.items()},
        "cases": cases,
    }
print(json.dumps(result, separators=(",", ":")))
