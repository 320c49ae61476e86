# bash completion of pmctl
_pmctl_completion() {
    local answer
    COMPREPLY=()
    while IFS= read -r answer; do
        COMPREPLY+=("$answer")
    done < <(
        IFS=$'\n'
        env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD="$COMP_CWORD" \
            _PMCTL_COMPLETE=complete_bash "$1" 2>/dev/null
    )
}

complete -o default -F _pmctl_completion pmctl
