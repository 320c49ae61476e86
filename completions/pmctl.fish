# fish completion of pmctl
function __pmctl_answers
    set -lx COMP_CWORD (count (commandline -opc))
    set -lx COMP_WORDS (string join \n -- (commandline -opc) (commandline -ct) | string collect)
    set -lx _PMCTL_COMPLETE complete_fish
    set -l answers (pmctl 2>/dev/null)
    if test (count $answers) -gt 0
        printf '%s\n' $answers
    else
        __fish_complete_path (commandline -ct)
    end
end

complete --command pmctl --no-files --arguments '(__pmctl_answers)'
