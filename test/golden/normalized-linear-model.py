"""Golden values for normalised generalised linear models: outputs and Fisher matrices in numpy, float64.

    python3 test/golden/normalized-linear-model.py > test/golden/normalized-linear-model.json

Derivatives are taken by complex steps (Im f(x + ih)/h, exact to rounding), so that Eqs 13 and 14 are not in here. The
parameters are, unit by unit, its weights, its bias and, unless it is a standard model, its gain.
"""

import json
import platform

import numpy as np

CASES, FEATURES, UNITS = 7, 3, 4


def outputs(normalization, theta, inputs):
    block = theta.reshape(UNITS, -1)
    weights, bias = block[:, :FEATURES], block[:, FEATURES]
    a = inputs @ weights.T
    if normalization == "none":
        return a + bias
    gain = block[:, FEATURES + 1]
    if normalization == "weight":
        return gain * a / np.sqrt((weights * weights).sum(axis=1)) + bias
    axis = {"batch": 0, "layer": 1}[normalization]
    centred = a - a.mean(axis=axis, keepdims=True)
    return gain * centred / np.sqrt((centred * centred).mean(axis=axis, keepdims=True)) + bias


def covariance_over_dispersion_squared(family, natural):
    if family == "gaussian":
        return np.eye(UNITS) / 0.25
    if family == "bernoulli":
        p = 1 / (1 + np.exp(-natural))
        return np.diag(p * (1 - p))
    p = np.exp(natural - natural.max())
    p /= p.sum()
    return np.diag(p) - np.outer(p, p)


def fisher(normalization, family, theta, inputs):
    columns = []
    for k in range(theta.size):
        shifted = theta.astype(complex)
        shifted[k] += 1e-30j
        columns.append(outputs(normalization, shifted, inputs).imag / 1e-30)
    jacobian = np.stack(columns, axis=-1)  # [cases, units, parameters]
    natural = outputs(normalization, theta, inputs)
    terms = [j.T @ covariance_over_dispersion_squared(family, n) @ j for j, n in zip(jacobian, natural)]
    return sum(terms) / len(terms)


random = np.random.default_rng(0)
inputs = random.normal(size=(CASES, FEATURES)) + 0.5
weights = random.normal(size=(UNITS, FEATURES))
bias = random.normal(size=UNITS) * 0.3
gain = 1 + random.normal(size=UNITS) * 0.2
cases = []
for normalization in ["none", "batch", "weight", "layer"]:
    parts = [weights, bias[:, None]] + ([] if normalization == "none" else [gain[:, None]])
    theta = np.concatenate(parts, axis=1).ravel()
    cases.append(
        {
            "normalization": normalization,
            "outputs": outputs(normalization, theta, inputs).ravel().tolist(),
            "fisher": {
                family: fisher(normalization, family, theta, inputs).ravel().tolist()
                for family in ["bernoulli", "gaussian", "categorical"]
            },
        }
    )
print(
    json.dumps(
        {
            "tool": f"numpy {np.__version__}, Python {platform.python_version()}",
            "command": "python3 test/golden/normalized-linear-model.py > test/golden/normalized-linear-model.json",
            "cases": CASES,
            "features": FEATURES,
            "inputs": inputs.ravel().tolist(),
            "weights": weights.ravel().tolist(),
            "bias": bias.tolist(),
            "gain": gain.tolist(),
            "models": cases,
        },
        indent=1,
    )
)
