/**
 * Results of a GPU, as files keep them and as tables.
 *
 * @module
 */
import type { GpuPeak } from "../gpu_static/estimate.ts";
import { markdown } from "../measure.ts";
import type { Checked } from "./checks.ts";
import type { SamplingTime, TrainingTime } from "./presets.ts";
import type { Timed } from "./timing.ts";

/** An operation's time, by its name. */
export interface Named extends Timed {
  readonly name: string;
  /** Of a product: the largest error of a few results, relative to the largest of these. */
  readonly error?: number | null;
}

/** One run. */
export interface GpuResults {
  /** Of this format. */
  readonly version: 1;
  readonly commit: string;
  /** ISO 8601. */
  readonly date: string;
  readonly adapter: string;
  readonly features: readonly string[];
  /** By the card's data sheet, where it was given. */
  readonly peak?: GpuPeak;
  readonly checks: Checked;
  readonly products: Named[];
  readonly attention: Named[];
  readonly training: TrainingTime[];
  readonly sampling: SamplingTime[];
  /** Where a Python has PyTorch with CUDA. */
  peers?: PeerTime[];
  /** What there was no time or memory for. */
  readonly leftOut: string[];
}

/** The time of PyTorch's eager float32, on the same GPU and the same network, for 32 images. */
export interface PeerTime {
  readonly preset: string;
  /** PyTorch's. */
  readonly version: string;
  /** Milliseconds of a training step. */
  readonly train: number;
  /** Milliseconds of a sampling step. */
  readonly sample: number;
}

/** The results as tables. */
export function gpuTables(
  { checks, peak, products, attention, training, sampling, peers = [], leftOut }: GpuResults,
): string {
  const share = (tflops: number) => peak ? [`${(100 * tflops / peak.tflops).toFixed(0)}%`] : [];
  const heading = ["ms", "TFLOP/s", ...peak ? ["of the peak"] : []];
  const operations = [...products, ...attention].map((
    { name, milliseconds, kernelMilliseconds, tflops },
  ) => [
    name,
    kernelMilliseconds === undefined ? "" : String(kernelMilliseconds),
    String(milliseconds),
    String(tflops),
    ...share(tflops),
  ]);
  const steps = [
    ...training.map((time) => ({
      ...time,
      name: `${time.preset}, train, batch ${time.batch}, ${time.precision ?? "f32"}`,
    })),
    ...sampling.map((time) => ({
      ...time,
      name: `${time.preset}, sample, batch ${time.batch}, ${
        time.precision ?? (time.weights === "f16" ? "f16 weights" : "f32")
      }`,
    })),
  ].map(({ name, milliseconds, imagesPerSecond, tflops }) => [
    name,
    String(imagesPerSecond),
    String(milliseconds),
    String(tflops),
    ...share(tflops),
  ]).concat(
    peers.flatMap(({ preset, version, ...times }) =>
      (["train", "sample"] as const).map((task) => [
        `${preset}, ${task}, batch 32, PyTorch ${version}`,
        (32_000 / (task === "train" ? 1 : 100) / times[task]).toPrecision(4),
        times[task].toPrecision(4),
        "",
        ...peak ? [""] : [],
      ])
    ),
  );
  return [
    `Tests: ${checks.passed} passed, ${checks.failed} failed, ${checks.ignored} ignored`,
    markdown(["operation", "ms by timestamps", ...heading], operations),
    markdown(["step", "images/s (sampling: in 100 steps)", ...heading], steps),
    ...leftOut.length > 0 ? [`Left out: ${leftOut.join("; ")}`] : [],
  ].join("\n\n");
}

/** All, as `docs/kernels.md` has them. */
export function gpuDocs(results: GpuResults): string {
  const { adapter, commit, peak, date } = results;
  const of = peak ? ` The peak is ${peak.tflops} TFLOP/s (f32, no tensor cores).` : "";
  return `${adapter}, at ${commit}, ${date.slice(0, 10)}.${of}\n\n${gpuTables(results)}`;
}
