/**
 * `rin completions`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { bashScript } from "../completions/bash.ts";
import { fishScript } from "../completions/fish.ts";
import { grammar } from "../completions/grammar.ts";
import { zshScript } from "../completions/zsh.ts";
import { UsageError } from "../errors.ts";
import { print } from "../terminal/terminal.ts";

const shells = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** The command that prints a shell's completions of these commands, and of itself. */
export function completionsOf(commands: Readonly<Record<string, Command>>): Command {
  const completions: Command = {
    usage: "rin completions bash|zsh|fish",
    summary: "print a script that completes commands, flags and values in your shell",
    about: "Prints a script for your shell that completes rin's commands, flags and values.",
    groups: [{ title: "Options", options: [] }],
    words: Object.keys(shells),
    examples: [
      `eval "$(rin completions bash)"     # in ~/.bashrc`,
      `eval "$(rin completions zsh)"      # in ~/.zshrc, after compinit`,
      "rin completions fish | source      # in ~/.config/fish/config.fish",
    ],
    run: ({ rest }) => {
      const [shell] = rest;
      if (rest.length !== 1 || !Object.hasOwn(shells, shell)) {
        throw new UsageError("Which shell? Give bash, zsh or fish: rin completions bash");
      }
      print(shells[shell as keyof typeof shells](grammar({ ...commands, completions })));
      return Promise.resolve(0);
    },
  };
  return completions;
}
