# bash completion for gdm-drift-train, generated from the program's options (man/generate.hpp); cmake --build BUILD --target docs
_gdm_drift_train() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" word
  if [[ $cur == = ]]; then cur=""; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      info|plot|half) command=$word; break ;;
    esac
  done
  case $command in
    "")
      case $prev in
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --objective) COMPREPLY=($(compgen -W "gdm perceptual regression gan frechet flow bridge diffusion" -- "$cur")); return ;;
        --bank) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --encoder) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --init) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --log) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --plot) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --conditions) return ;;
        --scaling) return ;;
        --steps) return ;;
        --batch) return ;;
        --accumulate) return ;;
        --patch) return ;;
        --preset) COMPREPLY=($(compgen -W "small base large" -- "$cur")); return ;;
        --augment) COMPREPLY=($(compgen -W "none light strong" -- "$cur")); return ;;
        --fresh-noise) return ;;
        --cache) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --widths) return ;;
        --blocks) return ;;
        --noise-channels) return ;;
        --draws) return ;;
        --learning-rate) return ;;
        --ema) return ;;
        --precision) COMPREPLY=($(compgen -W "fp32 tf32 bf16" -- "$cur")); return ;;
        --checkpoint-every) return ;;
        --validate-every) return ;;
        --keep) COMPREPLY=($(compgen -W "last best" -- "$cur")); return ;;
        --score) COMPREPLY=($(compgen -W "mae psnr ssim" -- "$cur")); return ;;
        --max-time) return ;;
        --drift-start) return ;;
        --drift) return ;;
        --perceptual) return ;;
        --ssim) return ;;
        --frechet) return ;;
        --adversarial) return ;;
        --adversarial-loss) COMPREPLY=($(compgen -W "least-squares hinge" -- "$cur")); return ;;
        --r1) return ;;
        --discriminator-rate) return ;;
        --gradient-l1) return ;;
        --projection) return ;;
        --share-end) return ;;
        --consistency) return ;;
        --consistency-pull) return ;;
        --coordination) COMPREPLY=($(compgen -W "fixed norm pcgrad norm+pcgrad null-space mgda cagrad" -- "$cur")); return ;;
        --conflict) return ;;
        --conflict-edge) return ;;
        --taps) return ;;
        --weight-global) return ;;
        --weight-local) return ;;
        --weight-spatial) return ;;
        --pair-weight) return ;;
        --set-global) return ;;
        --set-local) return ;;
        --ring-batches) return ;;
        --temperatures) return ;;
        --source) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --source-noise) return ;;
        --bridge-beta) return ;;
        --noise-schedule) COMPREPLY=($(compgen -W "cosine linear" -- "$cur")); return ;;
        --nfe) return ;;
        --seed) return ;;
        --device) COMPREPLY=($(compgen -W "cpu cuda auto" -- "$cur")); return ;;
        --grid-tolerance) return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "--version -h --help --config -v --verbose -q --quiet --threads --progress -o --output --objective --bank --encoder --init --log --plot --conditions --scaling --steps --batch --accumulate --patch --preset --augment --fresh-noise --cache --widths --blocks --noise-channels --draws --learning-rate --ema --precision --checkpoint-every --validate-every --keep --score --max-time --restart --allow-leak --drift-start --drift --perceptual --ssim --frechet --adversarial --adversarial-loss --r1 --discriminator-rate --gradient-l1 --projection --share-end --consistency --consistency-pull --coordination --conflict --conflict-edge --taps --weight-global --weight-local --weight-spatial --pair-weight --set-global --set-local --ring-batches --temperatures --source --source-noise --bridge-beta --bridge-ode --noise-schedule --nfe -f --force --reproducible --seed --device --allow-code --grid-tolerance --assume-hu -n --dry-run" -- "$cur"))
      else
        COMPREPLY=($(compgen -W "info plot half" -- "$cur"))
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    info)
      case $prev in
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "--json --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    plot)
      case $prev in
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible -o --output --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    half)
      case $prev in
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --card) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible -o --output --card --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
  esac
}
complete -F _gdm_drift_train gdm-drift-train
