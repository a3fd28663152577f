# bash completion for gdm-prep, generated from the program's options (man/generate.hpp); cmake --build BUILD --target docs
_gdm_prep() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" word
  if [[ $cur == = ]]; then cur=""; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      info|dicom|to-dicom|register|manifest|resample|mask|n4|crop|structures|qc|split|reorient|join) command=$word; break ;;
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
        COMPREPLY=($(compgen -W "info dicom to-dicom register manifest resample mask n4 crop structures qc split reorient join" -- "$cur"))
      fi ;;
    info)
      case $prev in
        --grid-tolerance) return ;;
        --mask) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "--json --grid-tolerance --assume-hu --check --mask --split --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    dicom)
      case $prev in
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames; return ;;
        --id-salt) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --id-map) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --shared-id) COMPREPLY=($(compgen -W "refuse one several" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --grid-tolerance --assume-hu -n --dry-run -o --output --id-salt --id-map --shared-id --keep-tilt --resample-gaps --keep-going --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    to-dicom)
      case $prev in
        --grid-tolerance) return ;;
        --like) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        -o|--output) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames; return ;;
        --description) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --grid-tolerance --assume-hu -n --dry-run --like -o --output --description --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    register)
      case $prev in
        --seed) return ;;
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --fixed) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --moving) return ;;
        --along) return ;;
        --model) COMPREPLY=($(compgen -W "rigid affine bspline" -- "$cur")); return ;;
        --starts) COMPREPLY=($(compgen -W "flips header turns" -- "$cur")); return ;;
        --finest) return ;;
        --control) return ;;
        --transform) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --kind) COMPREPLY=($(compgen -W "ct image labels mask" -- "$cur")); return ;;
        --spacing) return ;;
        --interpolation) COMPREPLY=($(compgen -W "linear cubic" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --seed --grid-tolerance --assume-hu -n --dry-run -o --output --split --shard --keep-going --resume --fixed --moving --along --model --starts --finest --control --transform --kind --spacing --interpolation --accept-doubtful --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    manifest)
      case $prev in
        --seed) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --layout) COMPREPLY=($(compgen -W "auto synthrad nnunet bids" -- "$cur")); return ;;
        --labels-as) COMPREPLY=($(compgen -W "labels target mask" -- "$cur")); return ;;
        --input) return ;;
        --target) return ;;
        --mask) return ;;
        --incomplete) COMPREPLY=($(compgen -W "refuse skip keep" -- "$cur")); return ;;
        --task) return ;;
        --split) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --seed -n --dry-run -o --output --layout --labels-as --input --target --mask --incomplete --task --split --split-by-folder --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    resample)
      case $prev in
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --like) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --spacing) return ;;
        --interpolation) COMPREPLY=($(compgen -W "linear cubic" -- "$cur")); return ;;
        --labels) return ;;
        --fill) return ;;
        --kind) COMPREPLY=($(compgen -W "ct image labels mask" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible -n --dry-run -o --output --split --shard --keep-going --resume --like --spacing --interpolation --labels --fill --kind --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    mask)
      case $prev in
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --of) return ;;
        --kind) COMPREPLY=($(compgen -W "ct image" -- "$cur")); return ;;
        --threshold) return ;;
        --thinnest) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --grid-tolerance --assume-hu -n --dry-run -o --output --split --shard --keep-going --resume --of --kind --threshold --thinnest --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    n4)
      case $prev in
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --of) return ;;
        --mask) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --control) return ;;
        --levels) return ;;
        --iterations) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --grid-tolerance --assume-hu -n --dry-run -o --output --split --shard --keep-going --resume --of --mask --control --levels --iterations --field --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    crop)
      case $prev in
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --mask) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --margin) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --grid-tolerance --assume-hu -n --dry-run -o --output --split --shard --keep-going --resume --mask --margin --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    structures)
      case $prev in
        -o|--output) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames; return ;;
        --only) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible -n --dry-run -o --output --only --any-frame --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    qc)
      case $prev in
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --level) return ;;
        --width) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --grid-tolerance --assume-hu -n --dry-run -o --output --split --shard --keep-going --level --width --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    split)
      case $prev in
        --seed) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) return ;;
        --val) return ;;
        --test) return ;;
        --stratify) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --seed -n --dry-run -o --output --split --val --test --stratify --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    reorient)
      case $prev in
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --to) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible -n --dry-run -o --output --split --shard --keep-going --resume --to --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    join)
      case $prev in
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible -n --dry-run -o --output --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
  esac
}
complete -F _gdm_prep gdm-prep
