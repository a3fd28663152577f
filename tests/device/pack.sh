#!/usr/bin/env bash
# Puts what tests/device/run.sh needs on a bare machine into one folder that git ignores: finished programs that were
# built here against the LibTorch that lies there, the few libraries that they load beside it, and cases to train on.
#   tests/device/pack.sh [BUILD [FOLDER]]      BUILD: default build/libtorch2 (make -f Makefile.examples libtorch2-build)
# DEVICE_CASES: manifest of real CT (default ../shared/data/ct-hn.json); DEVICE_DATA_MIB: most of its volumes (14).
# A card may look at real volumes only where their licence lets them travel, and the folder is never committed.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/libtorch2} pack=${2:-tests/device/pack}
cases=${DEVICE_CASES:-../shared/data/ct-hn.json} data_mib=${DEVICE_DATA_MIB:-14} most_mib=60

for target in tools test-gdm-device training-bench volume-diff; do
  cmake --build "$build" --target "$target" >/dev/null
done
rm -rf "$pack"
mkdir -p "$pack/bin" "$pack/tests" "$pack/lib"
cp "$build"/bin/gdm-* "$pack/bin"
cp "$build/tests/test-gdm-device" "$build/tests/volume-diff" "$build/tests/bench/training-bench" "$pack/tests"
cp "$build/libgdm.so" "$build/libgdm-nn.so" "$pack/lib"
# What a machine without gdm's packages lacks: all that libgdm loads but the C and C++ libraries.
ldd "$build/libgdm.so" | awk '/=> \//{print $3}' | grep -v '/lib\(c\|m\|stdc++\|gcc_s\|pthread\|dl\)\.so' |
  xargs -I{} cp -L {} "$pack/lib"
strip --strip-unneeded "$pack"/bin/* "$pack"/tests/* "$pack"/lib/*
ln -s ../../../share "$pack/share"
git describe --always --dirty --abbrev=12 >"$pack/version"

if [[ -r $cases ]]; then
  mkdir "$pack/data"
  python3 - "$cases" "$pack/data" "$data_mib" <<'PYTHON'
import json, os, shutil, sys
manifest, folder, mib = sys.argv[1], sys.argv[2], float(sys.argv[3])
cases = json.load(open(manifest))
base = os.path.dirname(os.path.abspath(manifest))
left = mib * 2**20
kept = []
# Four of five are for training, in the manifest's order, so that the same cases come each time.
by_split = {s: [c for c in cases["cases"] if c.get("split") == s] for s in ("train", "val")}
while left > 0 and by_split["train"]:
    for split, count in (("train", 8), ("val", 1)):
        for case in by_split[split][:count]:
            size = sum(os.path.getsize(os.path.join(base, case[k])) for k in ("target", "mask") if case.get(k))
            if size > left: left = 0; break
            left -= size
            for key in ("target", "mask"):
                if not case.get(key): continue
                name = os.path.basename(case[key])
                shutil.copy(os.path.join(base, case[key]), os.path.join(folder, name))
                case[key] = name
            kept.append(case)
        by_split[split] = by_split[split][count:]
cases["cases"] = kept
json.dump(cases, open(os.path.join(folder, "cases.json"), "w"), indent=1)
print(f"{len(kept)} cases")
PYTHON
else
  echo "pack: no $cases, so that run.sh will train on simulated heads" >&2
fi

size=$(du -sm "$pack" | cut -f1)
echo "$pack: $size MiB"
((size <= most_mib)) || { echo "pack: more than $most_mib MiB" >&2; exit 1; }
