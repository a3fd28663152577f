# Sourced: with_options VARIANT puts what stands behind the first comma of VARIANT, names of options and values by turns, into the
# array `how` of options, each in place of a value that it has there.
with_options() {
  local parts n at
  IFS=, read -ra parts <<<"$1"
  [ $((${#parts[@]} % 2)) = 1 ] || { echo "$1: an option without a value" >&2; exit 2; }
  for ((n = 1; n < ${#parts[@]}; n += 2)); do
    for ((at = 0; at < ${#how[@]}; ++at)); do
      [ "${how[at]}" != "--${parts[n]}" ] || break
    done
    how[at]=--${parts[n]} how[at + 1]=${parts[n + 1]}
  done
}
