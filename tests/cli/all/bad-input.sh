#!/usr/bin/env bash
# What users do and disks do: output onto input, 20,000 cases, names with spaces and letters of all kinds, folders that
# cannot be written to, cut and flipped files. Each gives the right result, or exit 1 or 2 with a line that says why, and
# nothing is lost or half-written.
set -euo pipefail
bin=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
prep=$bin/gdm-prep recon=$bin/gdm-recon
. "$here/../skip.bash"
. "$here/../refused.bash"
fail() { echo "FAIL: $*" >&2; exit 1; }
run() { code=0; "$@" >"$work/out.txt" 2>"$work/err.txt" || code=$?; lines=$(wc -l <"$work/err.txt"); }
bad() {  # bad CODE command...: that exit code, one line on stderr, nothing on stdout
  local expected=$1
  shift
  run "$@"
  [ "$code" = "$expected" ] && [ "$lines" = 1 ] && [ ! -s "$work/out.txt" ] ||
    { cat "$work/err.txt" >&2; fail "exit $code, $lines lines on stderr: $*"; }
}
sums() { find "$@" -type f ! -name '*.txt' -exec cksum {} + | sort; }

"$bin/gdm-phantom" -q -o set --count 2 --kind head --seed 5 --shape 20 --spacing 9
"$recon" project -q set/manifest.json -o sino --views 12 >/dev/null
ct=set/head0001_ct.nii.gz

# ---- output onto input, by whatever name ----
ln -s set link
ln "$ct" hard.nii.gz
before=$(sums set sino)
bad 2 "$recon" project "$ct" -o "$ct" --force
bad 2 "$recon" project "$ct" -o link/head0001_ct.nii.gz --force
bad 2 "$recon" project "$ct" -o hard.nii.gz --force
bad 2 "$recon" fbp sino/head0001_sinogram.nii.gz -o ./sino/../sino/head0001_sinogram.nii.gz --force
run "$recon" project set/manifest.json -o set --force
[ "$code" != 0 ] || fail "a manifest was written onto the one that was read"
sed 's/"target": "\([^"]*\)"/&, "prediction": "\1"/' set/manifest.json >set/graded.json
bad 2 "$bin/gdm-metrics" set/graded.json -o link/graded.json --force
rm set/graded.json
[ "$before" = "$(sums set sino)" ] || fail "an input was changed"

# ---- 20,000 cases ----
seq 20000 | awk 'BEGIN { print "{\"gdm_manifest\": 1, \"task\": \"mr2ct\", \"cases\": 20000}" }
  { printf "{\"id\": \"c%05d\", \"split\": \"train\", \"target\": \"set/head0001_ct.nii.gz\"}\n", $1 }' >many.jsonl
{ echo '{"gdm_manifest": 1, "task": "mr2ct", "cases": ['; sed '1d; $!s/$/,/' many.jsonl; echo ']}'; } >many.json
for name in many.json many.jsonl; do
  run "$prep" info $name
  [ "$code" = 0 ] && grep -q '20000 train; patients: 20000' out.txt || fail "$name: $(cat out.txt err.txt)"
done
sed '12345s/"c12344"/"c00007"/' many.jsonl >twice.jsonl
bad 1 "$prep" info twice.jsonl
grep -q "twice.jsonl:12345: case 12344 'c00007': the id is given twice, first in line 8" err.txt || fail "$(cat err.txt)"
head -n 9000 many.jsonl >cut.jsonl
bad 1 "$prep" info cut.jsonl
grep -q '8999 cases, expected the 20000' err.txt || fail "$(cat err.txt)"

# ---- spaces and UTF-8 in names, from phantom to metrics ----
home="Größe 中文 ' & été"
mkdir "$home"
"$bin/gdm-phantom" -q -o "$home/my heads" --count 1 --kind head --seed 5 --shape 20 --spacing 9
mv "$home/my heads/head0001_ct.nii.gz" "$home/my heads/Schädel Nr 1.nii.gz"
cat >"$home/Fälle.json" <<'M'
{"gdm_manifest": 1, "task": "sparse-ct", "cases": [
  {"id": "Müller 頭", "split": "test", "target": "my heads/Schädel Nr 1.nii.gz", "mask": "my heads/head0001_mask.nii.gz"}]}
M
"$recon" project -q "$home/Fälle.json" -o "$home/sino gram" --views 12 >/dev/null
"$recon" fbp -q "$home/sino gram/manifest.json" -o "$home/fbp ü" >/dev/null
[ -s "$home/fbp ü/Müller 頭_fbp.nii.gz" ] || fail "no reconstruction: $(find "$home")"
run "$prep" info -q --check "$home/fbp ü/manifest.json"
[ "$code" = 0 ] && grep -q 'ok  *Müller 頭' out.txt || fail "check: $(cat out.txt err.txt)"
sed 's/"target"/"prediction": "fbp ü\/Müller 頭_fbp.nii.gz", "target"/' "$home/Fälle.json" >"$home/graded.json"
run "$bin/gdm-metrics" -q --full "Méthode=$home/graded.json" -o "$home/Bericht ß.txt"
[ "$code" = 0 ] && grep -q 'Müller 頭' "$home/Bericht ß.txt" || fail "metrics: $(cat err.txt)"

# ---- folders that cannot be written to ----
refused() {  # refused PREFIX... : runs each program through PREFIX with outputs in closed/
  local name
  for name in 'gdm-phantom -q -o closed/set --count 1 --shape 16' "gdm-recon project $ct -o closed/s.nii.gz" \
    'gdm-recon fbp sino/head0001_sinogram.nii.gz -o closed/f.nii.gz' 'gdm-recon project set/manifest.json -o closed' \
    'gdm-recon fbp sino/manifest.json -o closed/deep' 'gdm-metrics set/graded.json -o closed/report.txt'; do
    # shellcheck disable=SC2086
    bad 1 "$@" "$bin"/$name
    grep -q closed err.txt || fail "the folder is not named: $(cat err.txt)"
  done
  [ -z "$(ls -A closed)" ] || fail "something was written: $(ls -A closed)"
}
sed 's/"target": "\([^"]*\)"/&, "prediction": "\1"/' set/manifest.json >set/graded.json
mkdir closed
chmod 555 closed
plain_root=(setpriv --bounding-set=-dac_override,-dac_read_search)  # root, but without the right to write anywhere
if [ "$(id -u)" != 0 ]; then
  refused
elif "${plain_root[@]}" true 2>/dev/null; then
  refused "${plain_root[@]}"
else
  skip "folder without write permission: this user may write anywhere, and cannot give up that right"
fi
mounted() { unshare -rm sh -c 'mount --bind closed closed && mount -o remount,bind,ro closed && exec "$@"' sh "$@"; }
if mounted true 2>/dev/null; then refused mounted; else skip "read-only mount: mounting is not permitted"; fi
chmod 755 closed

# ---- cut and flipped files ----
cut=0 flipped=0 noticed=0
damage() {  # damage FILE CHECKED FROM [SURE]: FILE is damaged, CHECKED is inspected; flips from byte FROM on, all seen if SURE
  local file=$1 checked=$2 from=$3 sure=${4-} size n byte
  size=$(wc -c <"$file")
  cp "$file" whole
  for n in 0 1 2 3 5 7 8 11 13 14 15; do
    head -c $((size * n / 16)) whole >"$file"
    run "$prep" info -q --check "$checked"
    [ "$code" = 1 ] && [ "$lines" = 1 ] || fail "$file cut to $n/16: exit $code, $lines lines: $(cat err.txt)"
    cut=$((cut + 1))
  done
  for n in 0 1 2 3 4 5 6 7 8 9; do
    byte=$((from + (size - 1 - from) * n / 9))
    cp whole "$file"
    printf "\\x$(printf %02x $(($(od -An -tu1 -j $byte -N 1 whole) ^ (1 << (n * 3 % 8)))))" |
      dd of="$file" bs=1 seek=$byte conv=notrunc status=none
    run "$prep" info -q --check "$checked"
    case $code in
      0) [ -z "$sure" ] && [ "$lines" = 0 ] || fail "$file with a flipped bit in byte $byte passes: $(cat err.txt)" ;;
      1) [ "$lines" -ge 1 ] && [ "$lines" -le 3 ] || fail "$file, byte $byte: $lines lines: $(cat err.txt)" ;;
      *) fail "$file with a flipped bit in byte $byte: exit $code: $(cat err.txt)" ;;
    esac
    flipped=$((flipped + 1)) noticed=$((noticed + code))
  done
  cp whole "$file"
  run "$prep" info -q --check "$checked"
  [ "$code" = 0 ] || fail "the whole $checked is refused: $(cat err.txt)"
}
rm set/graded.json
gzip -dc "$ct" >plain.nii
damage plain.nii plain.nii 0
damage "$ct" "$ct" 10 sure  # bytes before that are the time and the system in gzip's header
damage set/manifest.json set/manifest.json 0
damage sino/head0001_sinogram.nii.gz sino/manifest.json 10 sure
damage sino/head0001_sinogram.json sino/head0001_sinogram.nii.gz 0
python3 - <<'P'
import hashlib, struct
payload = struct.pack("<300f", *range(300))
header = ('{"__metadata__":{"gdm":"{\\"kind\\":\\"bank\\"}","header_sha256":"%s","sha256":"%s"},'
          '"w":{"dtype":"F32","shape":[300],"data_offsets":[0,1200]}}' % ("0" * 64, hashlib.sha256(payload).hexdigest()))
header = header.replace("0" * 64, hashlib.sha256(header.encode()).hexdigest(), 1).encode()
open("a.safetensors", "wb").write(struct.pack("<Q", len(header)) + header + payload)
P
damage a.safetensors a.safetensors 0 sure
echo "$cut cuts refused, $noticed of $flipped flipped bits noticed"
! find . -name '.*gdm-tmp*' | found . || fail "temporary files were left"
end_of_test
