#!/usr/bin/env python3
"""A corpus through a patch with Ray, one file a task, on one machine or a cluster.

    ray_render.py echo.toml 'takes/**/*.wav' out/

Needs `pip install ray`, and `runner` and the files on each machine under the same names. Prints a JSON document for each
file, then one for all. Exit code 0 when every file was rendered, 1 when some were not. A second call goes on with what is
missing.
"""

import argparse
import glob
import json
import os
import subprocess
import sys

import ray


@ray.remote(num_cpus=1, max_retries=2)
def render(runner, patch, source, target):
    """Renders one file; the report of `runner`, with its exit code."""
    command = [runner, "render", patch, "-i", source, "-o", target, "--json"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        report = {"exit": done.returncode, "error": {"code": "internal", "message": done.stderr.strip()}}
    return {"input": source, **report}


def targets(pattern, folder):
    """Each file that the pattern finds, and what becomes of it: the folders below the pattern's fixed part stay."""
    parts = pattern.split("/")
    fixed = "/".join(parts[: next((n for n, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)])
    for source in sorted(glob.glob(pattern, recursive=True)):
        inner = os.path.relpath(source, fixed or ".")
        yield source, os.path.join(folder, os.path.splitext(inner)[0] + ".wav")


def main():
    words = argparse.ArgumentParser(description="A corpus through a patch with Ray, one file a task.")
    words.add_argument("patch")
    words.add_argument("pattern", help="files to render, as in 'takes/**/*.wav'")
    words.add_argument("folder", help="where they go")
    words.add_argument("--runner", default="runner", help="the program, if it is not on the PATH")
    words.add_argument("--address", help="the cluster; this machine alone without it")
    args = words.parse_args()

    files = [tuple(map(os.path.abspath, pair)) for pair in targets(args.pattern, args.folder)]
    twins = len(files) - len({target for _, target in files})
    if not files or twins:
        sys.exit(f"no file is called like {args.pattern}" if not files else f"{twins} files would become others")
    missing = [(source, target) for source, target in files if not os.path.exists(target)]

    ray.init(address=args.address, log_to_driver=False, include_dashboard=False)
    waiting = [render.remote(args.runner, os.path.abspath(args.patch), *pair) for pair in missing]
    failed = 0
    while waiting:
        ready, waiting = ray.wait(waiting)
        report = ray.get(ready[0])
        failed += report["exit"] != 0
        print(json.dumps(report), flush=True)
    skipped = len(files) - len(missing)
    print(json.dumps({"files": len(files), "skipped": skipped, "failed": failed}))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
