"""Golden values for the layer-normalized LSTM and GRU: an independent implementation in JAX, float64, with its own gradients.

    python3 test/golden/layer-norm-recurrent.py > test/golden/layer-norm-recurrent.json

It needs jax. The equations are those of the supplement of arXiv 1607.06450 (20-22 and 26-28), written for one example and
mapped over the batch; the gradients are jax.grad's. Gates lie side by side in the order of "gates".
"""

import json
import platform
import sys

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

STEPS, BATCH, INPUTS, UNITS, EPSILON = 4, 3, 5, 6, 1e-5
LSTM_GATES = ["forget", "input", "output", "candidate"]
GRU_GATES = ["update", "reset", "candidate"]


def standardize(a):
    return (a - jnp.mean(a)) / jnp.sqrt(jnp.var(a) + EPSILON)


def named(fused, gates):
    return dict(zip(gates, jnp.split(fused, len(gates))))


def lstm_step(p, x, state):
    h, c = state
    z = standardize(x @ p["inputKernel"]) * p["inputGain"] + standardize(h @ p["recurrentKernel"]) * p["recurrentGain"]
    z = named(z + p["bias"], LSTM_GATES)
    c = jax.nn.sigmoid(z["forget"]) * c + jax.nn.sigmoid(z["input"]) * jnp.tanh(z["candidate"])
    h = jax.nn.sigmoid(z["output"]) * jnp.tanh(standardize(c) * p["cellGain"] + p["cellBias"])
    return h, c


def gru_step(p, x, state):
    (h,) = state
    from_x, from_h = x @ p["inputKernel"], h @ p["recurrentKernel"]
    two = 2 * UNITS
    split = lambda sums: jnp.concatenate([standardize(sums[:two]), standardize(sums[two:])])
    from_x = named(split(from_x) * p["inputGain"] + p["bias"], GRU_GATES)
    from_h = named(split(from_h) * p["recurrentGain"], GRU_GATES)
    update = jax.nn.sigmoid(from_x["update"] + from_h["update"])
    reset = jax.nn.sigmoid(from_x["reset"] + from_h["reset"])
    candidate = jnp.tanh(from_x["candidate"] + reset * (from_h["candidate"] + p["candidateRecurrentBias"]))
    return ((1 - update) * h + update * candidate,)


def unroll(step, p, mask):
    """Outputs [steps, batch, units] and the state after the last step, a masked step leaving it as it is."""

    def one(inputs, mask, *state):
        outputs = []
        for x, moves in zip(inputs, mask):
            state = tuple(jnp.where(moves, new, old) for new, old in zip(step(p, x, state), state))
            outputs.append(state[0])
        return jnp.stack(outputs), state

    states = [p[name] for name in ("initialHidden", "initialCell") if name in p]
    axes = (1, 1) + (0,) * len(states)
    return jax.vmap(one, in_axes=axes, out_axes=(1, 0))(p["inputs"], mask, *states)


def make_case(cell, step, gates, seed):
    random = np.random.default_rng(seed)
    fused = len(gates) * UNITS
    shapes = {
        "inputs": (STEPS, BATCH, INPUTS),
        "initialHidden": (BATCH, UNITS),
        "inputKernel": (INPUTS, fused),
        "recurrentKernel": (UNITS, fused),
        "bias": (fused,),
        "inputGain": (fused,),
        "recurrentGain": (fused,),
    }
    if cell == "lstm":
        shapes |= {"initialCell": (BATCH, UNITS), "cellGain": (UNITS,), "cellBias": (UNITS,)}
    else:
        shapes |= {"candidateRecurrentBias": (UNITS,)}
    # Values that float32 holds exactly, so that both sides start from the same numbers.
    exact = lambda array: np.float64(np.float32(array))
    tensors = {name: exact(random.normal(size=shape)) for name, shape in shapes.items()}
    mask = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 0]])
    outputs, state = unroll(step, tensors, mask)
    weights = exact(random.normal(size=outputs.shape))
    state_weights = [exact(random.normal(size=part.shape)) for part in state]

    def loss(p):
        outputs, state = unroll(step, p, mask)
        return jnp.sum(weights * outputs) + sum(jnp.sum(w * part) for w, part in zip(state_weights, state))

    # Nine digits: float32 has seven, and what is compared may be off by a hundred times its rounding.
    flat = lambda array: [float(f"{value:.9g}") for value in np.ravel(array)]
    return {
        "cell": cell,
        "gates": gates,
        "shapes": {name: list(shape) for name, shape in shapes.items()},
        "tensors": {name: flat(tensor) for name, tensor in tensors.items()},
        "mask": mask.tolist(),
        "outputWeights": flat(weights),
        "stateWeights": [flat(part) for part in state_weights],
        "outputs": flat(outputs),
        "state": [flat(part) for part in state],
        "gradients": {name: flat(gradient) for name, gradient in jax.grad(loss)(tensors).items()},
    }


json.dump(
    {
        "tool": f"jax {jax.__version__}, numpy {np.__version__}, Python {platform.python_version()}",
        "command": "python3 test/golden/layer-norm-recurrent.py > test/golden/layer-norm-recurrent.json",
        "epsilon": EPSILON,
        "cases": [make_case("lstm", lstm_step, LSTM_GATES, 1), make_case("gru", gru_step, GRU_GATES, 2)],
    },
    sys.stdout,
)
