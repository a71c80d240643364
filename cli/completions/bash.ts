/**
 * The script for bash.
 *
 * @module
 */
import type { Entry, Following } from "./grammar.ts";

/** For `eval "$(rin completions bash)"`. */
export function bashScript(entries: readonly Entry[]): string {
  const values = entries.flatMap(({ name, flags }) =>
    flags.filter(({ following }) => following.kind !== "nothing").map(({ flag, following }) =>
      `    '${name} ${flag}') ${answer(following)}; return ;;`
    )
  );
  const rest = entries.map(({ name, flags, argument }) =>
    `    ${name})
      if [[ $word == -* ]]; then _rin_words '${flags.map(({ flag }) => flag).join(" ")}'
      else ${answer(argument)}; fi ;;`
  );
  return `# bash completion for rin
_rin_words() { COMPREPLY=($(compgen -W "$1" -- "$word")); compopt +o default; }

_rin() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  # --flag=value comes as three words.
  if [[ $word == = ]]; then word=''
  elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _rin_words '${entries.map(({ name }) => name).join(" ")} --help --version'
    return
  fi
  case "\${COMP_WORDS[1]} $before" in
${values.join("\n")}
  esac
  case \${COMP_WORDS[1]} in
${rest.join("\n")}
  esac
}
complete -o default -F _rin rin`;
}

/** Bash completes files by itself, where the script offers nothing else. */
function answer(following: Following): string {
  if (following.kind === "file") return ":";
  return `_rin_words '${following.kind === "words" ? following.words.join(" ") : ""}'`;
}
