/**
 * Whether a GPU computes what it should: the tests that compare its kernels with the float64
 * reference, and the network with golden data.
 *
 * @module
 */

/** Test files, and which of their tests concern a GPU. */
const CHECKS = [
  { files: ["ops/ops_test.ts", "diffusion/golden_test.ts"], filter: "(webgpu)" },
  { files: ["kernels/matmul_tiled_test.ts", "diffusion/half_test.ts"], filter: "" },
];

/** One of them, for a software adapter. */
const FEW = [{
  files: ["diffusion/golden_test.ts"],
  filter: "forward pass of A_tiny, cold and warm (webgpu)",
}];

/** Tests by how they ended. */
export interface Checked {
  readonly passed: number;
  /** With what they print. */
  readonly failed: number;
  readonly ignored: number;
  /** What was printed, where tests failed or none ended. */
  readonly output?: string;
}

/** Runs the tests, of which none outlives `seconds`. */
export async function check(few: boolean, seconds: number): Promise<Checked> {
  const signal = AbortSignal.timeout(1000 * seconds);
  const all = await Promise.all((few ? FEW : CHECKS).map((each) => test(each, signal)));
  const sum = (key: "passed" | "failed" | "ignored") => all.reduce((n, each) => n + each[key], 0);
  const output = all.map(({ output }) => output ?? "").join("");
  return {
    ...{ passed: sum("passed"), failed: sum("failed"), ignored: sum("ignored") },
    ...output && { output },
  };
}

async function test(
  { files, filter }: typeof CHECKS[number],
  signal: AbortSignal,
): Promise<Checked> {
  const root = new URL("../../", import.meta.url);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["test", "-A", "--no-check", "--filter", filter],
      ...files.map((file) => `tests/${file}`),
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
    signal,
  }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  const count = (what: string) => Number(text.match(new RegExp(`(\\d+) ${what}`))?.[1] ?? 0);
  const [passed, ignored] = [count("passed"), count("ignored")];
  // A run that doesn't end has failed.
  const failed = Math.max(count("failed"), passed === 0 ? 1 : 0);
  return { passed, failed, ignored, ...failed > 0 && { output: text } };
}
