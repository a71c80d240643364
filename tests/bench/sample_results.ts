// A run as bench/compare.ts writes it, with figures that are easy to recognize.

import { measurement, type Results } from "../../bench/results.ts";

export const sampleResults: Results = {
  version: 1,
  commit: "1a2b3c4+",
  date: "2026-01-02T03:04:05.678Z",
  machine: { cpu: "Intel(R) Xeon(R) W-2255 CPU @ 3.70GHz", cores: 2, system: "linux x86_64" },
  software: { deno: "2.9.6", torch: "1.13.0" },
  batch: 32,
  measurements: [
    measurement("step", "faces", "torch-1", [110, 100, 90]),
    measurement("sample", "faces", "torch-1", [400.04]),
    measurement("firstStep", "faces", "torch-1", [1849]),
    measurement("step", "faces", "new-one", [77]),
    measurement("step", "faces", "jax-wasm", [180, 181]),
    measurement("step", "demo", "torch-1", [150]),
    measurement("matmul", "512 x 128 x 128", "rin-webgpu", [12]),
    measurement("matmul", "512 x 512 x 128", "rin-webgpu", [18]),
    measurement("matmul", "1024 x 1024 x 1024", "numpy-1", [99.6]),
  ],
};
