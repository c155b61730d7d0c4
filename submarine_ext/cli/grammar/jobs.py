"""The words of commands about jobs."""

from __future__ import annotations

from collections.abc import Callable

from submarine_ext.cli.parsing import Parser, in_project, pair, seconds, whole
from submarine_ext.domain.jobs import Framework, JobState

RUN_EXAMPLES = """examples:
  %(prog)s train.py --gpu 1 --memory 8Gi -- --lr 0.1
  %(prog)s train.ipynb -p lr=0.1 -p layers='[64, 32]'
  %(prog)s --name download -- python -m tools.download data"""


def _run(prog: str) -> Parser:
    it = Parser(
        prog,
        "[options] FILE [-- ARGS…]  or  [options] -- COMMAND…",
        "run something as a job",
        examples=RUN_EXAMPLES,
        hint="Arguments of a script come after --, and so does a whole command "
        "(run -- python -m tool).",
    )
    it.add_argument("file", nargs="?", metavar="FILE", help="a script (.py) or notebook (.ipynb)")
    add = it.add_argument_group("what").add_argument
    add("--name", help="what to call the job")
    add("-p", "--parameter", type=pair, action="append", metavar="NAME=VALUE", default=[],
        help="a notebook's parameter; numbers, true, false, null and JSON are typed")  # fmt: skip
    add("--env", type=pair, action="append", metavar="NAME=VALUE", default=[],
        help="an environment variable")  # fmt: skip
    add("--secret", action="append", metavar="NAME", help="a secret of the project, as a variable")
    either = it.add_mutually_exclusive_group()
    either.add_argument("--python", metavar="PATH", help="the interpreter, on this machine")
    either.add_argument("--image", metavar="IMAGE", help="the container image, on a cluster")
    add("--bundle", metavar="FOLDER", help="the folder that travels with the job (default: this)")
    add("--no-bundle", action="store_true", help="run in an empty folder")
    add("--output", action="append", metavar="GLOB", help="files to keep as artifacts")
    add("--tag", action="append", help="a word to find the job by")
    _run_where(it)
    _run_how(it)
    return it


def _run_where(it: Parser) -> None:
    add = it.add_argument_group("where and with what").add_argument
    add("--engine", help="where to run; `submarine` alone lists engines")
    add("--project", metavar="PROJECT", help="the project it belongs to (default: yours)")
    add("--cpu", metavar="N", help="CPUs: 2 or 500m")
    add("--memory", metavar="SIZE", help="memory: 512Mi or 8Gi")
    add("--gpu", type=whole, metavar="N", help="GPUs")
    add("--gpu-type", metavar="TYPE", help="which kind of GPU")
    add("--queue", metavar="QUEUE", help="the cluster's queue to wait in")
    add("--nodes", type=whole, metavar="N", help="machines for a distributed job")
    add("--processes", type=whole, metavar="N", help="processes on each machine")
    add("--framework", choices=[str(f) for f in Framework], help="how the processes meet")


def _run_how(it: Parser) -> None:
    add = it.add_argument_group("how").add_argument
    add("--retries", type=whole, metavar="N", help="further attempts after a failure")
    add("--timeout", type=seconds, metavar="TIME", help="end it after 90s, 15m, 2h")
    add("--priority", type=whole, metavar="N", help="higher goes first; 0 is usual")
    add("--dry-run", action="store_true",
        help="show the job and what is known of it, run nothing")  # fmt: skip
    either = it.add_mutually_exclusive_group()
    either.add_argument("--wait", action="store_true", help="stay until it is over")
    either.add_argument("--detach", action="store_true", help="return at once (the default)")


def _jobs(prog: str) -> Parser:
    it = Parser(prog, "[options]", "list jobs, newest first")
    it.add_argument("--state", action="append", choices=[str(s) for s in JobState], default=[])
    it.add_argument("--owner", metavar="PERSON", help="whose")
    it.add_argument("--text", help="in the name or id")
    it.add_argument("--tag", help="with this tag")
    it.add_argument("--limit", type=whole, default=20, metavar="N", help="at most N (20)")
    it.add_argument("--json", action="store_true", help="for programs")
    return in_project(it)


def _logs(prog: str) -> Parser:
    it = _about_a_job(prog, "show what a job printed", optional=True)
    it.add_argument("-f", "--follow", action="store_true", help="go on until the job ends")
    it.add_argument("--rank", type=whole, default=0, metavar="N", help="of a distributed job")
    it.add_argument("--attempt", type=whole, metavar="N", help="an earlier attempt's")
    return it


def _watch(prog: str) -> Parser:
    return _about_a_job(prog, "watch a job: state, progress, log", optional=True)


def _stop(prog: str) -> Parser:
    it = _about_a_job(prog, "stop a job")
    it.add_argument("--grace", type=seconds, metavar="TIME", help="how long it may tidy up (10s)")
    return it


def _retry(prog: str) -> Parser:
    return _about_a_job(prog, "run a finished job once more")


def _metrics(prog: str) -> Parser:
    it = _about_a_job(prog, "show a job's metrics and parameters", optional=True)
    it.add_argument("--keys", metavar="A,B", help="only these")
    it.add_argument("--json", action="store_true", help="whole series, for programs")
    return it


def _doctor(prog: str) -> Parser:
    it = Parser(prog, "ENGINE [--yaml]", "examine how an engine was set up (admins)")
    it.add_argument("engine", metavar="ENGINE", help="its name, such as kubernetes")
    it.add_argument("--yaml", action="store_true", help="only what is missing, for kubectl")
    return it


def _about_a_job(prog: str, description: str, *, optional: bool = False) -> Parser:
    it = Parser(prog, "[ID] [options]" if optional else "ID [options]", description)
    many = "?" if optional else None
    it.add_argument(
        "id", nargs=many, default="last", metavar="ID", help="or its beginning, or last"
    )
    return in_project(it)


PARSERS: dict[str, Callable[[str], Parser]] = {
    "run": _run,
    "jobs": _jobs,
    "logs": _logs,
    "watch": _watch,
    "stop": _stop,
    "retry": _retry,
    "metrics": _metrics,
    "doctor": _doctor,
}
