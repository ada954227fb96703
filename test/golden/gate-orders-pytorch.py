"""PyTorch's own LSTM and GRU, weights and what they compute, for test/layer-norm/gate-orders.test.ts."""
import json
import platform

import torch

TIME, BATCH, INPUTS, UNITS = 4, 3, 2, 3
torch.manual_seed(13)
x = torch.randn(TIME, BATCH, INPUTS)


def listed(value):
    return {"shape": list(value.shape), "data": value.detach().flatten().tolist()}


def run(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()
    return {
        "weights": {name: listed(value) for name, value in module.state_dict().items()},
        "outputs": listed(module(x)[0]),
    }


print(
    json.dumps(
        {
            "tool": f"torch {torch.__version__}, Python {platform.python_version()}",
            "command": "python3 test/golden/gate-orders-pytorch.py > test/golden/gate-orders-pytorch.json",
            "inputs": listed(x),
            "lstm": run(torch.nn.LSTM(INPUTS, UNITS)),
            "gru": run(torch.nn.GRU(INPUTS, UNITS)),
            "lstmWithoutBias": run(torch.nn.LSTM(INPUTS, UNITS, bias=False)),
        },
        separators=(",", ":"),
    )
)
