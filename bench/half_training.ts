/**
 * Loss curves of training in f32 and in f16 on one GPU.
 *
 *     deno run -A bench/half_training.ts FOLDER [FLAGS of rin train...]
 *
 * Trains the same network on the same batches in FOLDER/f32 and FOLDER/f16 with these flags, and prints
 * both runs' mean losses of every tenth of the steps. A run that is there already is not trained again.
 *
 * @module
 */
import { markdown } from "./measure.ts";

const [folder, ...flags] = Deno.args;
if (folder === undefined) throw new Error("Which folder? The runs go into it");
const RIN = new URL("../cli/main.ts", import.meta.url).href;

async function lossesOf(precision: "f32" | "f16"): Promise<number[]> {
  const out = `${folder}/${precision}`;
  const metrics = `${out}/metrics.jsonl`;
  try {
    await Deno.stat(metrics);
  } catch {
    const given = ["--device", "gpu", ...flags, "--precision", precision, "--out", out];
    const args = ["run", "-A", RIN, "train", ...given];
    const { success } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
    if (!success) Deno.exit(1);
  }
  const lines = (await Deno.readTextFile(metrics)).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  // Validations have no loss, and steps that were not finite none that counts.
  return lines.flatMap(({ loss, skipped }) => skipped ? [NaN] : loss === undefined ? [] : [loss]);
}

const [full, half] = [await lossesOf("f32"), await lossesOf("f16")];
const steps = Math.min(full.length, half.length);
const mean = (losses: readonly number[]) => {
  const finite = losses.filter((loss) => !Number.isNaN(loss));
  return finite.reduce((a, b) => a + b, 0) / finite.length;
};
const rows = Array.from({ length: 10 }, (_, i) => {
  const [from, to] = [Math.floor(i * steps / 10), Math.floor((i + 1) * steps / 10)];
  const [a, b] = [full, half].map((losses) => mean(losses.slice(from, to)));
  return [
    `${from + 1} to ${to}`,
    a.toPrecision(4),
    b.toPrecision(4),
    `${(100 * (b / a - 1)).toFixed(2)}%`,
  ];
});
const skipped = half.filter((loss) => Number.isNaN(loss)).length;
console.log(markdown(["steps", "f32", "f16", "difference"], rows));
console.log(`\n${steps} steps; ${skipped} of f16 skipped`);
