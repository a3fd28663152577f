# bash completion for gdm-synth, generated from the program's options (man/generate.hpp); cmake --build BUILD --target docs
_gdm_synth() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" word
  if [[ $cur == = ]]; then cur=""; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  case $command in
    "")
      case $prev in
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --input) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --mask) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --model) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --patch) return ;;
        --overlap) return ;;
        --nfe) return ;;
        --solver) COMPREPLY=($(compgen -W "euler heun" -- "$cur")); return ;;
        --precision) COMPREPLY=($(compgen -W "fp32 tf32 bf16" -- "$cur")); return ;;
        --dtype) COMPREPLY=($(compgen -W "int16 float32" -- "$cur")); return ;;
        --resample) COMPREPLY=($(compgen -W "auto never" -- "$cur")); return ;;
        --memory) return ;;
        --bank) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --samples) return ;;
        --shifts) return ;;
        --spread) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --bank-map) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --seed) return ;;
        --device) COMPREPLY=($(compgen -W "cpu cuda auto" -- "$cur")); return ;;
        --grid-tolerance) return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "--version -h --help --config -v --verbose -q --quiet --threads --progress -o --output --input --mask --model --any-acquisition --patch --overlap --nfe --solver --precision --dtype --resample --memory --bank --samples --flips --shifts --spread --bank-map --split --shard --keep-going --resume -f --force --reproducible --seed --device --allow-code --grid-tolerance --assume-hu -n --dry-run" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
  esac
}
complete -F _gdm_synth gdm-synth
