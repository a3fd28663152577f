# Sourced: steps_within SECONDS ARGUMENTS... prints how many steps of a training with these arguments of gdm-drift-train take so
# long, by what its dry run measures of a step with all objectives.
steps_within() {
  local seconds=$1
  shift
  gdm-drift-train "$@" --steps 1000 --validate-every 1000 --dry-run -q | awk -v all="$seconds" '
    /^steps / {
      for (n = 1; n < NF; ++n) {
        if ($n !~ /^[0-9.e+-]+$/ || $(n + 1) !~ /^(s|min|h)/) continue
        each = $n * ($(n + 1) ~ /^s/ ? 1 : $(n + 1) ~ /^min/ ? 60 : 3600)
      }
    }
    END { if (each <= 0) exit 1; print int(all / each) }'
}
