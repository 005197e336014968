"""Runs a command and tells what it took, as JSON: wall and CPU seconds, most memory in bytes, exit code.

A process of its own, because a child's peak of memory begins at that of the process it was forked from.
"""

import json
import os
import subprocess
import sys
import time


def main(command: list[str]) -> None:
    """Run, wait, tell."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    told = {
        "wall_s": time.perf_counter() - began,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * (1024 if sys.platform == "linux" else 1),
        "code": process.returncode,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
