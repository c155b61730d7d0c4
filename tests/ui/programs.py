"""What the jobs of the cluster tests run. Each needs Python and no package."""

#: Rank r gives r + 1 to everybody, and says what all have given: an all-reduce by a ring.
ALL_REDUCE = r'''
import os, socket, struct, time
from submarine_ext import track

rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])


def meet():
    """Sockets to every other rank (rank 0), or to rank 0, which waits at the master's address."""
    if rank == 0:
        with socket.create_server(place) as door:
            return [door.accept()[0] for _ in range(world - 1)]
    while True:
        try:
            return [socket.create_connection(place)]
        except OSError:
            time.sleep(0.05)  # rank 0 is not there yet


def send(end, value):
    end.sendall(struct.pack("!d", value))


def receive(end):
    return struct.unpack("!d", end.recv(8, socket.MSG_WAITALL))[0]


def all_reduce(ends, value):
    """The sum of everybody's values, at everybody."""
    if rank > 0:
        send(ends[0], value)
        return receive(ends[0])
    total = value + sum(receive(end) for end in ends)
    for end in ends:
        send(end, total)
    return total


ends = meet()
weight, mine = 0.0, float(rank + 1)  # each rank has seen another number; together they fit it
for step in range(30):
    gradient = all_reduce(ends, 2 * (weight - mine)) / world
    loss = all_reduce(ends, (weight - mine) ** 2) / world
    weight -= 0.1 * gradient
    if rank == 0:
        track.log_metric("loss", loss, step)
        track.progress((step + 1) / 30)
print(f"rank {rank} of {world}: sum {all_reduce(ends, mine):.0f}, weight {weight:.2f}")
'''

#: Speaks, waits until somebody makes its file, speaks again.
PATIENT = """
import pathlib, time
print("before", flush=True)
while not pathlib.Path("go on").exists():
    time.sleep(0.02)
print("after", flush=True)
"""

#: Fills so many MiB and says so.
HUNGRY = """
import sys, time
held = bytearray(int(sys.argv[1]) << 20)
for page in range(0, len(held), 4096):
    held[page] = 1
time.sleep(1)  # a kubelet looks at memory now and then
print("enough")
"""
