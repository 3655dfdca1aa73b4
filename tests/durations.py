# SPDX-License-Identifier: GPL-2.0-or-later
"""How long each test took the last time, kept outside the checkout: the longest are started first, so that no core is idle
at the end. The order decides on nothing else."""

import json
import os


def path(group):
    cache = os.environ.get("HEADS_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "heads")
    return os.path.join(cache, "durations", group + ".json")


def read(group):
    """{name: seconds}; empty where nothing is kept, or nothing that can be read."""
    try:
        with open(path(group), encoding="utf-8") as stream:
            return {str(name): float(seconds) for name, seconds in json.load(stream).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def write(group, seconds):
    """Takes over what was measured now; what was not run now keeps its time."""
    known = read(group)
    known.update({name: round(value, 1) for name, value in seconds.items()})
    os.makedirs(os.path.dirname(path(group)), exist_ok=True)
    new = f"{path(group)}.{os.getpid()}"
    with open(new, "w", encoding="utf-8") as stream:
        json.dump(known, stream, indent=1, sort_keys=True)
    os.replace(new, path(group))
