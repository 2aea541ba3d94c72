# Completion of `python run.py` for zsh. No Python is started for it.
@CASES@

# Which word is asked for: its number among those of the command that are no option.
_switchyard_number() {
  local command=$1 number=1
  shift
  while (($#)); do
    case $1 in
      -*) [[ -n $(_switchyard_values "$command" "$1") ]] && shift ;;
      *) ((number++)) ;;
    esac
    shift
  done
  echo $number
}

_switchyard() {
  local at=2 root=. command=train first before found
  while ((at < CURRENT)) && [[ $words[at] != (run.py|*/run.py) ]]; do ((at++)); done
  if ((at >= CURRENT)); then
    # Not ours: what completed Python's line before does so still.
    ${_switchyard_before:-_default} "$@"
    return
  fi
  [[ $words[at] == */* ]] && root=${words[at]:h}
  first=$((at + 1)) before=$words[CURRENT-1]
  if ((CURRENT > first)) && [[ " $(_switchyard_commands) " == *" ${words[first]} "* ]]; then
    command=$words[first]
    ((first++))
  fi
  if [[ $PREFIX == --*=* ]]; then
    before=${PREFIX%%=*}
    compset -P '*='
  fi
  [[ $before == --stacks ]] && compset -P '*,'

  found=$(_switchyard_values "$command" "$before")
  if [[ -z $found ]]; then
    case $PREFIX in
      -*) found=$(_switchyard_options "$command") ;;
      *) found=$(_switchyard_place "$command" "$(_switchyard_number "$command" "${(@)words[first,CURRENT-1]}")") ;;
    esac
    ((CURRENT == at + 1)) && found="$(_switchyard_commands) $(_switchyard_options train)"
  fi
  case $found in
    @stack) compadd -- "$root"/stacks/*.yaml(N:t:r) ;;
    @config) compadd -- "$root"/configs/*.yaml(N:t:r); _files -g '*.yaml' ;;
    @file) _files ;;
    @folder) _files -/ ;;
    @word) _message value ;;
    *) compadd -- ${=found} ;;
  esac
}

autoload -Uz compinit
(($+functions[compdef])) || compinit
_switchyard_before=${_comps[python]:#_switchyard}
compdef _switchyard python python3 python3.11
