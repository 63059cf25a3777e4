"""Times the losses in PyTorch, forward and backward, at the shapes of bench/workloads.mjs; prints a table or, with --json, JSON.

Plain formulas in eager PyTorch, as one would write them in a training loop; warm-up is untimed.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F


def z_score(z):
    return (z - z.mean(-1, keepdim=True)) / (z.std(-1, keepdim=True) + 1e-7)


def kd(s, t, temperature, standardize=False):
    if standardize:
        s, t = z_score(s), z_score(t)
    divergence = F.kl_div(F.log_softmax(s / temperature, 1), F.softmax(t / temperature, 1), reduction="none")
    return divergence.sum(1).mean() * temperature**2


def dkd(s, t, labels, temperature=4.0, alpha=1.0, beta=8.0, standardize=False):
    if standardize:
        s, t = z_score(s), z_score(t)
    own = F.one_hot(labels, s.shape[1]).bool()
    p, q = F.softmax(t / temperature, 1), F.softmax(s / temperature, 1)
    two = lambda x: torch.stack([x[own], 1 - x[own]], 1)
    target = F.kl_div(two(q).log(), two(p), reduction="batchmean")
    hide = own.float() * 1000
    others = F.kl_div(F.log_softmax(s / temperature - hide, 1), F.softmax(t / temperature - hide, 1), reduction="batchmean")
    return (alpha * target + beta * others) * temperature**2


def mlkd(s, t, s2, t2, temperature=2.0, standardize=False):
    total = 0
    sure = F.softmax(t, 1)
    keep = (sure.max(1)[0] <= sure.max(1)[0].median()).float().mean()
    classes = (sure.sum(0) <= sure.sum(0).median()).float().mean()
    for T in (temperature, 3.0, 5.0, 2.0, 6.0):
        p, q = F.softmax(t / T, 1), F.softmax(s / T, 1)
        total = total + kd(s, t, T, standardize) * keep + kd(s2, t2, T, standardize)
        total = total + ((p.T @ p - q.T @ q) ** 2).sum() / p.shape[1] * classes
        total = total + ((p @ p.T - q @ q.T) ** 2).sum() / p.shape[0] * keep
    return total


def pkt(s, t):
    def similarity(x):
        x = x / (x.norm(dim=1, keepdim=True) + 1e-7)
        c = (x @ x.T + 1) / 2
        return c / c.sum(1, keepdim=True)

    p, q = similarity(t), similarity(s)
    return (p * ((p + 1e-7) / (q + 1e-7)).log()).mean()


def sp(s, t):
    gram = lambda x: F.normalize(x.flatten(1) @ x.flatten(1).T)
    return ((gram(s) - gram(t)) ** 2).mean()


def vid(pairs, layers):
    total = 0
    for (s, t), (first, second, third, scale) in zip(pairs, layers):
        mean = third(F.relu(second(F.relu(first(s)))))
        variance = F.softplus(scale).view(1, -1, 1, 1) + 1e-5
        total = total + 0.5 * ((mean - t) ** 2 / variance + variance.log()).mean()
    return total


def srrl(s, t, logits, adaptor, classifier):
    moved = F.relu(adaptor(s[:, :, None, None])).flatten(1)
    return F.mse_loss(moved, t) + F.mse_loss(classifier(moved), logits)


class Crd:
    def __init__(self, width, rows=50_000, dimension=128, negatives=16_384, batch=64):
        self.embed = [torch.nn.Linear(width, dimension) for _ in range(2)]
        self.memory = [F.normalize(torch.rand(rows, dimension) - 0.5) for _ in range(2)]
        self.contrast = torch.randint(0, rows, (batch, negatives + 1))
        self.index = torch.arange(batch) * 7
        self.rows, self.negatives = rows, negatives

    def __call__(self, s, t):
        sides = [F.normalize(embed(x)) for embed, x in zip(self.embed, (s, t))]
        share, total = self.negatives / self.rows, 0
        for own, other in ((0, 1), (1, 0)):
            candidates = self.memory[other][self.contrast.view(-1)].view(*self.contrast.shape, -1)
            scores = (torch.bmm(candidates, sides[own].unsqueeze(2)).squeeze(2) / 0.07).exp()
            scores = scores / (scores.mean() * self.rows).detach()
            positive, negatives = scores[:, :1], scores[:, 1:]
            likelihood = (positive / (positive + share + 1e-7)).log().sum() + (share / (negatives + share + 1e-7)).log().sum()
            total = total - likelihood / s.shape[0]
        with torch.no_grad():
            for bank, side in zip(self.memory, sides):
                bank[self.index] = F.normalize(bank[self.index] * 0.5 + side * 0.5)
        return total


def workloads():
    for batch, classes in ((64, 100), (256, 1000)):
        s, t, s2, t2 = (torch.rand(batch, classes) * 10 - 5 for _ in range(4))
        labels = torch.arange(batch) % classes
        size = f"[{batch}, {classes}]"
        yield f"ce {size}", [s], lambda s=s, l=labels: F.cross_entropy(s, l)
        for ls in (False, True):
            mark = "+ls" if ls else ""
            yield f"kd{mark} {size}", [s], lambda s=s, t=t, ls=ls: kd(s, t, 4.0, ls)
            yield f"dkd{mark} {size}", [s], lambda s=s, t=t, l=labels, ls=ls: dkd(s, t, l, standardize=ls)
            yield f"mlkd{mark} {size}", [s, s2], lambda a=(s, t, s2, t2), ls=ls: mlkd(*a, standardize=ls)
    for network, widths in (("resnet56 -> resnet20", (16, 32, 64)), ("resnet32x4 -> resnet8x4", (64, 128, 256))):
        maps = [[torch.rand(64, w, size, size) * 2 - 1 for w, size in zip(widths, (32, 16, 8))] for _ in range(2)]
        pooled = [torch.rand(64, widths[-1]) * 2 - 1 for _ in range(2)]
        yield f"pkt {network}", pooled[:1], lambda p=pooled: pkt(*p)
        yield f"sp {network}", maps[0][-1:], lambda m=maps: sp(m[0][-1], m[1][-1])
        layers = [(*(torch.nn.Conv2d(w, w, 1, bias=False) for _ in range(3)), torch.nn.Parameter(torch.full((w,), 5.0))) for w in widths]
        weights = [p for group in layers for layer in group for p in (layer.parameters() if isinstance(layer, torch.nn.Module) else [layer])]
        yield f"vid {network}", maps[0] + weights, lambda m=maps, l=layers: vid(list(zip(*m)), l)
        crd = Crd(widths[-1])
        yield f"crd {network}", pooled[:1] + [p for e in crd.embed for p in e.parameters()], lambda p=pooled, c=crd: c(*p)
        adaptor = torch.nn.Sequential(torch.nn.Conv2d(widths[-1], widths[-1], 1, bias=False), torch.nn.BatchNorm2d(widths[-1]))
        classifier, logits = torch.nn.Linear(widths[-1], 100), torch.rand(64, 100)
        yield f"srrl {network}", pooled[:1] + list(adaptor.parameters()), lambda p=pooled, a=adaptor, c=classifier, z=logits: srrl(*p, z, a, c)


def measure(learned, loss, seconds):
    for x in learned:
        x.requires_grad_(True)

    def once():
        for x in learned:
            x.grad = None
        loss().backward()

    end = time.perf_counter() + seconds / 5
    while time.perf_counter() < end:
        once()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        once()
        times.append((time.perf_counter() - start) * 1e3)
    low, median, high = statistics.quantiles(times, n=4)
    return {"medianMs": median, "spread": (high - low) / median, "n": len(times)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--time", type=float, default=500, help="milliseconds a loss")
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args()
    rows = []
    for name, learned, loss in workloads():
        if flags.only in name:
            seen = measure(learned, loss, flags.time / 1e3)
            rows.append({"name": name, "by": "torch", **seen})
            if not flags.json:
                print(f"{name:36s} {seen['medianMs']:9.3f} ms  (spread {seen['spread']:.0%}, n {seen['n']})", flush=True)
    if flags.json:
        print(json.dumps({"about": {"torch": torch.__version__, "torchThreads": torch.get_num_threads()}, "rows": rows}))


main()
