// The fields of each kernel's arguments, read from the AssemblyScript source.

import * as constants from "../../kernels/wasm/assembly/codes.ts";

const folder = new URL("../../kernels/wasm/assembly/", import.meta.url);

const sources = await Promise.all(
  [...Deno.readDirSync(folder)].map(({ name }) => Deno.readTextFile(new URL(name, folder))),
);

/** Names of the fields of every class that extends Entry, in order, by the class's name. */
const classes = new Map(
  sources.flatMap((source) =>
    [...source.matchAll(/class (\w+) extends Entry \{(.*?)\n\}/gs)].map(([, name, body]) =>
      [name, [...body.matchAll(/^ {2}(\w+): \w+;/gm)].map(([, field]) => field)] as const
    )
  ),
);

/** The class of each code's entries, as the switch in index.ts has it. */
const classOf = new Map(
  [...sources.join("\n").matchAll(/case (\w+):\s+return \w+\(changetype<(\w+)>/g)]
    .map(([, code, name]) => [code, name] as const),
);

const { ENTRY_BYTES: _, ...codes } = constants;

/** The constants of codes.ts that are kernels' codes, by name. */
export const CODES: Readonly<Record<string, number>> = codes;

/** The name of a code. */
export function nameOf(code: number): string {
  return Object.keys(CODES).find((name) => CODES[name] === code) ?? `${code}`;
}

/** Names of the fields of the kernel whose constant in codes.ts has this name. */
export function fieldsOf(code: string): readonly string[] {
  const fields = classes.get(classOf.get(code) ?? "");
  if (!fields) throw new Error(`index.ts has no case ${code} with a class that extends Entry`);
  return fields;
}
