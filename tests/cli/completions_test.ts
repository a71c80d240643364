// Completions as the shells themselves give them.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { PRESETS } from "../../src/run/presets.ts";
import { withFolder, write } from "../data/scratch.ts";
import { complaint, rin } from "./rin.ts";

async function run(program: string, args: string[], cwd: string): Promise<string> {
  const command = new Deno.Command(program, { args, cwd, env: { HOME: cwd, TERM: "dumb" } });
  const { stdout, stderr } = await command.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

const installed = async (shell: string) =>
  await run(shell, ["-c", "echo yes"], "/").catch(() => "") === "yes\n";

/** Lines as typed, and what the shell offers for their last word. */
const cases: [line: string, offered: string[]][] = [
  ["rin tr", ["train"]],
  ["rin train --preset ", Object.keys(PRESETS).sort()],
  ["rin train --preset=f", ["faces"]],
  ["rin train --prese", ["--preset"]],
  ["rin sample --sampler dd", ["ddim", "ddpm"]],
  ["rin sample --checkpoint only", ["only.safetensors"]],
  ["rin info only", ["only.safetensors"]],
  ["rin data check only", ["only.safetensors"]],
  ["rin completions ", ["bash", "fish", "zsh"]],
  ["rin doctor only", []],
];

/** `ask` asks the shell, with a line, in a folder with one file and the script as `rin.SHELL`. */
function shellTest(
  shell: string,
  ready: boolean,
  ask: (line: string, cwd: string) => Promise<string>,
) {
  Deno.test({
    name: `rin completions ${shell} completes commands, flags, and values`,
    ignore: !ready,
    fn: () =>
      withFolder(async (cwd) => {
        await write(`${cwd}/only.safetensors`, "");
        const { stdout, stderr } = await rin(["completions", shell]);
        assertEquals(stderr, "");
        await write(`${cwd}/rin.${shell}`, stdout);
        for (const [line, offered] of cases) {
          const words = (await ask(line, cwd)).split(/\s+/).filter(Boolean);
          // fish offers the whole word.
          const found = words.map((word) => word.replace(/^--preset=(?=.)/, "").replace(/=$/, ""));
          assertEquals([...new Set(found)].sort(), offered, `${line}: ${words}`);
        }
      }),
  });
}

// What readline does, without a terminal: its words, the function, and files where that offers none.
const BASH = `
source rin.bash
[[ $(complete -p rin) == "complete -o default -F _rin rin" ]] || echo "not registered"
files=yes
compopt() { [[ "$*" == "+o default" ]] && files=; }
line=\${1//=/ = }
read -ra COMP_WORDS <<<"$line"
[[ $line != *" " ]] || COMP_WORDS+=("")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_rin
[[ -n \${COMPREPLY[*]} || -z $files ]] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
echo "\${COMPREPLY[@]}"
`;
shellTest(
  "bash",
  await installed("bash"),
  (line, cwd) => run("bash", ["--norc", "-c", BASH, "bash", line], cwd),
);

shellTest("fish", await installed("fish"), async (line, cwd) => {
  const offered = await run(
    "fish",
    ["-N", "-c", "source rin.fish; complete -C $argv[1]", line],
    cwd,
  );
  return offered.split("\n").map((text) => text.split("\t")[0]).join("\n");
});

// Completion needs a line editor, so a terminal; what would be offered is caught on its way there.
const ZSH = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; autoload -U compinit; compinit -D; source ./rin.zsh'
zpty -w shell 'compadd() { if [[ $* == *-[ODA]* ]]; then builtin compadd "$@"; return; fi; \\
local -a offered; builtin compadd -O offered "$@"; (( $#offered )) && print -l -- $offered >>offered; \\
builtin compadd "$@" }'
zpty -w shell 'bindkey "^T" complete-word; : >ready'
for i in {1..500}; do [[ -e ready ]] && break; sleep 0.02; done
zpty -n -w shell "$1"$'\\x14'
for i in {1..60}; do sleep 0.02; zpty -r -t shell output; [[ -s offered ]] && break; done
sleep 0.05
[[ ! -e offered ]] || cat offered
rm -f ready offered
zpty -d shell
`;
shellTest(
  "zsh",
  await installed("zsh"),
  (line, cwd) => run("zsh", ["-f", "-c", ZSH, "zsh", line], cwd),
);

Deno.test("rin completions needs the name of a shell", async () => {
  assertStringIncludes(complaint(await rin(["completions"]), 2), "Which shell? Give bash, zsh or");
  assertStringIncludes(complaint(await rin(["completions", "tcsh"]), 2), "Which shell?");
});
