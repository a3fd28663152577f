# bash completion for gdm-encoder, generated from the program's options (man/generate.hpp); cmake --build BUILD --target docs
_gdm_encoder() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" word
  if [[ $cur == = ]]; then cur=""; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      pretrain|probe|import|scattering|info) command=$word; break ;;
    esac
  done
  case $command in
    "")
      case $prev in
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "--version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=($(compgen -W "pretrain probe import scattering info" -- "$cur"))
      fi ;;
    pretrain)
      case $prev in
        --seed) return ;;
        --device) COMPREPLY=($(compgen -W "cpu cuda auto" -- "$cur")); return ;;
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --task) COMPREPLY=($(compgen -W "masked segment segment+contrast" -- "$cur")); return ;;
        --volumes) COMPREPLY=($(compgen -W "auto target" -- "$cur")); return ;;
        --scaling) COMPREPLY=($(compgen -W "auto hu percentile" -- "$cur")); return ;;
        --spacing) return ;;
        --augment) COMPREPLY=($(compgen -W "auto none light medium strong" -- "$cur")); return ;;
        --classes) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --mask-ratio) return ;;
        --mask-cube) return ;;
        --stem) COMPREPLY=($(compgen -W "space-to-depth conv" -- "$cur")); return ;;
        --widths) return ;;
        --steps) return ;;
        --batch) return ;;
        --patch) return ;;
        --learning-rate) return ;;
        --log) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --checkpoint-every) return ;;
        --validate-every) return ;;
        --max-time) return ;;
        --card) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --seed --device --allow-code --grid-tolerance --assume-hu -o --output --task --volumes --scaling --spacing --augment --classes --mask-ratio --mask-cube --stem --widths --steps --batch --patch --learning-rate --log --checkpoint-every --validate-every --max-time --restart --card --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    probe)
      case $prev in
        --seed) return ;;
        --device) COMPREPLY=($(compgen -W "cpu cuda auto" -- "$cur")); return ;;
        --grid-tolerance) return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --volumes) COMPREPLY=($(compgen -W "auto target" -- "$cur")); return ;;
        --patch) return ;;
        --patches-per-patient) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "--seed --device --allow-code --json --grid-tolerance --assume-hu --split --volumes --patch --patches-per-patient --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    import)
      case $prev in
        --seed) return ;;
        --device) COMPREPLY=($(compgen -W "cpu cuda auto" -- "$cur")); return ;;
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --layers) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --input) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --statistics) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test" -- "$cur")); return ;;
        --patches-per-case) return ;;
        --patch) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --seed --device --allow-code --grid-tolerance --assume-hu -o --output --layers --torchscript --input --statistics --split --patches-per-case --patch --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    scattering)
      case $prev in
        --seed) return ;;
        --device) COMPREPLY=($(compgen -W "cpu cuda auto" -- "$cur")); return ;;
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --range) return ;;
        --octaves) return ;;
        --card) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --statistics) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test" -- "$cur")); return ;;
        --patches-per-case) return ;;
        --patch) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --seed --device --allow-code --grid-tolerance --assume-hu -o --output --range --octaves --card --statistics --split --patches-per-case --patch --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
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
  esac
}
complete -F _gdm_encoder gdm-encoder
