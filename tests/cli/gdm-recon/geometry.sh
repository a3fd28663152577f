#!/usr/bin/env bash
# gdm-recon geometry: figures as text and JSON, the drawing, RTK's XML, and refusals with their reasons.
set -euo pipefail
. "$(dirname "$0")/../scratch.bash"
recon=gdm-recon

cat >scan.json <<'JSON'
{"gdm_geometry": 1, "kind": "cone", "source_to_isocenter_mm": 1000, "source_to_detector_mm": 1500,
 "detector_columns": 400, "detector_rows": 300, "column_spacing_mm": 0.9, "row_spacing_mm": 1.2,
 "column_offset_mm": 90, "angles_deg": {"first": 0, "step": 1, "count": 360}}
JSON
"$recon" geometry scan.json --png scan.png >report.txt 2>err.txt
[ ! -s err.txt ] || fail "said: $(cat err.txt)"
grep -q '^magnification  *1.5$' report.txt || fail "magnification: $(cat report.txt)"
grep -q '^recommended voxel size  *0.6 x 0.6 x 0.8 mm$' report.txt || fail "voxel size: $(cat report.txt)"
grep -q '^seen from one side  *radius 177' report.txt || fail "offset detector: $(cat report.txt)"
[ "$(head -c 8 scan.png | tail -c 7)" = "$(printf 'PNG\r\n\032\n')" ] || fail "no PNG"
if "$recon" geometry scan.json --png scan.png >out.txt 2>&1; then fail "the drawing was replaced"; fi
"$recon" geometry scan.json --png scan.png --force >out.txt
cmp -s out.txt report.txt || fail "another report the second time"

"$recon" geometry scan.json --json >report.json
python3 - <<'PY'
import json
report = json.load(open("report.json"))
assert report["views"] == 360 and len(report["geometry"]["angles_deg"]) == 360, report
assert abs(report["magnification"] - 1.5) < 1e-12, report
json.dump(report["geometry"], open("again.json", "w"))
PY
"$recon" geometry again.json --json | cmp - report.json || fail "the geometry that it prints reads otherwise"

cat >rtk.xml <<'XML'
<?xml version="1.0"?>
<!DOCTYPE RTKGEOMETRY>
<RTKThreeDCircularGeometry version="3">
  <SourceToIsocenterDistance>1000</SourceToIsocenterDistance>
  <SourceToDetectorDistance>1500</SourceToDetectorDistance>
  <Projection><GantryAngle>0</GantryAngle></Projection>
  <Projection><GantryAngle>90</GantryAngle></Projection>
</RTKThreeDCircularGeometry>
XML
"$recon" geometry rtk.xml --detector 400 300 --detector-spacing 0.9 1.2 | found '^views  *2$' || fail "RTK's XML"

refused() {  # refused CODE TEXT arguments...
  local code=$1 text=$2 got=0
  shift 2
  "$recon" geometry "$@" >out.txt 2>err.txt || got=$?
  [ "$got" = "$code" ] || fail "exit $got instead of $code: $*"
  [ ! -s out.txt ] || fail "stdout is not empty: $*"
  [ "$(wc -l <err.txt)" -le 3 ] || fail "too many lines: $*"
  grep -q -- "$text" err.txt || fail "no '$text' in: $(cat err.txt)"
}
refused 1 'does not tell the detector' rtk.xml
refused 1 'tells its detector itself' scan.json --detector 4 4 --detector-spacing 1 1
refused 2 'go together' rtk.xml --detector 4 4
refused 2 'detector' rtk.xml --detector 0 4 --detector-spacing 1 1
refused 2 'spacing' rtk.xml --detector 4 4 --detector-spacing nan 1
refused 1 'missing.json' missing.json
refused 2 'png' scan.json --png scan.jpg
sed 's/"angles_deg".*/"angles": [0]}/' scan.json >bad.json
refused 1 "bad.json: a geometry lacks 'angles_deg'" bad.json
sed 's/"step": 1/"step": "1"/' scan.json >bad.json
refused 1 'step is a string, expected a finite number' bad.json
sed 's/1500/900/' scan.json >bad.json
refused 1 'the source is 1000 mm from the isocentre and 900 mm from the detector' bad.json
head -c 100 scan.json >bad.json
refused 1 'not valid JSON' bad.json
sed 's/"step": 1,/"last": 6.2,/' scan.json >radians.json
"$recon" geometry radians.json 2>&1 >out.txt | found 'looks like radians' || fail "no word of radians"

# A set-up without a field of view, and an output that cannot be written.
sed 's/"column_offset_mm": 90/"column_offset_mm": 4000/' scan.json >miss.json
"$recon" geometry miss.json 2>&1 >out.txt | found 'there is no field of view' || fail "no word of a detector beside the axis"
for json in "" --json; do
  status=0
  "$recon" geometry scan.json $json >/dev/full 2>err.txt || status=$?
  [ $status = 1 ] || fail "a full standard output: exit $status"
done
