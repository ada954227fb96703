"""The coordinatewise LSTM optimizer of optimizer-kernel.ts in JAX and PyTorch, microseconds a coordinate-step.

The argument is the number of threads. 15,910 coordinates, two layers of 20 units, the preprocessing of appendix A with
p = 10, an unroll of 20. "forward": a step from a state to the next. "forward+backward": a window of 20 steps and the
gradient of a weighted sum of its updates with respect to the optimizer's parameters, over all coordinates.

What a peer does best: JAX compiles the step and the window whole; PyTorch runs its own fused `torch.nn.LSTM` over the window.
"""

import sys

from timing import median_seconds, print_figures, use_threads

threads = int(sys.argv[1])
use_threads(threads)

COORDINATES, UNITS, UNROLL, P = 15_910, 20, 20, 10.0
FORWARD_STEPS = 5


def microseconds(seconds, steps):
    return 1e6 * seconds / (COORDINATES * steps)


def measure_jax():
    import jax
    import jax.numpy as jnp

    keys = iter(jax.random.split(jax.random.key(0), 20))

    def preprocess(g):
        large = jnp.abs(g) >= jnp.exp(-P)
        logarithm = jnp.where(large, jnp.log(jnp.where(large, jnp.abs(g), 1.0)) / P, -1.0)
        return jnp.stack([logarithm, jnp.where(large, jnp.sign(g), jnp.exp(P) * g)], axis=1)

    def cell(p, inputs, state):
        h, c = state
        i, f, g, o = jnp.split(inputs @ p["inputs"] + h @ p["state"] + p["bias"], 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return h, c

    def step(p, states, g):
        first = cell(p["first"], preprocess(g), states[0])
        second = cell(p["second"], first[0], states[1])
        return (first, second), 0.1 * (second[0] @ p["output"] + p["bias"])

    random = lambda *shape: 0.2 * jax.random.normal(next(keys), shape)
    layer = lambda inputs: {"inputs": random(inputs, 4 * UNITS), "state": random(UNITS, 4 * UNITS), "bias": random(4 * UNITS)}
    p = {"first": layer(2), "second": layer(UNITS), "output": random(UNITS), "bias": jnp.zeros(())}
    zero = jnp.zeros((COORDINATES, UNITS))
    start = ((zero, zero), (zero, zero))
    g = jnp.exp(-12 * jax.random.uniform(next(keys), (COORDINATES,))) * jax.random.rademacher(next(keys), (COORDINATES,))
    weights = jax.random.normal(next(keys), (UNROLL, COORDINATES))

    compiled = jax.jit(step)

    def forward():
        states = start
        for _ in range(FORWARD_STEPS):
            states, updates = compiled(p, states, g)
        jax.block_until_ready(updates)

    @jax.jit
    def gradients(p, g, weights):
        def loss(p):
            _, updates = jax.lax.scan(lambda states, _: step(p, states, g), start, None, length=UNROLL)
            return jnp.sum(weights * updates)

        return jax.grad(loss)(p)

    return f"JAX {jax.__version__}", {
        "forward": microseconds(median_seconds(forward, 9), FORWARD_STEPS),
        "forward+backward": microseconds(
            median_seconds(lambda: jax.block_until_ready(gradients(p, g, weights)), 5), UNROLL
        ),
    }


def measure_torch():
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    lstm = torch.nn.LSTM(2, UNITS, num_layers=2)
    output = torch.nn.Linear(UNITS, 1)
    parameters = [*lstm.parameters(), *output.parameters()]
    g = torch.exp(-12 * torch.rand(COORDINATES)) * torch.sign(torch.randn(COORDINATES))
    weights = torch.randn(UNROLL, COORDINATES)

    def preprocess(g):
        large = g.abs() >= torch.exp(torch.tensor(-P))
        logarithm = torch.where(large, torch.log(g.abs()) / P, -1.0)
        return torch.stack([logarithm, torch.where(large, torch.sign(g), torch.exp(torch.tensor(P)) * g)], dim=1)

    def forward():
        state = None
        with torch.no_grad():
            for _ in range(FORWARD_STEPS):
                hidden, state = lstm(preprocess(g)[None], state)
                0.1 * output(hidden)[..., 0]

    def both():
        inputs = preprocess(g)[None].expand(UNROLL, -1, -1)
        hidden, _ = lstm(inputs)
        torch.autograd.grad((weights * 0.1 * output(hidden)[..., 0]).sum(), parameters)

    return f"PyTorch {torch.__version__}", {
        "forward": microseconds(median_seconds(forward, 9), FORWARD_STEPS),
        "forward+backward": microseconds(median_seconds(both, 5), UNROLL),
    }


print_figures([measure_jax, measure_torch])
