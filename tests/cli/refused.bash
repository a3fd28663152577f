# What command tests share: how they fail, and what a refusal must look like. Source it.
fail() { echo "FAILED: $*" >&2; exit 1; }
# refused CODE PATTERN COMMAND...: that exit code, one to three lines on stderr that match, nothing on stdout.
refused() {
  local code=$1 pattern=$2 status=0
  shift 2
  "$@" >out.txt 2>err.txt || status=$?
  [[ $status == "$code" ]] || fail "'$*' exited $status, expected $code: $(cat err.txt)"
  grep -q -- "$pattern" err.txt || fail "'$*' said '$(cat err.txt)', expected '$pattern'"
  sed -i '/--device auto/d' err.txt  # which a LibTorch with CUDA says besides
  (($(wc -l <err.txt) <= 3)) || fail "'$*' said too much: $(cat err.txt)"
  [[ ! -s out.txt ]] || fail "'$*' wrote to stdout"
}
# ... | found ARGUMENTS...: grep -q at the end of a pipe. It reads all of its input: a grep that leaves at the first match
# may kill what still writes, and with pipefail the pipe then fails although the text is there.
found() { grep "$@" | cat >/dev/null; }
