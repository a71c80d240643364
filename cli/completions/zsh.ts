/**
 * The script for zsh.
 *
 * @module
 */
import type { Entry, Following } from "./grammar.ts";

/** For a file `_rin` in a folder of `$fpath`, or `eval "$(rin completions zsh)"` after `compinit`. */
export function zshScript(entries: readonly Entry[]): string {
  const commands = entries.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = entries.map(({ name, flags, argument }) => {
    const specs = flags.map(({ flag, help, following }) => {
      const text = help.replace(/[[\]:\\]/g, "\\$&");
      return following.kind === "nothing"
        ? quoted(`${flag}[${text}]`)
        : quoted(`${flag}=[${text}]:${flag.slice(2)}:${action(following)}`);
    });
    if (argument.kind !== "nothing") specs.push(quoted(`*:argument:${action(argument)}`));
    return `    ${name}) _arguments \\\n      ${specs.join(" \\\n      ")} ;;`;
  });
  return `#compdef rin
_rin() {
  local -a commands=(
${commands.join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _rin ]]; then _rin "$@"; else compdef _rin rin; fi`;
}

function action(following: Following): string {
  if (following.kind === "file") return "_files";
  return following.kind === "words" ? `(${following.words.join(" ")})` : " ";
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
