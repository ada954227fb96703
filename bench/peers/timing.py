"""What the scripts beside this one share: one thread, medians, and figures by peer."""

import json
import os
import statistics
import sys
import time


def use_threads(count):
    """Before anything with threads of its own is imported."""
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[-count:]))
    for library in ("OMP", "MKL", "OPENBLAS"):
        os.environ[f"{library}_NUM_THREADS"] = str(count)
    if count == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"


def median_seconds(run, rounds):
    """Of so many runs; one before them warms up."""
    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def print_figures(peers):
    """
    As JSON, figures by case by peer: each of `peers` returns its name with its version, and its figures. One that is not
    installed is left out.
    """
    results = {}
    for measure in peers:
        try:
            name, figures = measure()
        except (ImportError, RuntimeError) as error:
            print(f"{measure.__name__}: {error}", file=sys.stderr)
        else:
            results[name] = figures
    json.dump(results, sys.stdout)
