// `deno task fuzz [COUNT [SEED]]`: as many broken files for each reader, 200,000 unless told.

import { fuzz } from "./fuzz.ts";
import { TARGETS } from "./targets.ts";

const [count = 200_000, seed = 0] = Deno.args.map(Number);
for (const target of TARGETS) {
  const { read, refused, slowest, largest } = await fuzz(target, count, seed);
  console.log(
    `${target.name}: ${count} files, ${read} read, ${refused} refused; the slowest took ` +
      `${slowest.toFixed(1)} ms, the most memory was ${(largest / 1024).toFixed(1)} KiB`,
  );
}
