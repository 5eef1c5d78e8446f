/**
 * What each shell asks `costper complete` with, and makes of the answer: a line for each candidate, what it is for behind
 * a tab, and `:files` where names of files may stand. No word of the command line is evaluated.
 */
export const completionScripts = {
  bash: `# costper for bash: eval "$(costper completion bash)" in ~/.bashrc
_costper() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then return; fi
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(costper complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  compopt +o default 2>/dev/null
}
complete -o default -F _costper costper
`,
  zsh: `#compdef costper
# costper for zsh: eval "$(costper completion zsh)" in ~/.zshrc, behind compinit
_costper() {
  local line
  local -a found
  while IFS= read -r line; do
    if [[ $line == :files ]]; then _files; return; fi
    line=\${line//:/\\\\:}
    found+=("\${line/$'\\t'/:}")
  done < <(costper complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  _describe costper found
}
if [[ \${funcstack[1]} == _costper ]]; then _costper "$@"; else compdef _costper costper; fi
`,
  fish: `# costper for fish: costper completion fish > ~/.config/fish/completions/costper.fish
function __costper_complete
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  for line in (costper complete -- $before[2..-1] "$current" 2>/dev/null)
    if test "$line" = :files
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c costper -f -a '(__costper_complete)'
`,
} as const;
