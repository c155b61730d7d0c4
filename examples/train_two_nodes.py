"""Train a linear model on two machines with torch and gloo, without any GPU.

Run it as a job of several nodes, on a cluster or on this machine:
``%submarine run --nodes 2 --framework torch --engine kubernetes -- torchrun train_two_nodes.py``.
Its image needs torch. Every rank draws data of its own; the gradients are averaged.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from submarine_ext import track

STEPS = 40


def main() -> None:
    """Train, and report from rank 0: the others would report the same."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(rank)
    model = DistributedDataParallel(torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(STEPS):
        inputs = torch.randn(64, 8)
        loss = torch.nn.functional.mse_loss(model(inputs), inputs.sum(1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if rank == 0:
            track.log_metric("loss", loss.item(), step)
            track.progress((step + 1) / STEPS)
    print(f"rank {rank} of {world}: loss {loss.item():.5f}")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
