# Completion for bash: what can come next is asked of talomectl itself; where it offers nothing, files are.
_talomectl() {
    local IFS=$'\n'
    COMPREPLY=($("${COMP_WORDS[0]}" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null))
}
complete -o default -F _talomectl talomectl
