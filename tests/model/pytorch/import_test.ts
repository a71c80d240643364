// Files written by PyTorch (fixtures/make.py): every tensor is found, nothing else is believed.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { readCheckpoint, writeCheckpoint } from "../../../src/model/checkpoint.ts";
import { ConfigError } from "../../../src/model/config.ts";
import { parameterLayout } from "../../../src/model/parameters.ts";
import { importPyTorch } from "../../../src/model/pytorch/import.ts";
import { readTorchFile } from "../../../src/model/pytorch/torch_file.ts";
import {
  CheckpointError,
  type NamedArray,
  readSafetensors,
  writeSafetensors,
} from "../../../src/model/safetensors.ts";
import { zipOf } from "../../formats/zip_of.ts";
import { readSmallNet, smallNet } from "../../helpers/small_net.ts";

const fixture = (name: string) => Deno.readFileSync(new URL(`fixtures/${name}`, import.meta.url));

const sizes = {
  imageSize: 8,
  patchSize: 4,
  latentDim: 8,
  interfaceDim: 6,
  numLatents: 3,
  numBlocks: 1,
  blockDepth: 2,
  numHeads: 2,
};

/** What make.py gave the tensors. */
function expected(name: string, size: number, scale = 1): number[] {
  return Array.from({ length: size }, (_, i) => scale * ((7 * i + name.length) % 64 - 32) / 64);
}

function checkSlab(
  config: Parameters<typeof parameterLayout>[0],
  slab: Float32Array,
  scale = 1,
): void {
  for (const { name, offset, size } of parameterLayout(config).parameters) {
    assertEquals([...slab.subarray(offset, offset + size)], expected(name, size, scale), name);
  }
}

Deno.test("importPyTorch() reads a Lightning checkpoint: tensors, sizes, and steps", () => {
  const checkpoint = importPyTorch(fixture("lightning.ckpt"), { numHeads: 2 });
  const { config, slabs, about } = checkpoint;
  for (const [key, value] of Object.entries(sizes)) {
    assertEquals(config[key as keyof typeof sizes], value, key);
  }
  assertEquals([config.prediction, config.schedule], ["eps", "cosine"]);
  checkSlab(config, slabs.parameters);
  assertEquals(slabs.ema, undefined, "Adam's state is no network");
  assertEquals(about, { source: "imported from PyTorch", trained_steps: "1234" });
  assertEquals(readCheckpoint(writeCheckpoint(checkpoint)).slabs.parameters, slabs.parameters);
});

Deno.test("importPyTorch() reads heads from a namespace, a moving average, prefixes, and protocol 4", () => {
  const { config, slabs } = importPyTorch(fixture("namespace_protocol4.pt"));
  assertEquals(config.numHeads, 2);
  checkSlab(config, slabs.parameters);
  checkSlab(config, slabs.ema!, 0.5);
  assertEquals(
    importPyTorch(fixture("namespace_protocol4.pt"), { numHeads: 1 }).config.numHeads,
    1,
  );
});

Deno.test("importPyTorch() reads half, bfloat16, double, transposed tensors, views, and parameters", () => {
  const { config, slabs } = importPyTorch(fixture("mixed.pt"), { numHeads: 2, prediction: "x0" });
  checkSlab(config, slabs.parameters);
  assertEquals(config.prediction, "x0");
});

/** A state_dict as a safetensors file, changed. */
function stateDict(change: (tensors: Map<string, NamedArray>) => void): Uint8Array<ArrayBuffer> {
  const { config, slabs } = importPyTorch(fixture("mixed.pt"), { numHeads: 2 });
  const { tensors } = readSafetensors(writeCheckpoint({ config, slabs }));
  change(tensors);
  return writeSafetensors({ metadata: { format: "pt" }, tensors });
}

Deno.test("importPyTorch() reads a state_dict in a safetensors file, with a prefix", () => {
  const bytes = stateDict((tensors) => {
    for (const [name, tensor] of [...tensors]) {
      tensors.delete(name);
      tensors.set(`net.${name}`, tensor);
    }
    tensors.set("criterion.weight", { shape: [1], data: Float32Array.of(1) });
  });
  const { config, slabs } = importPyTorch(bytes, { numHeads: 2 });
  checkSlab(config, slabs.parameters);
});

const one = { shape: [1], data: Float32Array.of(1) };
const refused: [name: string, bytes: () => Uint8Array<ArrayBuffer>, message: string][] = [
  [
    "PyTorch's old format",
    () => fixture("legacy.pt"),
    "before version 1.6: load it with torch.load",
  ],
  [
    "a pickled module",
    () => fixture("whole.pt"),
    "a whole object of class src.models.rin.RINModel",
  ],
  ["TorchScript", () => fixture("script.pt"), "it is a TorchScript program"],
  ["lucidrains' network", () => fixture("lucidrains.pt"), "it is of lucidrains'"],
  ["diffusers' UNet", () => fixture("diffusers.bin"), "of a UNet or transformer of diffusers"],
  [
    "a tensor of an unknown kind",
    () => fixture("quantised.pt"),
    "its tensor readout.weight needs torch._utils._rebuild_qtensor, which rin can't read",
  ],
  [
    "a checkpoint of rin",
    () => writeCheckpoint(importPyTorch(fixture("lightning.ckpt"), { numHeads: 2 })),
    "it is a checkpoint of rin already",
  ],
  [
    "another network",
    () => writeSafetensors({ metadata: {}, tensors: new Map([["a.b", one]]) }),
    "it has no tensor tokenizer.pos_embed, as every network of ElianBelot/rin has: its tensors are a.b",
  ],
  [
    "no tensors",
    () => writeSafetensors({ metadata: {}, tensors: new Map() }),
    "it holds no tensors",
  ],
  [
    "a tensor too many",
    () => stateDict((tensors) => tensors.set("extra", one)),
    "it has a tensor extra that no network",
  ],
  [
    "a tensor too few",
    () => stateDict((tensors) => tensors.delete("readout.bias")),
    "it lacks the tensor readout.bias",
  ],
  [
    "a tensor of another shape",
    () => stateDict((tensors) => tensors.set("readout.bias", one)),
    "its tensor readout.bias has shape (1), its other sizes need (48)",
  ],
  [
    "patches that are not square",
    () =>
      stateDict((tensors) =>
        tensors.set("tokenizer.pos_embed", { shape: [1, 3, 6], data: new Float32Array(18) })
      ),
    "its 3 patches of 48 numbers are not those of a square",
  ],
  [
    "an axis too few",
    () =>
      stateDict((tensors) =>
        tensors.set("tokenizer.pos_embed", { shape: [4, 6], data: new Float32Array(24) })
      ),
    "its tensor tokenizer.pos_embed has shape (4, 6): not 3 axes",
  ],
  [
    "a picture",
    () => Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0),
    "it is a picture",
  ],
  ["an empty file", () => new Uint8Array(), "it has 0 bytes"],
];

for (const [name, bytes, message] of refused) {
  Deno.test(`importPyTorch() refuses ${name}`, () => {
    assertThrows(() => importPyTorch(bytes(), { numHeads: 2 }), CheckpointError, message);
  });
}

Deno.test("importPyTorch() needs a number of heads that fits", () => {
  const bytes = fixture("lightning.ckpt");
  assertThrows(() => importPyTorch(bytes), ConfigError, "numHeads is not known");
  assertThrows(() => importPyTorch(bytes, { numHeads: 4 }), ConfigError, "numHeads 4 does not");
  assertThrows(
    () => importPyTorch(bytes, { numLatents: 4, numHeads: 2 }),
    CheckpointError,
    "Z_init",
  );
});

Deno.test("importPyTorch() takes channels and sides that are given", () => {
  const config = { channels: 1, imageSize: "16x8" } as const;
  const { tensors } = readSafetensors(smallNet(1, config));
  const bytes = writeSafetensors({ metadata: {}, tensors });
  const found = importPyTorch(bytes, { ...config, numHeads: 2 });
  assertEquals(found.config, readSmallNet({ ...config, prediction: "eps" }).config);
  assertThrows(
    () => importPyTorch(bytes, { numHeads: 2 }),
    CheckpointError,
    "for another, give its imageSize and channels in a config",
  );
});

Deno.test("importPyTorch() ends with one error or a network, soon, for files cut or changed anywhere", () => {
  const start = performance.now();
  for (const name of ["lightning.ckpt", "namespace_protocol4.pt"]) {
    const whole = fixture(name);
    for (let length = 0; length < whole.length; length += 997) attempt(whole.slice(0, length));
    let random = 1;
    for (let i = 0; i < 500; i++) {
      const changed = whole.slice();
      for (let times = 0; times < 3; times++) {
        random = Math.imul(random, 1664525) + 1013904223 >>> 0;
        // Half of the changes in the pickle, which lies at the front, and in the directory behind.
        const at = i % 2 ? random % whole.length : random % 12000;
        changed[i % 4 ? at : whole.length - 1 - at] = random >>> 24;
      }
      attempt(changed);
    }
  }
  assert(performance.now() - start < 20_000);
});

function attempt(bytes: Uint8Array<ArrayBuffer>): void {
  try {
    importPyTorch(bytes, { numHeads: 2 });
  } catch (thrown) {
    const known = thrown instanceof CheckpointError || thrown instanceof ConfigError;
    assert(known && !thrown.message.includes("\n"), `${thrown}`);
  }
}

Deno.test("readTorchFile() calls nothing that a file names", () => {
  // os.system("touch x") in protocol 0, as the pickle of an archive.
  const pickle = "cos\nsystem\n(S'touch /tmp/rin_was_here'\ntR.";
  const found = readTorchFile(zipOf({ "a/data.pkl": new TextEncoder().encode(pickle) }));
  assertEquals((found as { name: string; args: unknown[] }).name, "os.system");
  assertEquals((found as { args: unknown[] }).args, ["touch /tmp/rin_was_here"]);
});
