/**
 * From WGSL to what a GPU's compiler makes of it, without the GPU.
 *
 * @module
 */
import { environmentOf, type Mesa } from "./mesa.ts";
import type { Compiled } from "./radv.ts";

/** The GPUs that kernels are compiled for, by RADV's names. */
export const CHIPS = {
  /** As a Radeon RX 6900 XT. */
  NAVI21: { name: "RDNA2", peak: { tflops: 23, bandwidth: 512 } },
  /** As a Radeon RX 7900 XTX. */
  NAVI31: { name: "RDNA3", peak: { tflops: 61, bandwidth: 960 } },
} as const;

/** One of {@linkcode CHIPS}. */
export type Chip = keyof typeof CHIPS;

/** A kernel's text, compiled for each chip, in the order of `texts`. */
export async function compileAll(
  mesa: Mesa,
  texts: readonly string[],
): Promise<Record<Chip, Compiled[]>> {
  const folder = await Deno.makeTempDir({ prefix: "rin-gpu-static-" });
  try {
    const files = texts.map((_, i) => `${folder}/${i}.wgsl`);
    for (const [i, file] of files.entries()) await Deno.writeTextFile(file, texts[i]);
    await Deno.mkdir(`${folder}/spirv`);
    const names: string[] = await run("spirv.ts", files, {
      ...await environmentOf(mesa, "lvp"),
      MESA_SPIRV_DUMP_PATH: `${folder}/spirv`,
      XDG_RUNTIME_DIR: folder,
    });
    const spirv = names.map((name) => `${folder}/spirv/${name}`);
    const environment = await environmentOf(mesa, "radeon");
    const of = (chip: Chip): Promise<Compiled[]> =>
      run("radv.ts", spirv, { ...environment, RADV_FORCE_FAMILY: chip, RADV_DEBUG: "nocache" });
    return { NAVI21: await of("NAVI21"), NAVI31: await of("NAVI31") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a module of this folder and parses the JSON that it prints. */
export async function run<T>(
  module: string,
  args: string[],
  env: Record<string, string>,
): Promise<T> {
  const path = decodeURIComponent(new URL(module, import.meta.url).pathname);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--no-check", path, ...args],
    env,
  }).output();
  if (!success) throw new Error(`${module} failed: ${new TextDecoder().decode(stderr).trim()}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
