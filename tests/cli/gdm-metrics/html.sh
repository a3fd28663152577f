# gdm-metrics --html: a page that stands alone, survives hostile names, and works in a browser where there is one.
set -euo pipefail
metrics=$1/gdm-metrics
. "$(dirname "$0")/../nifti.bash"
. "$(dirname "$0")/../skip.bash"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() { echo "FAILED: $*"; cat out err 2>/dev/null || true; exit 1; }

anatomy='(i * 37 + j * 101 + k * 59) % 900 - 200'
write_nifti ct.nii 18 16 11 int16 "$anatomy" -1000
for n in 10 20 40; do write_nifti plus$n.nii 18 16 11 int16 "$anatomy + $n" -1000; done
# cases FILE PREDICTION...: cases b0, b1, ... and one with a name that tries to be markup.
cases() {
  local file=$1 n=0 prediction separator=""
  shift
  {
    printf '{"gdm_manifest": 1, "task": "mr2ct", "cases": ['
    for prediction in "$@"; do
      printf '%s{"id": "%s", "inputs": {"mr": "ct.nii"}, "target": "ct.nii", "prediction": "%s"}' "$separator" \
        "$([ $n = 1 ] && echo '<img onerror=x>' || echo "b$n")" "$prediction"
      separator=", " n=$((n + 1))
    done
    printf ']}\n'
  } >"$file"
}
cases one.json plus10.nii plus40.nii ct.nii
cases two.json plus20.nii plus10.nii plus10.nii
run() { "$metrics" --progress never "'one' & <b>=one.json" two=two.json "$@" >out 2>err; }

run --html page.html || fail "no page"
[ ! -s err ] && grep -q 'MAE/HU' out || fail "the table does not stand beside the page"
run --html page.html && fail "an existing page was replaced"
grep -q 'page.html' err || fail "the refusal does not name the page"
run --html page.html -f --html-cases 1 || fail "--force"
[ "$(grep -c '<details class="case"' page.html)" = 1 ] || fail "--html-cases 1"
grep -q '<details class="case" id="case-1"' page.html || fail "the worst case is not the one with pictures"
run --html none.html --html-cases 0 || fail "--html-cases 0"
! grep -q 'data:image' none.html || fail "--html-cases 0 paints pictures"
run --html page.html -f || fail "all cases"
[ "$(grep -o 'src="data:image/png;base64' page.html | wc -l)" = 45 ] || fail "3 cases x 3 planes x 5 pictures"
run --html dry.html --dry-run && [ ! -e dry.html ] || fail "--dry-run wrote a page"
run --html missing/page.html && fail "a missing folder"
for bad in "--html -" "--html x.html -o x.html" "--html x.html --tsv x.html" "--html-cases -1" "--html one.json -f" "--html copy.json -f" "--html page"; do
  got=0
  # shellcheck disable=SC2086
  run $bad || got=$?
  [ $got = 2 ] || fail "exit $got instead of 2: $bad"
done
SOURCE_DATE_EPOCH=0 run --html once.html && SOURCE_DATE_EPOCH=0 run --html twice.html || fail "reproducible pages"
sed 's/once.html/twice.html/' once.html | cmp - twice.html || fail "the same run gives another page"

! grep -qE 'https?://|url\(|@import|<link' page.html || fail "the page refers to something outside"
! grep -q "$work" page.html || fail "the page holds a path of this machine"
[ "$(grep -o '<script' page.html | wc -l)" = 1 ] || fail "a name became a script"
if python3 -c 'import xml.dom.minidom' 2>/dev/null; then
  python3 -c 'import xml.dom.minidom; xml.dom.minidom.parse("page.html")' || fail "the page is not well-formed"
else
  skip "well-formedness: python3 has no xml.dom"
fi

browser=$(command -v chromium || command -v chromium-browser || true)
[ -n "$browser" ] || { skip "the page in a browser: there is no chromium"; end_of_test; }
# visit PAGE: its elements after the script ran, and what the console said.
visit() {
  HOME=$work timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-background-networking \
    --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr --v=0 --virtual-time-budget=2000 --dump-dom \
    "file://$work/$1" >dom 2>console || fail "the browser failed"
  ! grep -E 'CONSOLE|Uncaught|Refused' console || fail "the console is not empty: $1"
}
visit page.html
[ "$(grep -o '<input type="range"' dom | wc -l)" = 18 ] || fail "not one slider for each prediction"
grep -q 'class="script"' dom || fail "the script did not run"
# The policy forbids a test's own script, so it works on a copy without policy.
section() { tr '\n' ' ' <"$1" | grep -o 'id="cases".*id="pictures"'; }
order() {
  section dom | grep -oE '<td class="num" data-v="[^"]*"' |
    awk -F'"' "NR % $columns == 1 { printf \"%s \", \$4 }"
}
columns=$(section page.html | grep -o '<th scope="col" class="num"' | wc -l)
[ "$(order)" = "40 20 10 10 10 0 " ] || fail "the worst cases are not first: $(order)"
sed -e '/Content-Security-Policy/d' \
  -e 's|^</body>|<script>document.querySelectorAll("#cases button")[2].click()</script></body>|' page.html >click.html
visit click.html
[ "$(order)" = "0 10 10 10 20 40 " ] || fail "a click does not sort: $(order)"
grep -q 'aria-sort="ascending"' dom || fail "aria-sort"
# The policy holds: the same script in the page itself does nothing but complain.
sed 's|^</body>|<script>document.title = "hacked"</script></body>|' page.html >hacked.html
(visit hacked.html) >/dev/null && fail "the policy lets a foreign script run silently"
! grep -q '<title>hacked' dom || fail "a foreign script ran"
end_of_test
