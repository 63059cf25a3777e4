"""PyTorch's side of `nx run repro:beside-reference`: trains one student as a prepared work folder says and writes down how it went.

The folder names images, networks and recipe, and holds what both sides share: the student's first weights, the teacher's, the order
of the pictures and the crop and flip of each in every epoch. Everything else is PyTorch's own: modules, losses, autograd, SGD.

  python3 train_reference.py WORK --method kd-ls --seed 0 --device cuda --result FOLDER

FOLDER gets epochs.csv (means over the epoch's images, accuracy on all test images), steps.csv (the first steps' losses) and about.json.
"""

import argparse
import csv
import json
import os
import platform
import time

# Before CUDA starts: without it cuBLAS has no deterministic kernels.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import torch
import torch.nn.functional as F

from network import Network
from pictures import Pictures, fingerprint, read_records
from stored import read_safetensors

EVALUATION_BATCH = 1000
# Percent that a teacher may be off its record before it teaches: more, and its weights went to the wrong layers.
TEACHER_MAY_BE_OFF = 0.5


def parse():
    parser = argparse.ArgumentParser(description="train one student with PyTorch as a prepared folder says")
    parser.add_argument("work")
    parser.add_argument("--method", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--result", required=True, help="folder to write to")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["f32", "bf16", "f64"], default="f32", help="bf16: the student under autocast")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, help="stop after so many steps, without an evaluation")
    return parser.parse_args()


def standardized(z):
    return (z - z.mean(1, keepdim=True)) / (z.std(1, keepdim=True) + 1e-7)


def distillation(student, teacher, recipe):
    """T^2 KL(teacher || student), batch mean; of standardized logits where the recipe says so."""
    if recipe["standardize"]:
        student, teacher = standardized(student), standardized(teacher)
    temperature = recipe["temperature"]
    soft = F.log_softmax(student / temperature, 1)
    return F.kl_div(soft, F.softmax(teacher / temperature, 1), reduction="batchmean") * temperature**2


class Work:
    """Everything that a run needs, on its device."""

    def __init__(self, options):
        with open(os.path.join(options.work, "job.json")) as file:
            self.job = json.load(file)
        self.recipe = self.job["recipes"][options.method]
        self.device = torch.device(options.device)
        self.amp = options.precision == "bf16"
        self.dtype = torch.float64 if options.precision == "f64" else torch.float32
        self.stored = lambda name: read_safetensors(os.path.join(options.work, name))
        self.plan = self.stored(f"plan-s{options.seed}.safetensors")
        self.train, self.test = self.images()
        self.student = self.network("student", f"student-s{options.seed}.safetensors").train()
        self.teacher = self.network("teacher", "teacher.safetensors").eval() if self.recipe["teacher"] else None
        optimizer = self.recipe["optimizer"]
        self.optimizer = torch.optim.SGD(
            self.student.parameters(),
            optimizer["lr"],
            momentum=optimizer["momentum"],
            weight_decay=optimizer["weightDecay"],
            nesterov=optimizer["nesterov"],
        )

    def images(self):
        about = self.job["files"]
        train, labels = read_records(about["train"], about["labelBytes"])
        places = self.stored("places.safetensors")["places"].numpy()
        train, labels = train[places], labels[places]
        test, test_labels = read_records(about["test"], about["labelBytes"])
        marks = [fingerprint(*some, self.job["classes"])[:16] for some in ((train, labels), (test, test_labels))]
        if "-".join(marks) != self.job["images"]["fingerprint"]:
            raise SystemExit(f"these are not the images that the folder was prepared with: {about['train']}, {about['test']}")
        shared = (self.job["mean"], self.job["std"], self.device, self.dtype)
        return Pictures(train, labels, *shared), Pictures(test, test_labels, *shared)

    def network(self, role, file):
        network = Network(self.job["networks"][role])
        network.load_named(self.stored(file))
        return network.to(self.device, self.dtype)

    def learning_rate(self, epoch):
        recipe = self.recipe
        return recipe["optimizer"]["lr"] * recipe["lrDecayRate"] ** sum(epoch > decay for decay in recipe["lrDecayEpochs"])

    def step(self, images, labels):
        """One training step; total, cross-entropy and KD loss, still on the device."""
        weights = self.recipe["weights"]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp):
            logits = self.student(images).to(self.dtype)
        ce = F.cross_entropy(logits, labels)
        total, kd = weights["ce"] * ce, torch.zeros_like(ce)
        if self.teacher is not None:
            with torch.no_grad():
                taught = self.teacher(images)
            kd = distillation(logits, taught, self.recipe)
            total = total + weights["kd"] * kd
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()
        return torch.stack([total, ce, kd]).detach()

    def batches(self, epoch):
        """The epoch's batches as planned; a last smaller one is trained on like the others."""
        order = self.plan[f"order.{epoch}"].long().to(self.device)
        variants = self.plan[f"variants.{epoch}"].long().to(self.device)
        for indices, shown in zip(order.split(self.recipe["batchSize"]), variants.split(self.recipe["batchSize"])):
            yield self.train.views(indices, shown)

    @torch.no_grad()
    def accuracy(self, network):
        """Top-1 and top-5 in percent of all test images."""
        network.eval()
        hits = torch.zeros(2, dtype=torch.int64, device=self.device)
        for begin in range(0, len(self.test), EVALUATION_BATCH):
            images, labels = self.test.plain(begin, begin + EVALUATION_BATCH)
            best = network(images).topk(5, 1).indices == labels[:, None]
            hits += torch.stack([best[:, :1].sum(), best.sum()])
        return [100 * count / len(self.test) for count in hits.tolist()]

    def teacher_top1(self):
        """Accuracy of the teacher, which has to be that of its record; None where nobody teaches."""
        if self.teacher is None:
            return None
        top1, _ = self.accuracy(self.teacher)
        recorded = self.job["teacherTop1"]
        if abs(top1 - recorded) > TEACHER_MAY_BE_OFF:
            raise SystemExit(f"PyTorch measures the teacher at {top1:.2f} %, its record says {recorded:.2f} %")
        return top1


def train_epoch(work, epoch, limit):
    """Trains one epoch, or its first `limit` steps. Returns means over its images and the losses of its steps."""
    work.student.train()
    for group in work.optimizer.param_groups:
        group["lr"] = work.learning_rate(epoch)
    sums, images_seen, losses = torch.zeros(3, dtype=torch.float64, device=work.device), 0, []
    for images, labels in work.batches(epoch):
        if len(losses) == limit:
            break
        parts = work.step(images, labels).double()
        sums += parts * len(labels)
        images_seen += len(labels)
        losses.append(parts)
    return (sums / images_seen).tolist(), torch.stack(losses).tolist()


def write_csv(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def main():
    options = parse()
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    os.makedirs(options.result, exist_ok=True)
    began = time.perf_counter()
    work = Work(options)
    whole = options.steps is None
    teacher = work.teacher_top1() if whole else None
    epochs, steps = [], []
    for epoch in range(1, work.recipe["epochs"] + 1 if whole else 2):
        epoch_began = time.perf_counter()
        (loss, ce, kd), losses = train_epoch(work, epoch, options.steps)
        if epoch == 1:
            steps = [[i + 1, *parts] for i, parts in enumerate(losses[: work.job["keptSteps"]])]
        if not whole:
            break
        top1, top5 = work.accuracy(work.student)
        epochs.append([epoch, work.learning_rate(epoch), loss, ce, kd, top1, top5, time.perf_counter() - epoch_began])
        print(f"epoch {epoch}: loss {loss:.4f}, {top1:.2f} % of the test images", flush=True)
    result = lambda name: os.path.join(options.result, name)
    write_csv(result("steps.csv"), ["step", "loss", "crossEntropy", "distillation"], steps)
    write_csv(result("epochs.csv"), ["epoch", "learningRate", "loss", "crossEntropy", "distillation", "top1", "top5", "seconds"], epochs)
    about = {
        "side": f"torch-{options.device}",
        "method": options.method,
        "seed": options.seed,
        "precision": options.precision,
        "threads": options.threads,
        "device": torch.cuda.get_device_name() if options.device == "cuda" else f"CPU, {options.threads} thread{'s' if options.threads > 1 else ''}",
        "versions": f"torch {torch.__version__}, python {platform.python_version()}",
        "teacherTop1": teacher,
        "seconds": time.perf_counter() - began,
    }
    with open(result("about.json"), "w") as file:
        json.dump(about, file, indent=2)
        file.write("\n")


main()
