"""Golden values for the hand-written optimizers, in float64, straight from the text of Torch7's optim package
(sgd.lua, nag.lua, rmsprop.lua, adam.lua), independently of the TypeScript.

    python3 -m pip install numpy==2.4.6
    python3 test/golden/torch7-optimizers.py > test/golden/torch7-optimizers.json
"""
import json
import platform

import numpy as np


def problem():
    generator = np.random.Generator(np.random.PCG64(16060447))
    # Rounded to float32, which is what the TypeScript reads.
    w = generator.standard_normal((6, 4)).astype(np.float32).astype(np.float64)
    y = generator.standard_normal(6).astype(np.float32).astype(np.float64)
    start = generator.standard_normal(4).astype(np.float32).astype(np.float64)
    return w, y, start


W, Y, START = problem()
SCALE = 1.0


def opfunc(x):
    residual = W @ x - Y
    return SCALE * (residual @ residual), SCALE * 2 * W.T @ residual


def sgd(x, state, rate):
    fx, dfdx = opfunc(x)
    return x - rate * dfdx, fx


def nag(x, state, rate, mom=0.9):
    if "dfdx" in state:  # x:add(mom, state.dfdx)
        x = x + mom * state["dfdx"]
    fx, dfdx = opfunc(x)
    if "dfdx" in state:
        state["dfdx"] = state["dfdx"] * mom
    else:
        state["dfdx"] = np.zeros_like(dfdx)
    x = x - rate * dfdx
    state["dfdx"] = state["dfdx"] - rate * dfdx
    return x, fx


def rmsprop(x, state, rate, alpha=0.99, epsilon=1e-8):
    fx, dfdx = opfunc(x)
    m = state.setdefault("m", np.zeros_like(x))
    state["m"] = alpha * m + (1 - alpha) * dfdx * dfdx
    return x - rate * dfdx / (np.sqrt(state["m"]) + epsilon), fx


def adam(x, state, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    fx, dfdx = opfunc(x)
    state["t"] = state.get("t", 0) + 1
    state["m"] = beta1 * state.get("m", np.zeros_like(x)) + (1 - beta1) * dfdx
    state["v"] = beta2 * state.get("v", np.zeros_like(x)) + (1 - beta2) * dfdx * dfdx
    denom = np.sqrt(state["v"]) + epsilon
    step = rate * np.sqrt(1 - beta2 ** state["t"]) / (1 - beta1 ** state["t"])
    return x - step * state["m"] / denom, fx


def trace(optimizer, rate, scale=1.0, steps=12):
    global SCALE
    SCALE = scale
    x, state, losses = START.copy(), {}, []
    for _ in range(steps):
        x, fx = optimizer(x, state, rate)
        losses.append(float(fx))
    return {"learningRate": rate, "scale": scale, "losses": losses, "theta": x.tolist()}


print(
    json.dumps(
        {
            "tool": f"numpy {np.__version__}, Python {platform.python_version()}",
            "command": "python3 test/golden/torch7-optimizers.py > test/golden/torch7-optimizers.json",
            "w": W.tolist(),
            "y": Y.tolist(),
            "start": START.tolist(),
            "sgd": trace(sgd, 0.02),
            "nag": trace(nag, 0.01),
            "rmsprop": trace(rmsprop, 0.05),
            "adam": trace(adam, 0.3),
            # Gradients so small that it matters where epsilon goes.
            "rmspropTiny": trace(rmsprop, 0.05, scale=1e-8),
            "adamTiny": trace(adam, 0.3, scale=1e-8),
        },
        indent=1,
    )
)
