# bash completion for gdm-phantom, generated from the program's options (man/generate.hpp); cmake --build BUILD --target docs
_gdm_phantom() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" word
  if [[ $cur == = ]]; then cur=""; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  case $command in
    "")
      case $prev in
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
        -o|--output) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames; return ;;
        --count) return ;;
        --kind) COMPREPLY=($(compgen -W "head pelvis thorax" -- "$cur")); return ;;
        --shape) return ;;
        --spacing) return ;;
        --labels) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --variants) return ;;
        --deformation) return ;;
        --tissues) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --sequence) COMPREPLY=($(compgen -W "se spgr" -- "$cur")); return ;;
        --tr) return ;;
        --te) return ;;
        --flip) return ;;
        --field-strength) COMPREPLY=($(compgen -W "3" -- "$cur")); return ;;
        --snr) return ;;
        --thickness) return ;;
        --metal) return ;;
        --misregistration) return ;;
        --seed) return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "--version -h --help --config -v --verbose -q --quiet --threads --progress -o --output --count --kind --shape --spacing --labels --variants --deformation --tissues --sequence --tr --te --flip --field-strength --snr --thickness --susceptibility --metal --beam-hardening --misregistration --truth -f --force --reproducible --seed -n --dry-run" -- "$cur"))
      else
        COMPREPLY=()
      fi ;;
  esac
}
complete -F _gdm_phantom gdm-phantom
