# bash completion for gdm-metrics, generated from the program's options (man/generate.hpp); cmake --build BUILD --target docs
_gdm_metrics() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" word
  if [[ $cur == = ]]; then cur=""; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      montage) command=$word; break ;;
    esac
  done
  case $command in
    "")
      case $prev in
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
        --seed) return ;;
        --device) COMPREPLY=($(compgen -W "cpu cuda auto" -- "$cur")); return ;;
        --grid-tolerance) return ;;
        --split) COMPREPLY=($(compgen -W "predicted all train val test" -- "$cur")); return ;;
        --input) return ;;
        --target) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --prediction) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --mask) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --encoder) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --bank) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --bootstrap) return ;;
        --profile) COMPREPLY=($(compgen -W "synthrad2023 synthrad2025 plain" -- "$cur")); return ;;
        --range) return ;;
        --metrics) COMPREPLY=($(compgen -W "all" -- "$cur")); return ;;
        --labels) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --predicted-labels) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --label-names) return ;;
        --dose) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --predicted-dose) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --spread) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --gamma) return ;;
        --baseline) return ;;
        --primary) return ;;
        --fail-under) return ;;
        --fail-over) return ;;
        --undefined-distance) return ;;
        --tsv) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --html) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --html-cases) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "--version -h --help --config -v --verbose -q --quiet --threads --progress -f --force --reproducible --seed --device --allow-code --json --grid-tolerance --assume-hu -n --dry-run --split --input --target --prediction --mask --encoder --bank --bootstrap --profile --range --metrics --unmasked --labels --predicted-labels --label-names --dose --predicted-dose --spread --gamma --baseline --primary --resample --fail-under --fail-over --allow-undefined --undefined-distance --keep-going --full --tsv --html --html-cases -o --output" -- "$cur"))
      else
        COMPREPLY=($(compgen -W "montage" -- "$cur"))
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    montage)
      case $prev in
        --grid-tolerance) return ;;
        --split) COMPREPLY=($(compgen -W "predicted all train val test" -- "$cur")); return ;;
        --input) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --cases) return ;;
        --plane) COMPREPLY=($(compgen -W "axial coronal sagittal" -- "$cur")); return ;;
        --level) return ;;
        --width) return ;;
        --error-width) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --grid-tolerance --assume-hu -n --dry-run --split --input -o --output --cases --plane --level --width --error-width --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
  esac
}
complete -F _gdm_metrics gdm-metrics
