/**
 * How many dispatches the steps of presets take on a GPU, by kernel. Needs none.
 *
 *     deno run -A bench/dispatches.ts [PRESET...]
 *
 * @module
 */
import { PRESETS, stepsOf } from "./gpu_static/steps.ts";

const names = Deno.args.length > 0 ? Deno.args : PRESETS;
for (const { preset, task, batch, work } of names.flatMap((preset) => stepsOf(preset))) {
  const counts = new Map<string, number>();
  for (const { name, dispatches } of work) {
    counts.set(name, (counts.get(name) ?? 0) + dispatches);
  }
  const all = [...counts.values()].reduce((a, b) => a + b, 0);
  console.log(`${preset}, ${task}, batch ${batch}: ${all} dispatches`);
  for (const [name, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    console.log(`  ${String(count).padStart(6)}  ${name}`);
  }
}
