// Stands in for jsr:@std/assert where JSR can't be reached: the same code from the std's npm build.
// Never published; see deno.json "links".
// @ts-types="./types.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";
