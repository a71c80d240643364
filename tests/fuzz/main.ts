// `deno task fuzz [COUNT [SEED [NAME]]]`: as many broken files, 200,000 by default, for each reader,
// or for those with NAME in their name.

import { fuzz } from "./fuzz.ts";
import { TARGETS } from "./targets.ts";

const [count = 200_000, seed = 0] = Deno.args.slice(0, 2).map(Number);
const [, , name = ""] = Deno.args;
for (const target of TARGETS.filter((target) => target.name.includes(name))) {
  const { read, refused, slowest, largest } = await fuzz(target, count, seed);
  console.log(
    `${target.name}: ${count} files, ${read} read, ${refused} refused; the slowest took ` +
      `${slowest.toFixed(1)} ms, the most memory was ${(largest / 1024).toFixed(1)} KiB`,
  );
}
