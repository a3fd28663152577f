# bash completion for gdm-recon, generated from the program's options (man/generate.hpp); cmake --build BUILD --target docs
_gdm_recon() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command="" word
  if [[ $cur == = ]]; then cur=""; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      project|import|fbp|fdk|iterative|tune|consistency|gdm|geometry) command=$word; break ;;
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
        COMPREPLY=($(compgen -W "project import fbp fdk iterative tune consistency gdm geometry" -- "$cur"))
      fi ;;
    project)
      case $prev in
        --seed) return ;;
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --views) return ;;
        --detectors) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --geometry) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --detector) return ;;
        --detector-spacing) return ;;
        --subset) return ;;
        --oversample) return ;;
        --photons) return ;;
        --electronic-noise) return ;;
        --bow-tie) return ;;
        --mu-water) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --seed --grid-tolerance --assume-hu -n --dry-run -o --output --split --shard --keep-going --resume --views --detectors --geometry --detector --detector-spacing --subset --oversample --photons --electronic-noise --bow-tie --mu-water --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    import)
      case $prev in
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --shape) return ;;
        --type) COMPREPLY=($(compgen -W "uint8 int8 uint16 int16 uint32 int32 float32 float64" -- "$cur")); return ;;
        --skip) return ;;
        --axes) return ;;
        --views) return ;;
        --flat) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --dark) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --photons) return ;;
        --mu-water) return ;;
        --geometry) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --detector) return ;;
        --detector-spacing) return ;;
        --grid) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --spacing) return ;;
        --size) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible -n --dry-run -o --output --shape --type --big-endian --skip --axes --views --counts --flat --dark --photons --mu-water --geometry --detector --detector-spacing --grid --spacing --size --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    fbp)
      case $prev in
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --filter) COMPREPLY=($(compgen -W "ram-lak shepp-logan cosine hamming hann" -- "$cur")); return ;;
        --cutoff) return ;;
        --grid) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --spacing) return ;;
        --mask-fov) COMPREPLY=($(compgen -W "none" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --grid-tolerance --assume-hu -n --dry-run -o --output --split --shard --keep-going --resume --filter --cutoff --grid --spacing --mask-fov --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    fdk)
      case $prev in
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --filter) COMPREPLY=($(compgen -W "ram-lak shepp-logan cosine hamming hann" -- "$cur")); return ;;
        --cutoff) return ;;
        --grid) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --spacing) return ;;
        --mask-fov) COMPREPLY=($(compgen -W "none" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --grid-tolerance --assume-hu -n --dry-run -o --output --split --shard --keep-going --resume --filter --cutoff --grid --spacing --mask-fov --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    iterative)
      case $prev in
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --method) COMPREPLY=($(compgen -W "sirt os-sart cgls tv" -- "$cur")); return ;;
        --strength) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --iterations) return ;;
        --subsets) return ;;
        --rays) return ;;
        --weights) COMPREPLY=($(compgen -W "auto counts none" -- "$cur")); return ;;
        --start) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --huber) return ;;
        --tolerance) return ;;
        --discrepancy) return ;;
        --pull) return ;;
        --log) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --grid-tolerance --assume-hu -n --dry-run -o --output --split --shard --keep-going --resume --method --strength --iterations --subsets --rays --weights --start --huber --across-slices --tolerance --discrepancy --allow-negative --pull --log --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    tune)
      case $prev in
        --grid-tolerance) return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --by) COMPREPLY=($(compgen -W "mae rmse" -- "$cur")); return ;;
        --iterations) return ;;
        --subsets) return ;;
        --rays) return ;;
        --weights) COMPREPLY=($(compgen -W "auto counts none" -- "$cur")); return ;;
        --start) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --huber) return ;;
        --tolerance) return ;;
        --discrepancy) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "--json --grid-tolerance --assume-hu --split --by --iterations --subsets --rays --weights --start --huber --across-slices --tolerance --discrepancy --allow-negative --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    consistency)
      case $prev in
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --start) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --iterations) return ;;
        --pull) return ;;
        --discrepancy) return ;;
        --weights) COMPREPLY=($(compgen -W "auto counts none" -- "$cur")); return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --grid-tolerance --assume-hu -n --dry-run -o --output --split --shard --keep-going --resume --start --iterations --pull --discrepancy --weights --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    gdm)
      case $prev in
        --seed) return ;;
        --device) COMPREPLY=($(compgen -W "cpu cuda auto" -- "$cur")); return ;;
        --grid-tolerance) return ;;
        -o|--output) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --split) COMPREPLY=($(compgen -W "train val test all" -- "$cur")); return ;;
        --shard) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --filter) COMPREPLY=($(compgen -W "auto ram-lak shepp-logan cosine hamming hann" -- "$cur")); return ;;
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
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --seed --device --allow-code --grid-tolerance --assume-hu -n --dry-run -o --output --split --shard --keep-going --resume --filter --model --any-acquisition --patch --overlap --nfe --solver --precision --dtype --resample --memory --bank --samples --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
    geometry)
      case $prev in
        --png) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --detector) return ;;
        --detector-spacing) return ;;
        --config) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames; return ;;
        --threads) COMPREPLY=($(compgen -W "auto" -- "$cur")); return ;;
        --progress) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
      esac
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-f --force --reproducible --json --png --detector --detector-spacing --version -h --help --config -v --verbose -q --quiet --threads --progress" -- "$cur"))
      else
        COMPREPLY=()
        COMPREPLY+=($(compgen -f -- "$cur"))
        compopt -o filenames
      fi ;;
  esac
}
complete -F _gdm_recon gdm-recon
