"""One pod on a node: its life from volumes to the last status, really running its commands.

Waits for what is missing (a ConfigMap, a Secret) until that changes, and retries only what
the kubelet retries by its clock (images, crashed containers). One task per pod.
"""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from . import environment, images, volumes
from .containers import Command, Container, Exit, Unstartable
from .environment import MissingReference
from .hollow import Hollow
from .logs import ContainerLog
from .places import Folders, Names
from .pod_status import Report, State
from .quantities import Quantity
from .registry import stamp
from .status import Object

if TYPE_CHECKING:
    from .kubelet import Kubelet

LATE = "Pod was active on the node longer than the specified deadline"
LARGEST = 4096


class PodRun:
    """A pod from its binding to its end."""

    def __init__(self, kubelet: Kubelet, pod: Object) -> None:
        self._kubelet, self.pod, self.spec = kubelet, pod, pod["spec"]
        metadata = pod["metadata"]
        self.namespace, self.name, self.uid = (
            metadata["namespace"],
            metadata["name"],
            metadata["uid"],
        )
        self.folder = kubelet.folder / "pods" / self.uid
        reason = "PodInitializing" if self.spec.get("initContainers") else "ContainerCreating"
        states = [
            [_state(container, reason) for container in self.spec.get(part) or ()]
            for part in ("initContainers", "containers")
        ]
        self.report = Report(*states)
        self.logs: dict[str, list[ContainerLog]] = {}
        self.running: dict[str, Container | Hollow] = {}
        self.stopping = self.over = self.silent = False
        self._volumes: dict[str, Path] = {}
        self._keeps: dict[str, asyncio.Task[None]] = {}
        self._began = stamp()
        self._kill: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None
        self.task = asyncio.get_running_loop().create_task(self._run())

    # What happens to it.

    def stop(self, grace: float) -> None:
        """SIGTERM now, SIGKILL after so many seconds; again with fewer shortens that."""
        loop = asyncio.get_running_loop()
        if not self.stopping:
            self.stopping = True
            for name, container in self.running.items():
                self.say("Normal", "Killing", f"Stopping container {name}", name)
                container.signal(signal.SIGTERM)
            self._give_up_waiting()
        due = loop.time() + grace
        if self._kill is None or due < self._kill.when():
            if self._kill is not None:
                self._kill.cancel()
            self._kill = loop.call_later(grace, self.kill)

    def _give_up_waiting(self) -> None:
        """What has not begun will not."""
        for name, task in self._keeps.items():
            if name not in self.running:
                task.cancel()
        if not self._keeps and not self.running:
            self.task.cancel()

    def kill(self) -> None:
        for container in self.running.values():
            container.signal(signal.SIGKILL)

    def lose(self) -> None:
        """Its node is gone: everything dies and nobody says so."""
        self.silent = True
        self.stopping = True
        self.kill()
        self._give_up_waiting()

    def back(self) -> None:
        """Its node is back, and tells how it ended."""
        self.silent = False
        self._publish()
        if self.over:
            self._kubelet.ended(self)

    async def close(self) -> None:
        """The cluster ends."""
        self.lose()
        for timer in (self._kill, self._late):
            if timer is not None:
                timer.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def deadline_passed(self) -> None:
        self.report.reason, self.report.message = "DeadlineExceeded", LATE
        self.say("Normal", "DeadlineExceeded", LATE)
        self.stop(self.spec.get("terminationGracePeriodSeconds", 30))

    # Its life.

    async def _run(self) -> None:
        try:
            self._publish()
            if "activeDeadlineSeconds" in self.spec:
                wait = self.spec["activeDeadlineSeconds"] * self._kubelet.timing.named
                loop = asyncio.get_running_loop()
                self._late = loop.call_later(wait, self.deadline_passed)
            await self._mount()
            if await self._initialize():
                await self._keep_all()
        except asyncio.CancelledError:
            if not self.stopping:
                raise
        self._end()

    async def _keep_all(self) -> None:
        loop = asyncio.get_running_loop()
        for container, state in zip(self.spec["containers"], self.report.mains, strict=True):
            self._keeps[state.name] = loop.create_task(self._keep(container, state))
        for result in await asyncio.gather(*self._keeps.values(), return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    def _end(self) -> None:
        self.over = True
        for timer in (self._late, self._kill):
            if timer is not None:
                timer.cancel()
        every = [*self.report.inits, *self.report.mains]
        done = all(state.succeeded for state in every) and not self.report.reason
        self.report.phase = "Succeeded" if done else "Failed"
        self.report.sandbox = False
        self._publish()
        self._kubelet.ended(self)

    def _publish(self) -> None:
        if not self.silent:
            self._kubelet.publish(self, lambda status: self.report.write(status, self._began))

    def say(self, kind: str, reason: str, message: str, container: str = "") -> None:
        part = f"spec.containers{{{container}}}" if container else ""
        if not self.silent:
            self._kubelet.record(self.pod, kind, reason, message, part=part)

    async def _mount(self) -> None:
        while True:
            changed = self._kubelet.changed
            try:
                self._volumes = volumes.make(
                    self.pod, self.folder / "volumes", self._find, self._claims(), self._text
                )
            except volumes.Unmountable as problem:
                self.say("Warning", "FailedMount", str(problem))
                await changed.wait()
            else:
                self.report.sandbox = True
                return

    def _claims(self) -> dict[str, Path]:
        return self._kubelet.claims(self.namespace)

    def _find(self, kind: str, name: str) -> Object | None:
        return self._kubelet.inside.get(f"{kind.lower()}s", self.namespace, name)

    def _text(self, text: str) -> str:
        """A ConfigMap's text for this machine."""
        return self._folders(self.spec["containers"][0]).local(
            self._names().local(text, bare=False)
        )

    def _names(self) -> Names:
        services = self._kubelet.inside.list("services", self.namespace)
        return Names(self.namespace, services, self._kubelet.ports)

    def _folders(self, container: Object) -> Folders:
        mounts = [mount["mountPath"] for mount in container.get("volumeMounts") or ()]
        return Folders(self.folder / container["name"], mounts)

    async def _initialize(self) -> bool:
        for container, state in zip(
            self.spec.get("initContainers") or (), self.report.inits, strict=True
        ):
            await self._keep(container, state, init=True)
            if not state.succeeded:
                return False
        for state in self.report.mains:
            state.wait("ContainerCreating")
        return True

    async def _keep(self, container: Object, state: State, *, init: bool = False) -> None:
        """Run the container as often as the pod's restart policy says."""
        policy = self.spec.get("restartPolicy", "Always")
        while True:
            await self._pull(container, state)
            await self._once(container, state)
            again = policy == "Always" and not init
            again = again or (policy != "Never" and not state.succeeded)
            if self.stopping or not again:
                return
            await self._pause(state)

    async def _pause(self, state: State) -> None:
        """CrashLoopBackOff from the second failure on."""
        state.restart()
        if state.restarts == 1:
            return
        seconds = min(300, 10 * 2 ** (state.restarts - 2))
        self._publish()
        who = f"{self.name}_{self.namespace}({self.uid})"
        said = f"back-off {seconds}s restarting failed container={state.name} pod={who}"
        state.restarts -= 1
        state.wait("CrashLoopBackOff", said)
        self.say(
            "Warning", "BackOff", f"Back-off restarting failed container {state.name} in pod {who}",
            state.name,
        )  # fmt: skip
        self._publish()
        await asyncio.sleep(seconds * self._kubelet.timing.own)
        state.restarts += 1

    async def _pull(self, container: Object, state: State) -> None:
        """Wait until the image is there."""
        name, tries = container["image"], 0
        while True:
            changed = self._kubelet.changed
            bad = images.invalid(name)
            refusal = self._kubelet.images[name].refusal
            if bad is not None:
                self._waits(state, "InvalidImageName", bad, "InspectFailed", bad)
            elif refusal is not None and container.get("imagePullPolicy") == "Never":
                said = f'Container image "{name}" is not present with pull policy of Never'
                self._waits(state, "ErrImageNeverPull", said, "ErrImageNeverPull", said)
            elif refusal is not None:
                await self._back_off(state, name, refusal, tries)
                tries += 1
                continue
            else:
                said = f'Container image "{name}" already present on machine'
                self.say("Normal", "Pulled", said, state.name)
                return
            await changed.wait()

    async def _back_off(self, state: State, name: str, refusal: str, tries: int) -> None:
        self.say("Normal", "Pulling", f'Pulling image "{name}"', state.name)
        said = f'Failed to pull image "{name}": {refusal}'
        self._waits(state, "ErrImagePull", refusal, "Failed", said)
        self.say("Warning", "Failed", "Error: ErrImagePull", state.name)
        own = self._kubelet.timing.own
        await asyncio.sleep(own)
        back = f'Back-off pulling image "{name}"'
        self.say("Normal", "BackOff", back, state.name)
        said = f"{back}: ErrImagePull: {refusal}"
        self._waits(state, "ImagePullBackOff", said, "Failed", "Error: ImagePullBackOff")
        await asyncio.sleep(min(300, 10 * 2**tries) * own)

    def _waits(self, state: State, reason: str, message: str, event: str, text: str) -> None:
        self.say("Warning", event, text, state.name)
        state.wait(reason, message)
        self._publish()

    async def _once(self, container: Object, state: State) -> None:
        """Start it, wait for its end, and say how it ended."""
        command = await self._command(container, state)
        log = self._new_log(state)
        self.say("Normal", "Created", "Container created", state.name)
        try:
            process = self._start(container, command, log)
        except Unstartable as problem:
            state.run()
            self.say("Warning", "Failed", f"Error: {problem}", state.name)
            state.end(128, "StartError", str(problem), started=False)
            log.close(time.time_ns())
            self._publish()
            return
        self.running[state.name] = process
        state.run()
        self.report.phase = "Running" if state in self.report.mains else self.report.phase
        self.say("Normal", "Started", "Container started", state.name)
        self._publish()
        ended = await asyncio.shield(process.ended)
        del self.running[state.name]
        log.close(time.time_ns())
        reason = "OOMKilled" if ended.oom else "Error" if ended.code else "Completed"
        state.end(ended.code, reason, self._message(container, log, ended))
        self._publish()

    async def _command(self, container: Object, state: State) -> Command:
        """What to run; waits while a variable's Secret or ConfigMap is missing."""
        while True:
            changed = self._kubelet.changed
            try:
                self._check_user(container)
                services = self._kubelet.inside.list("services", self.namespace)
                known = environment.variables(self.pod, container, self._find, services)
            except MissingReference as problem:
                said = str(problem)
                self._waits(state, "CreateContainerConfigError", said, "Failed", f"Error: {said}")
                await changed.wait()
            else:
                return self._local(container, known)

    def _check_user(self, container: Object) -> None:
        security = {**(self.spec.get("securityContext") or {})}
        security |= container.get("securityContext") or {}
        root = "runAsUser" not in security and not self._kubelet.images[container["image"]].user
        if security.get("runAsNonRoot") and root:
            who = (
                f'(pod: "{self.name}_{self.namespace}({self.uid})", container: {container["name"]})'
            )
            raise MissingReference(f"container has runAsNonRoot and image will run as root {who}")

    def _local(self, container: Object, known: dict[str, str]) -> Command:
        folders, names = self._folders(container), self._names()
        volumes.mount(container, folders.root, self._volumes)
        for top in ("submarine", "workspace", "tmp"):
            (folders.root / top).mkdir(parents=True, exist_ok=True)
        (folders.root / "termination-log").write_bytes(b"")
        entry = self._kubelet.images[container["image"]].entrypoint
        argv = environment.command(container, entry, known)
        local = {key: folders.local(v) for key, v in names.variables(known).items()}
        work = folders.path(container.get("workingDir") or "/")
        folder = folders.root if str(work) == "/" else work
        folder.mkdir(parents=True, exist_ok=True)
        memory = ((container.get("resources") or {}).get("limits") or {}).get("memory")
        return Command(
            argv=[folders.local(names.local(part, bare=False)) for part in argv],
            environment={**self._base(folders), **local},
            folder=folder,
            memory=int(Quantity.of(memory).value) if memory else None,
            whole=self._kubelet.oom_kills_all,
        )

    def _base(self, folders: Folders) -> dict[str, str]:
        """What an image sets, and where this machine's stand-ins of fixed places are."""
        return {
            "PATH": self._kubelet.path,
            "LANG": "C.UTF-8",
            "HOME": str(folders.root),
            "HOSTNAME": self.spec.get("hostname") or self.name,
            "TERMINATION_LOG": str(folders.root / "termination-log"),
            "SUBMARINE_ROOT": str(folders.root / "submarine"),
            "SUBMARINE_WORKSPACE": str(folders.root / "workspace"),
            "TMPDIR": str(folders.root / "tmp"),
        }

    def _start(self, container: Object, command: Command, log: ContainerLog) -> Container | Hollow:
        if self._kubelet.images[container["image"]].hollow:
            return Hollow(log)
        return Container(command, lambda stream, data: log.write(stream, data, time.time_ns()))

    def _new_log(self, state: State) -> ContainerLog:
        earlier = self.logs.setdefault(state.name, [])
        folder = self.folder / "logs" / state.name / str(state.restarts)
        earlier.append(ContainerLog(folder, self._kubelet.rules))
        return earlier[-1]

    def _message(self, container: Object, log: ContainerLog, ended: Exit) -> str:
        written = self.folder / container["name"] / "termination-log"
        text = written.read_bytes()[-LARGEST:] if written.exists() else b""
        fallback = container.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        if not text and ended.code and fallback:
            text = log.last(2048, 80)
        return text.decode(errors="replace")


def _state(container: Object, reason: str) -> State:
    state = State(container["name"], container["image"], {})
    state.wait(reason)
    return state
