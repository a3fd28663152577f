# Parts of a test that cannot run here. Source it.
#   skip REASON...   says so; the rest of the test goes on
#   end_of_test      the script's last command: exit 77 if something was skipped, which ctest lists as a skipped test
skipped=0
skip() { echo "SKIP: $*"; skipped=1; }
end_of_test() { exit $((skipped ? 77 : 0)); }
