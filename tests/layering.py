#!/usr/bin/env python3
"""Holds every include of lib/ and tools/ against tests/layers.txt: layering.py ROOT. Exit 1 with a line for each that
points up, knows a library that its room must not, or lies in a room without a floor."""
import os
import re
import sys

root = sys.argv[1]
floor_of, unit_of, only = {}, {}, []
with open(os.path.join(root, "tests/layers.txt"), encoding="utf-8") as lines:
    for number, line in enumerate(lines):
        words = line.split("#")[0].split()
        if words[:1] == ["floor"]:
            for room in words[2:]:
                floor_of[room], unit_of[room] = number, words[1]
        elif words[:1] == ["only"]:
            only.append((words[1], set(words[2:])))


def wrong(room, quoted, name):
    """What is wrong with an include in a room, or nothing."""
    if not quoted:
        for prefix, rooms in only:
            if name.startswith(prefix) and room not in rooms:
                return f"<{name}> is for {', '.join(sorted(rooms))} alone"
        return None
    other = name.split("/")[0]
    if "/" not in name or other == room:
        return None
    if other not in floor_of:
        return f"room {other} has no floor"
    if floor_of[other] >= floor_of[room]:
        return f"{room} lies below {other} or beside it"
    if unit_of[room] == "gdm" and unit_of[other] != "gdm":
        return f"{other} belongs to lib{unit_of[other]}, which lib{unit_of[room]} loads but does not know"
    return None


faults, includes = [], 0
for top in ("lib", "tools"):
    for folder, _, names in os.walk(os.path.join(root, top)):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), root)
            if not re.search(r"\.[hc]pp(\.in)?$", name):
                continue
            room = path.split(os.sep)[1] if top == "lib" else "tools"
            if room not in floor_of:
                faults.append(f"{path}: room {room} has no floor in tests/layers.txt")
                continue
            with open(os.path.join(root, path), encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    found = re.match(r'\s*#\s*include\s*([<"])([^">]+)', line)
                    if not found:
                        continue
                    includes += 1
                    fault = wrong(room, found[1] == '"', found[2])
                    if fault:
                        faults.append(f"{path}:{number}: {fault}")
print("\n".join(faults) if faults else f"{includes} includes, all down")
sys.exit(bool(faults) or includes == 0)
