# Outputs where they cannot be written (row B1): what full-disk.sh and nn-full-disk.sh share. `. full-disk.bash "$0" "$@"`
# starts the script anew in a mount namespace of its own, so that a small tmpfs at $disk concerns nobody else and
# vanishes with it. Where that is not allowed, a limit on the size of each file stands in for the full disk, what needs
# a mount is skipped, and the test says so.

. "$here/../skip.bash"
if [ -z "${GDM_FULL_DISK:-}" ]; then
  for unshare in 'unshare -m' 'unshare -rm'; do
    if $unshare mount -t tmpfs -o size=4k none /tmp 2>/dev/null; then GDM_FULL_DISK=tmpfs exec $unshare bash "$@"; fi
  done
  GDM_FULL_DISK=limit
fi
has_mount() { [ "$GDM_FULL_DISK" = tmpfs ]; }
has_mount || skip "a full and a read-only disk: no tmpfs can be mounted here; files are limited in size instead"

disk_kb=4096 first=1 growth=2  # of the room in sweep(): pages after none, and by what they grow
most_lines=3           # on stderr: one for each problem
work=$(mktemp -d)
trap 'cd /; ! has_mount || umount "$work/disk" || true; rm -rf "$work"' EXIT
cd "$work"
disk=$work/disk
mkdir disk
reason='No space left on device'
if has_mount; then mount -t tmpfs -o size=${disk_kb}k none disk; else reason='File too large'; fi
echo text >file

fail() { echo "FAIL: $*" >&2; cat err.txt >&2; exit 1; }

# run COMMAND...: with files of at most $limit_kb, if that is set; the streams are pipes, which have no limit.
limit_kb=""
run() {
  if [ -z "$limit_kb" ]; then "$@"; return; fi
  # The write fails, and no signal ends the program.
  { (trap '' XFSZ; ulimit -f "$limit_kb"; exec "$@") 2>&1 >&3 3>&- | cat >&2; } 3> >(cat)
}

# attempt "CODES" COMMAND...: the exit code is one of these; a failure is one line on stderr for each problem.
attempt() {
  local codes=$1
  shift
  code=0
  run "$@" >out.txt 2>err.txt || code=$?
  [[ " $codes " == *" $code "* ]] || fail "exit $code instead of $codes: $*"
  [ "$code" = 0 ] || { [ "$(wc -l <err.txt)" -ge 1 ] && [ "$(wc -l <err.txt)" -le $most_lines ]; } || fail "stderr lines: $*"
  [ "$code" != 1 ] || [ ! -s out.txt ] || fail "stdout is not empty: $*"
}

# refused PATTERN COMMAND...: exit 1 with this on stderr.
refused() {
  local pattern=$1
  shift
  attempt 1 "$@"
  grep -q -- "$pattern" err.txt || fail "stderr lacks '$pattern': $*"
}

# whole FOLDER: no temporary is left and every file in it is complete; a log, which grows, has whole lines or none.
whole() {
  local path
  while IFS= read -r path; do
    case $path in
      *.gdm-tmp*) fail "a temporary is left: $path" ;;
      *.nii.gz) gzip -t "$path" || fail "a part of $path is left" ;;
      *.json) [ "$(tail -c 2 "$path")" = "}" ] || fail "a part of $path is left" ;;
      *.png) [ "$(tail -c 8 "$path" | head -c 4)" = IEND ] || fail "a part of $path is left" ;;
      *.safetensors | *.checkpoint) python3 "$here/../../data/read_safetensors.py" "$path" >/dev/null || fail "a part of $path is left" ;;
      *.jsonl) [ -z "$(tail -c 2 "$path" | tr -d '}')" ] || fail "a part of a line of $path is left" ;;
      *) [ -s "$path" ] || fail "an empty $path is left" ;;
    esac
  done < <(find "$1" -type f ! -name filler)
}

# sweep COMMAND...: the command writes below $disk. With ever more room it fails by exit 1 (or 3 where a batch goes on),
# names a path there and the reason, and leaves complete files alone; with enough it succeeds.
sweep() {
  local pages=0 failures=0
  while :; do
    ((pages * 4 < disk_kb)) || fail "no success on an empty disk: $*"
    if has_mount; then
      dd if=/dev/zero of=disk/filler bs=4k count=$((disk_kb / 4 - pages)) status=none
    else
      limit_kb=$((pages * 4))
    fi
    attempt "0 1 3" "$@"
    limit_kb=""
    whole disk
    if [ "$code" = 0 ]; then break; fi
    failures=$((failures + 1))
    grep -q "$disk/.*$reason" err.txt || fail "neither path nor reason: $*"
    find disk -mindepth 1 -delete
    pages=$((pages == 0 ? first : pages * growth))
  done
  [ "$failures" -gt 0 ] || fail "no failure on a full disk: $*"
  find disk -mindepth 1 -delete
}

# read_only COMMAND...: the same on a disk that is mounted read-only.
read_only() {
  has_mount || return 0
  mount -o remount,bind,ro disk
  refused "$disk.*Read-only file system" "$@"
  mount -o remount,bind,rw disk
  [ -z "$(ls -A disk)" ] || fail "something was written to a read-only disk: $*"
}
