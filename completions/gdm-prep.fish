# fish completion for gdm-prep, generated from the program's options (man/generate.hpp); cmake --build BUILD --target docs
complete -c gdm-prep -n 'not __fish_seen_subcommand_from info' -f
complete -c gdm-prep -n 'not __fish_seen_subcommand_from info' -a info -d 'Says what files hold, and with --check whether they are good.'
complete -c gdm-prep -l version -d 'Display program version information and exit'
complete -c gdm-prep -s h -l help -d 'Print this help and exit'
complete -c gdm-prep -l config -r -F -d 'Read options from this JSON file; the command line wins'
complete -c gdm-prep -s v -l verbose -d 'Say more on stderr'
complete -c gdm-prep -s q -l quiet -d 'Only errors on stderr'
complete -c gdm-prep -l threads -x -a 'auto' -d 'Threads: a number, or auto for all CPUs this process may use'
complete -c gdm-prep -l progress -x -a 'auto always never' -d 'Progress display on stderr'
complete -c gdm-prep -n '__fish_seen_subcommand_from info' -l json -d 'Machine-readable result on stdout'
complete -c gdm-prep -n '__fish_seen_subcommand_from info' -l check -d 'Read every file that a manifest names; report all that is wrong'
complete -c gdm-prep -n '__fish_seen_subcommand_from info' -l mask -r -F -d 'Mask on the grid of the volumes: report its coverage'
complete -c gdm-prep -n '__fish_seen_subcommand_from info' -l split -x -a 'train val test all' -d 'Only these cases of a manifest'
