"""What PyTorch and JAX take for the cases of layer-norm.ts, on one thread.

Nanoseconds an element of layer normalization forward and backward by shape "128x1000",
and, of JAX, milliseconds a step of recurrent layers by their name. Medians.
"""

from timing import median_seconds, print_figures, use_threads

use_threads(1)

SHAPES = [(128, 1000), (64, 2400), (1824, 1600)]
STEPS, BATCH, INPUTS, UNITS = 100, 64, 240, 240


def measure_torch():
    import torch

    torch.set_num_threads(1)
    result = {}
    for rows, features in SHAPES:
        x = torch.randn(rows, features, requires_grad=True)
        gain = torch.ones(features, requires_grad=True)
        bias = torch.zeros(features, requires_grad=True)
        weights = torch.randn(rows, features)

        def run():
            y = torch.nn.functional.layer_norm(x, (features,), gain, bias)
            torch.autograd.grad(y, [x, gain, bias], weights)

        result[f"{rows}x{features}"] = 1e9 * median_seconds(run, 30) / (rows * features)
    return f"PyTorch {torch.__version__}", result


def measure_jax():
    import jax
    import jax.numpy as jnp

    def standardize(a):
        mean = jnp.mean(a, -1, keepdims=True)
        return (a - mean) * jax.lax.rsqrt(jnp.mean((a - mean) ** 2, -1, keepdims=True) + 1e-5)

    result = {}
    keys = iter(jax.random.split(jax.random.key(0), 100))
    for rows, features in SHAPES:
        x, weights = (jax.random.normal(next(keys), (rows, features)) for _ in range(2))
        gain, bias = jnp.ones(features), jnp.zeros(features)

        @jax.jit
        def gradients(x, gain, bias, weights):
            y, pull = jax.vjp(lambda x, gain, bias: standardize(x) * gain + bias, x, gain, bias)
            return y, pull(weights)

        run = lambda: jax.block_until_ready(gradients(x, gain, bias, weights))
        result[f"{rows}x{features}"] = 1e9 * median_seconds(run, 30) / (rows * features)

    def lstm(normalize):
        def step(p, state, x):
            h, c = state
            z = normalize(x @ p["wx"]) * p["gx"] + normalize(h @ p["wh"]) * p["gh"] + p["b"]
            i, f, g, o = jnp.split(z, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(normalize(c) * p["gc"] + p["bc"])
            return (h, c), h

        return 4, 2, step

    def gru(normalize):
        def step(p, state, x):
            (h,) = state
            split = lambda a: (normalize(a[:, : 2 * UNITS]), normalize(a[:, 2 * UNITS :]))
            (x_gates, x_candidate), (h_gates, h_candidate) = split(x @ p["wx"]), split(h @ p["wh"])
            two = 2 * UNITS
            gates = jax.nn.sigmoid(x_gates * p["gx"][:two] + h_gates * p["gh"][:two] + p["b"][:two])
            z, r = jnp.split(gates, 2, axis=1)
            inner = h_candidate * p["gh"][two:] + p["bc"]
            candidate = jnp.tanh(x_candidate * p["gx"][two:] + p["b"][two:] + r * inner)
            h = h + z * (candidate - h)
            return (h,), h

        return 3, 1, step

    plain = lambda a: a
    for name, (gates, states, step) in {
        "lstm": lstm(plain),
        "layer-normalized lstm": lstm(standardize),
        "gru": gru(plain),
        "layer-normalized gru": gru(standardize),
    }.items():
        fused = gates * UNITS
        random = lambda *shape: 0.06 * jax.random.normal(next(keys), shape)
        p = {"wx": random(INPUTS, fused), "wh": random(UNITS, fused), "b": jnp.zeros(fused)}
        p |= {"gx": jnp.ones(fused), "gh": jnp.ones(fused), "gc": jnp.ones(UNITS), "bc": jnp.zeros(UNITS)}
        inputs = jax.random.normal(next(keys), (STEPS, BATCH, INPUTS))
        start = tuple(jnp.zeros((BATCH, UNITS)) for _ in range(states))

        @jax.jit
        def gradients(p, inputs):
            loss = lambda p, inputs: jnp.sum(jax.lax.scan(lambda s, x: step(p, s, x), start, inputs)[1])
            return jax.grad(loss, argnums=(0, 1))(p, inputs)

        run = lambda: jax.block_until_ready(gradients(p, inputs))
        result[name] = 1e3 * median_seconds(run, 5) / STEPS
    return f"JAX {jax.__version__}", result


print_figures([measure_torch, measure_jax])
