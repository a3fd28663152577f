#!/usr/bin/env bash
# Every C++ file is as clang-format 14 (Debian 12) leaves it with .clang-format: format.sh ROOT. Other versions break
# lines elsewhere, so with none of this one the test did not run. Mend with: clang-format -i FILE...
set -euo pipefail
version=14
. "$1/tests/cli/skip.bash"
for tool in clang-format-$version clang-format ""; do
  [ -z "$tool" ] || ! "$tool" --version 2>/dev/null | grep -q "version $version\." || break
done
[ -n "$tool" ] || { skip "there is no clang-format of version $version"; end_of_test; }

cd "$1"
mapfile -t files < <(find lib tools man tests -name '*.cpp' -o -name '*.hpp' | sort)
[ ${#files[@]} -gt 100 ] || { echo "FAIL: ${#files[@]} files found in $PWD"; exit 1; }
"$tool" --dry-run --Werror "${files[@]}"
echo "${#files[@]} files are formatted"
