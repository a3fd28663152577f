# Sourced. A variant is a method with options of gdm-drift-train behind it, name and value by turns, instead of its own:
# "gan,adversarial,0.3,r1,1", "bridge-reg,bridge-ode,true". Models and banks are those of the current folder. Methods:
#   l1 ps gdm     regression; perceptual and SSIM; gdm, in the same fixed filters
#   gdm-null ps-null   the same, coordinated in the null space of the rays
#   l1-proj       regression and the projection objective
#   l1-slab l1-dc      regression in slabs of whole slices, without and with three iterations of data consistency
#   noise-gdm     gdm with a channel of noise, one draw of a patch a step
#   energy energy-gdm   regression and gdm by the energy score of two draws of one patch a step, instead of two patches
#   gan frechet   a discriminator; the Frechet distance in the bank with SSIM
#   gdm-wide frechet-wide   with a bank of all training scans, whether they take part as pairs or not
#   flow-reg bridge-reg   processes from a regression's output
#   flow flow-input bridge diffusion   processes from noise or from the input

# said COMMAND ARGUMENTS...: runs it and notes it in $at/commands.txt, as it can be given to a shell in the current folder.
said() {
  local line
  printf -v line '%q ' "$@"
  printf '%s\n' "${line% }" >>"$at/commands.txt"  # at once, as several may write
  "$@"
}

# is_process VARIANT: whether it is sampled by several evaluations; starts_anew VARIANT: whether a regression is of no use to it.
is_process() { [[ ${1%%,*} =~ ^(flow|flow-reg|flow-input|bridge|bridge-reg|diffusion)$ ]]; }
starts_anew() { [[ ${1%%,*} =~ ^(flow|flow-input|bridge|diffusion)$ ]]; }

# method VARIANT START: puts into the array `how` the options of gdm-drift-train that make VARIANT from the regression START.
method() {
  local kind=${1%%,*} start=$2
  local two_draws=(--noise-channels 1 --batch 1 --draws 2)
  local filters=(--encoder scattering.safetensors --perceptual 0.2 --ssim 0.2 --drift-start 0)
  case $kind in
    l1) how=(--objective regression) ;;
    l1-proj) how=(--objective regression --projection 0.3 --drift-start 0) ;;
    l1-slab) how=(--objective regression --patch 128x128x16 --batch 1) ;;
    l1-dc) how=(--objective regression --patch 128x128x16 --batch 1 --consistency 3) ;;
    ps) how=(--objective perceptual "${filters[@]}") ;;
    ps-null) how=(--objective perceptual "${filters[@]}" --coordination null-space) ;;
    gdm) how=(--bank bank.safetensors --drift-start 0) ;;
    gdm-wide) how=(--bank wide.safetensors --drift-start 0) ;;
    gdm-null) how=(--bank bank.safetensors --drift-start 0 --coordination null-space) ;;
    noise-gdm) how=(--bank bank.safetensors --drift-start 0 --noise-channels 1) ;;
    energy) how=(--objective regression "${two_draws[@]}") ;;
    energy-gdm) how=(--bank bank.safetensors --drift-start 0 "${two_draws[@]}") ;;
    gan) how=(--objective gan --drift-start 0) ;;
    frechet) how=(--objective frechet --bank bank.safetensors --drift-start 0) ;;
    frechet-wide) how=(--objective frechet --bank wide.safetensors --drift-start 0) ;;
    flow-reg | bridge-reg) how=(--objective "${kind%-reg}" --source "$start") ;;
    flow-input) how=(--objective flow --source input) ;;
    flow | bridge | diffusion) how=(--objective "$kind") ;;
    *) echo "unknown method $1" >&2; exit 2 ;;
  esac
  is_process "$kind" || how+=(--init "$start")
  how+=(--learning-rate 5e-4 --precision "${TRAINING_PRECISION:-fp32}")
  with_options "$1"
}

# with_options VARIANT puts the options of VARIANT into `how`, each in place of a value that it has there.
with_options() {
  local parts n at
  IFS=, read -ra parts <<<"$1"
  [ $((${#parts[@]} % 2)) = 1 ] || { echo "$1: an option without a value" >&2; exit 2; }
  for ((n = 1; n < ${#parts[@]}; n += 2)); do
    for ((at = 0; at < ${#how[@]}; ++at)); do
      [ "${how[at]}" != "--${parts[n]}" ] || break
    done
    if [ "$at" = ${#how[@]} ]; then
      how+=("--${parts[n]}=${parts[n + 1]}")
    else
      how[at + 1]=${parts[n + 1]}
    fi
  done
}

# steps_within SECONDS ARGUMENTS... prints how many steps of a training with these arguments of gdm-drift-train take so long, by
# what its dry run measures of a step with all objectives.
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
    END { if (each <= 0) exit 1; print (all > each ? int(all / each) : 1) }'
}

# steps_of VARIANT FILE ARGUMENTS...: the steps of a variant, NEXT (400) or, from noise or the input, FIRST (1600) more. With NEXT_S
# as many as take so many seconds (FIRST_S more) by ARGUMENTS of gdm-drift-train; the number then stands in FILE.SECONDS.steps, as
# a training goes on with the same steps alone and other seeds have as many.
steps_of() {
  local steps=${NEXT:-400} seconds=${NEXT_S:-} file=$2
  if starts_anew "$1"; then
    steps=$((${FIRST:-1600} + steps))
    [ -z "$seconds" ] || seconds=$((${FIRST_S:?} + seconds))
  fi
  shift 2
  [ -n "$seconds" ] || { echo "$steps" && return; }
  file+=.$seconds.steps
  if [ ! -s "$file" ]; then
    steps_within "$seconds" "$@" >"$file.$BASHPID" || exit
    mv -n "$file.$BASHPID" "$file"  # the first of two seeds that began together says it
    rm -f "$file.$BASHPID"
  fi
  cat "$file"
}
