"""The first file that runs in a pod: makes sure of Python's version, then starts the rest.

It must be readable by any Python there is, down to 2.7, to say in a sentence what an image
lacks. Usage: ``python launcher.py plan.json``.
"""

# ruff: noqa: PTH100, PTH120, PTH123, UP036
import json
import os
import sys

SENTENCE = (
    "The image's Python is %d.%d; a job needs 3.8 or newer. Choose another image (environment)."
)


def main():
    # type: () -> None
    """Hand over to ``supervisor``, or say that the image is too old; no retry would help."""
    if sys.version_info >= (3, 8):
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        from submarine_ext.engines.kubernetes.pod.supervisor import run

        sys.exit(run(sys.argv[1]))
    sentence = SENTENCE % sys.version_info[:2]
    sys.stdout.write(sentence + "\n")
    with open(os.environ.get("TERMINATION_LOG", "/dev/termination-log"), "w") as report:
        report.write(json.dumps({"kind": "unstartable", "error": sentence}))
    sys.exit(64)


if __name__ == "__main__":
    main()
