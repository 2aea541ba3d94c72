# Completion of `python run.py` for bash. No Python is started for it.
@CASES@

# The names of the YAML files in a folder of the project.
_switchyard_names() {
  local file
  for file in "$1"/*.yaml; do
    [ -e "$file" ] && file=${file##*/} && echo "${file%.yaml}"
  done
}

# Which word is asked for: its number among those of the command that are no option.
_switchyard_number() {
  local command=$1 number=1
  shift
  while [ "$#" -gt 0 ]; do
    case "$1" in
      -*) [ -n "$(_switchyard_values "$command" "$1")" ] && shift ;;
      *) number=$((number + 1)) ;;
    esac
    shift
  done
  echo "$number"
}

_switchyard() {
  # Bash cuts words at '=' and ':' too, which may be parts of ours: cut at blanks alone.
  local line=${COMP_LINE:0:COMP_POINT} cut=$2 at each
  local -a words offered
  read -ra words <<<"$line"
  case "$line" in *[[:space:]]) words+=("") ;; esac
  local last=$((${#words[@]} - 1))
  for ((at = 1; at < last; at++)); do
    case "${words[at]}" in run.py | */run.py) break ;; esac
  done
  if [ "$at" -ge "$last" ]; then
    # Not ours: what completed Python's line before does so still.
    [ -n "$_switchyard_before" ] && "$_switchyard_before" "$@"
    return
  fi

  local root=. command=train first=$((at + 1)) before=${words[last - 1]} current=${words[last]}
  case "${words[at]}" in */run.py) root=${words[at]%/run.py} ;; esac
  if [ "$last" -gt "$first" ] && [[ " $(_switchyard_commands) " == *" ${words[first]} "* ]]; then
    command=${words[first]}
    first=$((first + 1))
  fi
  # What of the word stands already: `--stack=`, or the names before a comma.
  local head=
  case "$current" in --*=*) before=${current%%=*} head=${current%%=*}= ;; esac
  case "$before:$current" in --stacks:*,*) head=${current%,*}, ;; esac
  current=${current#"$head"}

  local found
  found=$(_switchyard_values "$command" "$before")
  if [ -z "$found" ]; then
    case "$current" in
      -*) found=$(_switchyard_options "$command") ;;
      *) found=$(_switchyard_place "$command" "$(_switchyard_number "$command" "${words[@]:first:last-first}")") ;;
    esac
    [ "$last" = "$((at + 1))" ] && found="$(_switchyard_commands) $(_switchyard_options train)"
  fi
  case "$found" in
    @stack) found=$(_switchyard_names "$root/stacks") ;;
    @config) found="$(_switchyard_names "$root/configs") $(compgen -f -X '!*.yaml' -- "$current")" ;;
    @file) found=$(compgen -f -- "$current") && compopt -o filenames ;;
    @folder) found=$(compgen -d -- "$current") && compopt -o filenames ;;
    @word) found= ;;
  esac
  mapfile -t offered < <(compgen -W "$found" -- "$current")
  # Bash keeps what lies before its own cut.
  local kept=${words[last]%"$cut"}
  COMPREPLY=()
  for each in "${offered[@]}"; do
    each=$head$each
    COMPREPLY+=("${each#"$kept"}")
  done
}

_switchyard_before=$(complete -p python 2>/dev/null | sed -n 's/.* -F \([^ ]*\) .*/\1/p')
[ "$_switchyard_before" = _switchyard ] && _switchyard_before=
complete -o default -F _switchyard python python3 python3.11
