// The readers that are given broken files.

import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig } from "../../src/model/config.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { importPyTorch } from "../../src/model/pytorch/import.ts";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors.ts";
import type { Target } from "./fuzz.ts";
import { IMAGE_TARGETS } from "./image_targets.ts";
import { SERVICE_TARGETS } from "./service_targets.ts";

function tinyCheckpoint(): Uint8Array {
  const config = completeConfig({
    imageSize: 4,
    patchSize: 2,
    latentDim: 2,
    interfaceDim: 1,
    numLatents: 1,
    numBlocks: 1,
    numHeads: 1,
  });
  const parameters = initialize(parameterLayout(config), 0);
  return writeCheckpoint({ config, slabs: { parameters }, training: { step: 3, options: {} } });
}

function tensors(): Uint8Array {
  const tensors = new Map([
    ["a", { shape: [2, 3], data: new Float32Array(6) }],
    ["b.weight", { shape: [], data: new Float32Array(1) }],
    ["empty", { shape: [0, 4], data: new Float32Array() }],
  ]);
  return writeSafetensors({ metadata: { format: "pt" }, tensors });
}

function halves(): Uint8Array {
  const entry = (dtype: string, begin: number) =>
    `{"dtype":"${dtype}","shape":[3],"data_offsets":[${begin},${begin + 6}]}`;
  const header = `{"x":${entry("F16", 0)},"y":${entry("BF16", 6)}}`;
  const bytes = new Uint8Array(8 + header.length + 12);
  bytes[0] = header.length;
  bytes.set(new TextEncoder().encode(header), 8);
  return bytes;
}

/** The network of {@linkcode tinyCheckpoint} as ema-pytorch saves it beside its average. */
function stateDict(): Uint8Array {
  const { tensors } = readSafetensors(tinyCheckpoint());
  const both = [...tensors].flatMap(([name, tensor]) => [
    [`online_model.module.${name}`, tensor] as const,
    [`ema_model.${name.replace("blocks.0.", "blocks.0._orig_mod.")}`, tensor] as const,
  ]);
  return writeSafetensors({ metadata: { format: "pt" }, tensors: new Map(both) });
}

const fixture = (name: string) =>
  Deno.readFileSync(new URL(`../model/pytorch/fixtures/${name}`, import.meta.url));

/** All of them. */
export const TARGETS: readonly Target[] = [
  {
    name: "safetensors",
    files: () => [tensors(), halves()],
    read: readSafetensors,
    errors: ["CheckpointError"],
    memory: (bytes) => 8 * bytes + 2 ** 16,
  },
  {
    name: "checkpoint",
    files: () => [tinyCheckpoint()],
    read: (bytes) => readCheckpoint(bytes),
    errors: ["CheckpointError", "ConfigError"],
    memory: (bytes) => 8 * bytes + 2 ** 16,
  },
  {
    name: "PyTorch state_dict as safetensors",
    files: () => [stateDict()],
    read: (bytes) => importPyTorch(bytes, { numHeads: 1 }),
    errors: ["CheckpointError", "ConfigError"],
    memory: (bytes) => 16 * bytes + 2 ** 17,
  },
  {
    name: "PyTorch",
    files: () => ["lightning.ckpt", "namespace_protocol4.pt", "mixed.pt"].map(fixture),
    read: (bytes) => importPyTorch(bytes, { numHeads: 2 }),
    errors: ["CheckpointError", "ConfigError"],
    memory: (bytes) => 64 * bytes + 2 ** 24,
  },
  ...IMAGE_TARGETS,
  ...SERVICE_TARGETS,
];
