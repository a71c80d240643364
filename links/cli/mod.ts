// Stands in for jsr:@std/cli where JSR can't be reached: the same code from the std's npm build,
// with the signature that this project uses. Never published; see deno.json "links".
// deno-lint-ignore-file no-explicit-any
import * as std from "npm:deno-std@1.4.0/cli/parse_args.js";

/** Options of {@linkcode parseArgs}. */
export interface ParseOptions {
  string?: readonly string[];
  boolean?: readonly string[];
  collect?: readonly string[];
  alias?: Record<string, string>;
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export const parseArgs: (args: string[], options?: ParseOptions) => Record<string, any> & {
  _: Array<string | number>;
} = (std as any).parseArgs;
