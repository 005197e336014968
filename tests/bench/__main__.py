"""`make bench SIZE=small|full`: measure every part, print the table, write `var/bench.json`. `ONLY=` names parts."""

import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator

from deploy.bootstrap import say
from tests.bench.rows import Row, table
from tests.bench.stage import HOST, ROOT, SIZES, Stage, opened

RESULT = ROOT / "var" / "bench.json"


def parts() -> dict[str, Callable[[Stage], Iterator[Row]]]:
    """Every part by name, in the order in which they run; imported late, when Django is set up."""
    from tests.bench import audit, files, first_run, jobs, lists, logs, pages, sight

    return {
        "lists": lists.lists,
        "queries": lists.queries,
        "case_page": pages.case_page,
        "page_weight": pages.page_weight,
        "sight": sight.sight,
        "verification": audit.verification,
        "long_history": pages.long_history,
        "action_cost": audit.action_cost,
        "jobs": jobs.jobs,
        "files": files.large_files,
        "logs": logs.logs,
        "first_run": first_run.first_run,
    }


def measured(name: str, part: Callable[[Stage], Iterator[Row]], stage: Stage) -> Iterator[Row]:
    """The rows of one part; what goes wrong becomes a row, so that the others are still measured."""
    began = time.monotonic()
    try:
        yield from part(stage)
    except Exception as fault:
        traceback.print_exc()
        yield Row(name, 0, "", holds=False, note=f"not measured: {type(fault).__name__}: {fault}"[:300])
    say(f"bench: {name} took {time.monotonic() - began:.0f} s")


def free_port() -> int:
    """The first of four free ports in a row."""
    for port in range(18200, 18900, 10):
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)):
                return port
    raise SystemExit("No free port was found for the bench.")


def main() -> int:
    """Measure; 1 when a target is missed."""
    size, only = os.environ.get("SIZE", "small"), os.environ.get("ONLY", "").split()
    if size not in SIZES:
        raise SystemExit(f"SIZE is one of {', '.join(SIZES)}.")
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    os.environ["STATEMENT_TIMEOUT_MS"] = "0"
    rows: list[Row] = []
    with opened(SIZES[size], free_port()) as stage:
        for name, part in parts().items():
            if not only or name in only:
                for row in measured(name, part, stage):
                    rows.append(row)
                    say(f"  {row.name}: {row.value:.4g} {row.unit}, ratio {row.ratio or 0:.2f} {row.note}")
    say("\n" + table(rows))
    told = {
        "size": size,
        "machine": {"cores": os.cpu_count(), "python": sys.version.split()[0]},
        "rows": [r.as_dict() for r in rows],
    }
    RESULT.write_text(json.dumps(told, indent=1) + "\n")
    missed = [row.name for row in rows if row.holds is False]
    say(
        f"\n{RESULT.relative_to(ROOT)} is written. "
        + (f"Missed: {', '.join(missed)}" if missed else "Every target holds.")
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
