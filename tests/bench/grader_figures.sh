#!/usr/bin/env bash
# How sharply graders see: real CT worsened by known steps, and the Frechet distance of each step from the targets at
# patch level, in percent of that of a blur of one voxel, beside the same of an untrained network with the same layers.
#   grader_figures.sh BIN ALTER MANIFEST SPLIT ENCODER...
# BIN folder of the programs; ALTER the program alter-volumes; MANIFEST cases with CT targets, of which SPLIT is graded
# (the train split only says how large voxels are); ENCODER files. FOLDER in the environment keeps what is made on the
# way, and THREADS says how many to use.
set -euo pipefail
bin=$1 alter=$2 manifest=$3 split=$4
shift 4
folder=${FOLDER:-$(mktemp -d)}
[[ -n ${FOLDER:-} ]] || trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"
common=(--threads "${THREADS:-1}" -q)

[[ -f $folder/steps ]] || { "$alter" "$manifest" "$split" "$folder" >"$folder/steps.part" && mv "$folder/steps.part" "$folder/steps"; }
if [[ ! -f $folder/fbp/graded.json ]]; then
  "$bin/gdm-recon" project "$manifest" -o "$folder/sinograms" --split "$split" --views 24 --photons 1e5 --seed 1 --force "${common[@]}" >/dev/null
  "$bin/gdm-recon" fbp "$folder/sinograms/manifest.json" -o "$folder/fbp" --force "${common[@]}" >/dev/null
  python3 - "$folder/fbp/manifest.json" <<'PYTHON'
import json, sys

manifest = json.load(open(sys.argv[1]))
for case in manifest["cases"]:
    if "fbp" in case["inputs"]:
        case["prediction"] = case["inputs"]["fbp"]
json.dump(manifest, open(sys.argv[1].replace("manifest", "graded"), "w"))
PYTHON
fi

encoders=()
for encoder in "$@"; do
  name=$(basename "$encoder" .safetensors)
  twin=$folder/$name-untrained.safetensors
  shape=$("$bin/gdm-encoder" info "$encoder" --json |
    python3 -c 'import json, sys; e = json.load(sys.stdin)["encoder"]; print(e["stem"], ",".join(map(str, e["widths"])))')
  [[ -f $twin ]] || "$bin/gdm-encoder" pretrain "$manifest" -o "$twin" --steps 1 --learning-rate 1e-8 --batch 1 \
    --patch 16 --stem "${shape% *}" --widths "${shape#* }" --augment none --force --seed 5 "${common[@]}"
  encoders+=(--encoder "$encoder" --encoder "$twin")
done

methods=()
while read -r step; do methods+=("$step=$folder/$step/manifest.json"); done <"$folder/steps"
"$bin/gdm-metrics" "${methods[@]}" "fbp-24=$folder/fbp/graded.json" "${encoders[@]}" --split "$split" --metrics mae_hu \
  --bootstrap 0 --json -o "$folder/report.json" --force "${common[@]}"
python3 - "$folder/report.json" <<'PYTHON'
import json, sys

report = json.load(open(sys.argv[1]))
error = {m["name"]: m["aggregate"]["mae_hu"]["mean"] for m in report["methods"]}
columns = {e["encoder"]: {m: v["frechet"] for m, v in e["methods"].items()}
           for e in report["distribution"] if e["level"] == "patch"}
print("| step | MAE, HU | " + " | ".join(columns) + " |")
print("|---" * (len(columns) + 2) + "|")
for step in error:
    cells = [f"{100 * c[step] / c['blur-1']:.2f}" for c in columns.values()]
    print(f"| {step} | {error[step]:.1f} | " + " | ".join(cells) + " |")
families = {}
for step in error:
    families.setdefault(step.rsplit("-", 1)[0], []).append(step)
for name, column in columns.items():
    falling = [f"{b} below {a}" for steps in families.values() for a, b in zip(steps, steps[1:]) if column[b] <= column[a]]
    print(f"{name}: " + (", ".join(falling) if falling else "rises with each step"))
PYTHON
