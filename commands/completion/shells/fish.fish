# Completion of `python run.py` for fish. No Python is started for it.
@CASES@

function _switchyard_ours
    string match -qr '(^|/)run\.py$' -- (commandline -opc)
end

# Which word is asked for: its number among those of the command that are no option.
function _switchyard_number -a command
    set -l number 1
    set -l takes 0
    for word in $argv[2..]
        if test $takes = 1
            set takes 0
        else if string match -q -- '-*' $word
            test -n "$(_switchyard_values $command $word)"; and set takes 1
        else
            set number (math $number + 1)
        end
    end
    echo $number
end

function _switchyard
    set -l rest (commandline -opc)
    while not string match -qr '(^|/)run\.py$' -- $rest[1]
        set -e rest[1]
    end
    set -l root (dirname $rest[1])
    set -e rest[1]
    set -l current (commandline -ct)
    set -l command train
    set -l alone 1
    if set -q rest[1]
        set alone 0
        if contains -- $rest[1] (_switchyard_commands)
            set command $rest[1]
            set -e rest[1]
        end
    end
    set -l before ''
    set -q rest[-1]; and set before $rest[-1]
    # What of the word stands already: `--stack=`, or the names before a comma.
    set -l head ''
    if string match -qr -- '^--.*=' $current
        set before (string split -m1 = -- $current)[1]
        set head $before=
    end
    if test "$before" = --stacks; and string match -q -- '*,*' $current
        set head (string replace -r '[^,]*$' '' -- $current)
    end

    set -l found (_switchyard_values $command $before)
    if test -z "$found"
        if test $alone = 1
            set found (_switchyard_commands) (_switchyard_options train)
        else if string match -q -- '-*' $current
            set found (_switchyard_options $command)
        else
            set found (_switchyard_place $command (_switchyard_number $command $rest))
        end
    end
    switch "$found"
        case @stack
            set found (path basename $root/stacks/*.yaml | path change-extension '')
        case @config
            set found (path basename $root/configs/*.yaml | path change-extension '') (__fish_complete_suffix .yaml)
        case @file
            set found (__fish_complete_path (string replace -- "$head" '' $current))
        case @folder
            set found (__fish_complete_directories (string replace -- "$head" '' $current) '')
        case @word
            set found
    end
    for each in $found
        echo $head$each
    end
end

for program in python python3 python3.11
    complete -c $program -n _switchyard_ours -f -a '(_switchyard)'
end
