// Checkpoints: bit for bit there and back, and what is wrong with one that doesn't fit.

import { assertEquals, assertThrows } from "@std/assert";
import { readCheckpoint, type Slabs, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig, ConfigError, type RinConfig } from "../../src/model/config.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import {
  CheckpointError,
  readSafetensors,
  type SafeTensors,
  writeSafetensors,
} from "../../src/model/safetensors.ts";
import { assertSameBits } from "../helpers/close.ts";
import { readGolden } from "../helpers/golden.ts";

const config = completeConfig({
  imageSize: 8,
  patchSize: 4,
  latentDim: 12,
  interfaceDim: 9,
  numLatents: 3,
  numBlocks: 1,
  numHeads: 3,
  prediction: "v",
  schedule: "sigmoid(-3,3,0.9)",
});
const layout = parameterLayout(config);
const slabOf = (seed: number) => initialize(layout, seed);
const kinds = ["parameters", "ema", "adam_m", "adam_v"] as const;

Deno.test("readCheckpoint() reads what writeCheckpoint() wrote, bit for bit", () => {
  const all: Slabs = {
    parameters: slabOf(1),
    ema: slabOf(2),
    adam_m: slabOf(3),
    adam_v: slabOf(4),
  };
  const training = { step: 12, nested: { seed: 3, list: [1, 2] }, text: "é" };
  const bytes = writeCheckpoint({ config, slabs: all, training });
  const found = readCheckpoint(bytes);
  assertEquals([found.config, found.training], [config, training]);
  for (const kind of kinds) assertSameBits(kind, found.slabs[kind]!, all[kind]!);
  assertEquals(writeCheckpoint(found), bytes, "and written again it is the same file");
});

Deno.test("readCheckpoint() reads the parameters alone", () => {
  const found = readCheckpoint(writeCheckpoint({ config, slabs: { parameters: slabOf(1) } }));
  assertSameBits("parameters", found.slabs.parameters, slabOf(1));
  assertEquals([found.slabs.ema, found.slabs.adam_m, found.training], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("readCheckpoint() refuses weights that are not finite by name", () => {
  const { offset } = layout.parameters.find(({ name }) => name === "readout.bias")!;
  const broken = (value: number) => slabOf(1).fill(value, offset + 2, offset + 3);
  const good = slabOf(1);
  const cases: [Slabs, string][] = [
    [{ parameters: broken(NaN) }, "its tensor readout.bias has the value NaN at place 2, where"],
    [{ parameters: broken(-Infinity) }, "its tensor readout.bias has the value -Infinity"],
    [{ parameters: good, ema: broken(NaN) }, "its tensor ema.readout.bias has the value NaN"],
  ];
  for (const [slabs, message] of cases) {
    assertThrows(
      () => readCheckpoint(writeCheckpoint({ config, slabs })),
      CheckpointError,
      message,
    );
  }
  readCheckpoint(writeCheckpoint({ config, slabs: { parameters: good, adam_m: broken(NaN) } }));
  const largest = good.fill(3e38, offset, offset + 3);
  readCheckpoint(writeCheckpoint({ config, slabs: { parameters: largest } }));
});

Deno.test("writeCheckpoint() names tensors like a state_dict, and prefixes the rest", () => {
  const slabs = { parameters: slabOf(1), ema: slabOf(2) };
  const { tensors, metadata } = readSafetensors(writeCheckpoint({ config, slabs }));
  assertEquals(tensors.size, 2 * layout.parameters.length);
  assertEquals(tensors.get("ema.readout.weight")!.shape, [48, 9]);
  assertEquals([metadata.format, metadata.rin_version], ["rin", "1"]);
  assertEquals(JSON.parse(metadata.config), config);
});

Deno.test("readCheckpoint() reads a PyTorch state_dict with its config", () => {
  const golden = readGolden("A_tiny");
  const tensors: SafeTensors["tensors"] = new Map(
    [...golden.parameters().keys()].map((name) => [name, golden.tensor(name)]),
  );
  const bytes = writeSafetensors({ metadata: { format: "pt" }, tensors });
  const found = readCheckpoint(bytes, golden.config());
  for (const { name, offset, size } of parameterLayout(found.config).parameters) {
    const values = found.slabs.parameters.slice(offset, offset + size);
    assertSameBits(name, values, golden.f32(name));
  }
  assertThrows(() => readCheckpoint(bytes), CheckpointError);
});

/** A checkpoint's file with something changed. */
function changed(change: (file: { metadata: Record<string, string> } & SafeTensors) => void) {
  const slabs = { parameters: slabOf(1), ema: slabOf(2) };
  const file = readSafetensors(writeCheckpoint({ config, slabs, training: { step: 1 } }));
  change(file);
  return writeSafetensors(file);
}

const refused: [name: string, bytes: () => Uint8Array, message: string][] = [
  [
    "no file of tensors",
    () => new TextEncoder().encode("# A text\nthat is long enough"),
    "begin as",
  ],
  [
    "a missing tensor",
    () => changed(({ tensors }) => tensors.delete("layer_norm.bias")),
    "it lacks the tensor layer_norm.bias",
  ],
  [
    "a missing average",
    () => changed(({ tensors }) => tensors.delete("ema.layer_norm.bias")),
    "it lacks the tensor ema.layer_norm.bias",
  ],
  [
    "a tensor of another shape",
    () =>
      changed(({ tensors }) =>
        tensors.set("readout.bias", { shape: [2, 24], data: new Float32Array(48) })
      ),
    "its tensor readout.bias has shape (2, 24), the config needs (48)",
  ],
  [
    "an unknown tensor",
    () =>
      changed(({ tensors }) =>
        tensors.set("extra.weight", { shape: [1], data: new Float32Array(1) })
      ),
    "it has a tensor extra.weight that the network of this config lacks",
  ],
  [
    "an unknown prefix",
    () =>
      changed(({ tensors }) =>
        tensors.set("adam.readout.bias", { shape: [1], data: new Float32Array(1) })
      ),
    "it has a tensor adam.readout.bias that",
  ],
  [
    "another version",
    () => changed(({ metadata }) => metadata.rin_version = "2"),
    "it is of version 2, this program reads version 1",
  ],
  [
    "a config that is cut",
    () => changed(({ metadata }) => metadata.config = '{"imageSize":'),
    "its metadata field config is not valid JSON",
  ],
  [
    "no config",
    () => changed(({ metadata }) => delete metadata.config),
    "its metadata field config is not valid JSON",
  ],
  [
    "training that is no record",
    () => changed(({ metadata }) => metadata.training = "3"),
    "its metadata field training is not valid JSON",
  ],
  [
    "no parameters",
    () => writeSafetensors({ metadata: {}, tensors: new Map() }),
    "it has none of the network's parameters",
  ],
  [
    "optimizer state alone",
    () =>
      changed(({ tensors }) => {
        for (const { name } of layout.parameters) tensors.delete(name);
      }),
    "it has none of the network's parameters",
  ],
];

for (const [name, bytes, message] of refused) {
  Deno.test(`readCheckpoint() refuses ${name}`, () => {
    assertThrows(() => readCheckpoint(bytes()), CheckpointError, message);
  });
}

Deno.test("readCheckpoint() refuses a config of more layers than tensors at once", () => {
  const bytes = changed(({ metadata }) =>
    metadata.config = JSON.stringify({ ...config, numBlocks: 65536, blockDepth: 65536 })
  );
  assertThrows(
    () => readCheckpoint(bytes),
    CheckpointError,
    "are too few for a network of 4294967296 layers",
  );
});

Deno.test("readCheckpoint() refuses a config that makes no sense, or is not the file's", () => {
  const make = (fields: Record<string, unknown>) =>
    changed(({ metadata }) => metadata.config = JSON.stringify({ ...config, ...fields }));
  assertThrows(
    () => readCheckpoint(make({ numHeads: 5 })),
    ConfigError,
    "numHeads 5 does not divide",
  );
  assertThrows(
    () => readCheckpoint(make({ colour: 1 })),
    ConfigError,
    'Unknown config field "colour"',
  );
  const bytes = changed(() => {});
  const other: Partial<RinConfig> = { numLatents: 4 };
  assertThrows(() => readCheckpoint(bytes, other), CheckpointError, "Z_init has shape (1, 3, 12)");
  assertThrows(
    () => readCheckpoint(bytes, { numBlocks: 2 }),
    CheckpointError,
    "it lacks the tensor",
  );
  assertEquals(readCheckpoint(bytes, { prediction: "eps" }).config.prediction, "eps");
});

Deno.test("readCheckpoint() refuses a config with another grid of learned positions", () => {
  const [wide, tall] = ["32x8", "8x32"].map((imageSize) => ({ imageSize }) as Partial<RinConfig>);
  const own = completeConfig({ ...config, ...wide });
  const bytes = writeCheckpoint({
    config: own,
    slabs: { parameters: initialize(parameterLayout(own), 1) },
  });
  assertEquals(readCheckpoint(bytes, wide).config.imageSize, "32x8");
  assertThrows(() => readCheckpoint(bytes, tall), CheckpointError, "learned positions for ");
});
