/**
 * The layout of help texts.
 *
 * @module
 */
import { flagOf } from "./options/flag_name.ts";
import { type Option, placeholder } from "./options/options.ts";

/** Options under a heading. */
export interface OptionGroup {
  readonly title: string;
  readonly options: readonly Option[];
}

const WIDTH = 96;
const LEFT = 30;

/** The help of a command. */
export function commandHelp(
  usage: string,
  about: string,
  groups: readonly OptionGroup[],
  examples: readonly string[],
): string {
  const help: Option = { key: "help", type: "boolean", help: "show this" };
  const last = groups.length - 1;
  return [
    `Usage: ${usage}`,
    "",
    ...wrap(about, WIDTH),
    ...groups.flatMap(({ title, options }, index) => [
      "",
      `${title}:`,
      ...[...options, ...index === last ? [help] : []].flatMap(optionLines),
    ]),
    "",
    examples.length === 1 ? "Example:" : "Examples:",
    ...examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

function optionLines(option: Option): string[] {
  const left = `  ${flagOf(option.key)} ${placeholder(option)}`.trimEnd();
  const { default: value } = option;
  const shown = value === undefined || value === false ? "" : ` (default: ${value})`;
  const lines = wrap(option.help + shown, WIDTH - LEFT);
  const indented = lines.map((line) => " ".repeat(LEFT) + line);
  if (left.length > LEFT - 2) return [left, ...indented];
  return [left.padEnd(LEFT) + lines[0], ...indented.slice(1)];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
