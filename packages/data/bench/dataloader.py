"""Images a second of PyTorch's DataLoader with PIL over folders: one JSON line an epoch asked for on stdin.

python dataloader.py WORKERS BATCH FOLDER...; each line on stdin, 'train' or 'evaluate' and the number of a folder, is one epoch over its images.
"""
import json
import os
import sys
import time

import PIL
import torch
import torchvision
from torchvision import transforms as T
from torchvision.datasets import ImageFolder

workers, batch, folders = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
torch.set_num_threads(1)
end = [T.ToTensor(), T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
views = {
    'train': T.Compose([T.RandomResizedCrop(224), T.RandomHorizontalFlip(), *end]),
    'evaluate': T.Compose([T.Resize(256), T.CenterCrop(224), *end]),
}
loaders = {
    f'{name} {number}': torch.utils.data.DataLoader(
        ImageFolder(folder, transform=view), batch_size=batch, shuffle=name == 'train', num_workers=workers, persistent_workers=True
    )
    for name, view in views.items()
    for number, folder in enumerate(folders)
}
for loader in loaders.values():
    for _ in loader:
        pass
tick = os.sysconf('SC_CLK_TCK')


def processor_seconds(loader):
    """Of this process and the loader's workers."""
    used = time.process_time()
    for worker in loader._iterator._workers:
        with open(f'/proc/{worker.pid}/stat') as stat:
            user, system = stat.read().rsplit(')', 1)[1].split()[11:13]
        used += (int(user) + int(system)) / tick
    return used


about = {'torch': torch.__version__, 'torchvision': torchvision.__version__, 'pillow': PIL.__version__}
print(json.dumps(about), flush=True)
for line in sys.stdin:
    loader = loaders[line.strip()]
    used, began = processor_seconds(loader), time.perf_counter()
    count = sum(len(labels) for _, labels in loader)
    seconds = {'wall': time.perf_counter() - began, 'processor': processor_seconds(loader) - used}
    print(json.dumps({by: count / of for by, of in seconds.items()}), flush=True)
