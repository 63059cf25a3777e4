"""A network out of its description: the layers and their order come from the zoo, the computing is PyTorch's own modules."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def shuffle(x, groups):
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


def window(op):
    return op["kernel"], op["stride"], op["padding"]


def layer(op):
    """The module of an op that has weights; None for the others."""
    kind = op["op"]
    if kind == "conv":
        return nn.Conv2d(op["channels"], op["filters"], *window(op), groups=op["groups"], bias=op["bias"])
    if kind == "norm":
        return nn.BatchNorm2d(op["channels"])
    if kind == "linear":
        return nn.Linear(op["channels"], op["units"])
    if kind == "dropout":
        return nn.Dropout(op["rate"])
    return None


def function(op):
    """What an op without weights does."""
    kind = op["op"]
    return {
        "relu": F.relu,
        "relu6": F.relu6,
        "add": torch.add,
        "concat": lambda *xs: torch.cat(xs, 1),
        "channels": lambda x: x[:, op["begin"] : op["begin"] + op["size"]],
        "shuffle": lambda x: shuffle(x, op["groups"]),
        "maxPool": lambda x: F.max_pool2d(x, *window(op)),
        "averagePool": lambda x: F.avg_pool2d(x, *window(op)),
        "adaptiveAveragePool": lambda x: F.adaptive_avg_pool2d(x, op["side"]),
        "globalAveragePool": lambda x: x.mean((2, 3)),
        "flatten": lambda x: x.flatten(1),
    }[kind]


class Network(nn.Module):
    """Runs the ops in order; a value is let go after its last use, so that evaluation keeps no more than it needs."""

    def __init__(self, description):
        super().__init__()
        ops = description["ops"]
        self.layers = nn.ModuleList()
        self.names = []
        self.steps = []
        last = {value: i for i, op in enumerate(ops) for value in op["in"]}
        for i, op in enumerate(ops):
            module = layer(op)
            if module is not None:
                self.layers.append(module)
                self.names.append(op.get("name"))
            done = [value for value in set(op["in"]) if last[value] == i]
            self.steps.append((module or function(op), op["in"], op["out"], done))
        self.result = description["logits"]

    def load_named(self, state):
        """Takes over a state dict under the names of the original's modules; every entry has to be used and none may lack."""
        places = {name: str(i) for i, name in enumerate(self.names)}
        moved = {}
        for key, value in state.items():
            module, tensor = key.rsplit(".", 1)
            moved[f"{places[module]}.{tensor}"] = value
        self.layers.load_state_dict(moved)

    def forward(self, images):
        values = {0: images}
        for run, inputs, out, done in self.steps:
            values[out] = run(*[values[i] for i in inputs])
            for value in done:
                del values[value]
        return values[self.result]
