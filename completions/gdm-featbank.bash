# bash completion for gdm-featbank, generated from the program's options (man/generate.hpp); cmake --build BUILD --target docs
_gdm_featbank() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" word
  if [[ $cur == = ]]; then cur=""; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      build|merge|info|verify|query|plot) command=$word; break ;;
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
        COMPREPLY=($(compgen -W "build merge info verify query plot" -- "$cur"))
      fi ;;
    build)
      case $prev in
        --seed) return ;;
        --device) COMPREPLY=($(compgen -W "cpu cuda auto" -- "$cur")); return ;;
        --grid-tolerance) return ;;
        --encoder) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --patch) return ;;
        --training-patch) return ;;
        --patches-per-case) return ;;
        --tokens-per-patch) return ;;
        --spacing) return ;;
        --axial-bins) return ;;
        --anatomy-key) return ;;
        --stratum-key) return ;;
        --capacity) return ;;
        --patient-cap) return ;;
        --sampling) COMPREPLY=($(compgen -W "reservoir k-centre" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --seed --device --allow-code --grid-tolerance --assume-hu --encoder -o --output --split --patch --training-patch --patches-per-case --tokens-per-patch --spacing --axial-bins --anatomy-key --stratum-key --capacity --patient-cap --sampling --shard --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    merge)
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
    verify)
      case $prev in
        --device) COMPREPLY=($(compgen -W "cpu cuda auto" -- "$cur")); return ;;
        --grid-tolerance) return ;;
        --encoder) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --manifest) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --cases) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "--device --allow-code --json --grid-tolerance --assume-hu --encoder --manifest --cases --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    query)
      case $prev in
        --device) COMPREPLY=($(compgen -W "cpu cuda auto" -- "$cur")); return ;;
        --grid-tolerance) return ;;
        --bank) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --mask) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --input) return ;;
        --patches) return ;;
        --neighbours) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "--device --allow-code --json --grid-tolerance --assume-hu --bank --mask --split --input --patches --neighbours --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
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
  esac
}
complete -F _gdm_featbank gdm-featbank
