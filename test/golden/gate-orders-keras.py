"""Keras's own LSTM and GRU, weights and what they compute, for test/layer-norm/gate-orders.test.ts. On the JAX backend."""
import json
import os
import platform

os.environ["KERAS_BACKEND"] = "jax"
import jax  # noqa: E402
import keras  # noqa: E402
import numpy  # noqa: E402

jax.config.update("jax_enable_x64", True)
TIME, BATCH, INPUTS, UNITS = 4, 3, 2, 3
random = numpy.random.default_rng(11)
x = random.standard_normal((BATCH, TIME, INPUTS)).astype("float32")


def listed(value):
    array = numpy.asarray(value)
    return {"shape": array.shape, "data": array.ravel().tolist()}


def run(layer):
    layer.build(x.shape)
    layer.set_weights([random.standard_normal(weight.shape).astype("float32") for weight in layer.weights])
    names = ["kernel", "recurrentKernel", "bias"]
    return {
        "weights": {name: listed(weight) for name, weight in zip(names, layer.get_weights(), strict=True)},
        "outputs": listed(layer(x)),
    }


print(
    json.dumps(
        {
            "tool": f"keras {keras.__version__}, jax {jax.__version__}, Python {platform.python_version()}",
            "command": "python3 test/golden/gate-orders-keras.py > test/golden/gate-orders-keras.json",
            "inputs": listed(x),
            "lstm": run(keras.layers.LSTM(UNITS, return_sequences=True)),
            "gru": run(keras.layers.GRU(UNITS, return_sequences=True, reset_after=True)),
            "gruResetBefore": run(keras.layers.GRU(UNITS, return_sequences=True, reset_after=False)),
        },
        separators=(",", ":"),
    )
)
