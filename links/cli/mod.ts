// Stands in for jsr:@std/cli where JSR can't be reached: the same code from the std's npm build.
// Never published; see deno.json "links".
// @ts-types="./types.d.ts"
export { parseArgs } from "npm:deno-std@1.4.0/cli/parse_args.js";
