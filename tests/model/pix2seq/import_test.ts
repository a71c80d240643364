// Networks of google-research/pix2seq, by the names and layouts of its variables: what they predict,
// against the float64 reference of its formulas, and there and back.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Rin } from "../../../src/diffusion/rin.ts";
import { type Checkpoint, writeCheckpoint } from "../../../src/model/checkpoint.ts";
import { ConfigError } from "../../../src/model/config.ts";
import { countParameters } from "../../../src/model/parameters.ts";
import { exportPix2seq } from "../../../src/model/pix2seq/export.ts";
import { importPix2seq } from "../../../src/model/pix2seq/import.ts";
import { CheckpointError, readSafetensors } from "../../../src/model/safetensors.ts";
import { assertClose, assertSameBits, data } from "../../helpers/close.ts";
import { deviceTest } from "../../helpers/devices.ts";
import { readSmallNet } from "../../helpers/small_net.ts";
import { pix2seq, type Pix2seqConfig, pix2seqShapes } from "../../reference/pix2seq.ts";

const SMALL: Pix2seqConfig = {
  ...{ image_size: 12, patch_size: 4, num_layers: [2, 1], latent_slots: 7, latent_dim: 24 },
  ...{ latent_num_heads: 6, latent_mlp_ratio: 3, tape_dim: 20, tape_mlp_ratio: 2 },
  ...{ rw_num_heads: 5, tape_pos_encoding: "learned", self_cond: "latent", num_classes: 5 },
};

const CONFIGS: Record<string, Pix2seqConfig> = {
  "as the released ones": SMALL,
  "a wider tape, passed on too, at fixed positions": {
    ...{ ...SMALL, tape_dim: 32, latent_dim: 16, latent_num_heads: 2, rw_num_heads: 4 },
    ...{ self_cond: "latent+tape", tape_pos_encoding: "sin_cos", num_layers: [1, 1] },
  },
  "equal widths, the tape passed on, no classes": {
    ...{ ...SMALL, tape_dim: 24, rw_num_heads: 3, self_cond: "tape", num_classes: 0 },
  },
};

/** Variables as training may leave them: none is zero. */
function trained(config: Pix2seqConfig) {
  return new Map([...pix2seqShapes(config)].map(([name, shape], i) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const inputs = shape.length > 1 ? size / shape.at(-1)! : 1;
    return [name, { shape, data: Float32Array.from(data(size, 900 + i, 1.5 / Math.sqrt(inputs))) }];
  }));
}

const BATCH = 3;

/** (B, S, S, 3) as (B, 3, S, S). */
function planes(values: ArrayLike<number>, side: number): Float32Array<ArrayBuffer> {
  const area = side * side;
  return Float32Array.from(values, (_, i) => {
    const [b, rest] = [Math.floor(i / 3 / area), i % (3 * area)];
    return values[(b * area + rest % area) * 3 + Math.floor(rest / area)];
  });
}

for (const [name, config] of Object.entries(CONFIGS)) {
  deviceTest(`importPix2seq() gives the network of ${name}`, async (device) => {
    const variables = trained(config);
    const imageSize = config.tape_pos_encoding === "learned" ? undefined : config.image_size;
    const checkpoint = importPix2seq(variables, imageSize ? { imageSize } : {});
    assertEquals(checkpoint.config.imageSize, config.image_size);
    const rin = await Rin.load(device, writeCheckpoint(checkpoint));
    const side = config.image_size;
    const x = data(BATCH * side * side * 3, 880);
    const gamma = [0.9375, 0.5, 0.0625];
    const labels = config.num_classes > 0 ? [config.num_classes - 1, -1, 0] : undefined;
    const latentPrev = data(BATCH * config.latent_slots * config.latent_dim, 881);
    const tapePrev = data(BATCH * (side / config.patch_size) ** 2 * config.tape_dim, 882);
    const exact = new Map(
      [...variables].map(([name, { shape, data }]) =>
        [name, { shape, data: Float64Array.from(data) }] as const
      ),
    );
    // Cold once more, since what a pass left must count for nothing then.
    for (const warm of [false, true, false]) {
      const wanted = pix2seq(config, exact, {
        ...{ x, gamma, labels },
        ...warm && { latentPrev, tapePrev },
      });
      // The schedule is linear, so gamma is 1 - t.
      const times = Float32Array.from(gamma, (level) => 1 - level);
      const found = await rin.predict(planes(x, side), times, {
        labels,
        ...warm && {
          previous: {
            latents: Float32Array.from(latentPrev),
            interface: Float32Array.from(tapePrev),
          },
        },
      });
      assertClose("prediction", found.output, planes(wanted.output, side), 1e-5);
      assertClose("latents", found.latents, wanted.latent, 1e-5);
      if (found.interface) assertClose("tape", found.interface, wanted.tape, 1e-5);
    }
    rin.destroy();
  });

  Deno.test(`exportPix2seq() and importPix2seq() are inverse for ${name}`, () => {
    const variables = trained(config);
    const given = config.tape_pos_encoding === "learned" ? {} : { imageSize: config.image_size };
    const checkpoint = importPix2seq(variables, given);
    const { tensors, metadata } = readSafetensors(exportPix2seq(checkpoint));
    assertEquals(metadata, { format: "pix2seq" });
    assertEquals([...tensors.keys()].sort(), [...variables.keys()].sort());
    for (const [variable, { shape, data }] of variables) {
      assertEquals(tensors.get(variable)!.shape, [...shape]);
      assertSameBits(variable, tensors.get(variable)!.data, data);
    }
    const again = importPix2seq(tensors, given);
    assertEquals(again.config, checkpoint.config);
    assertSameBits("slab", again.slabs.parameters, checkpoint.slabs.parameters);
  });
}

Deno.test("importPix2seq() finds the released configs from the variables' shapes", () => {
  const cifar10: Pix2seqConfig = {
    ...{ image_size: 32, patch_size: 2, num_layers: [2, 2, 2], latent_slots: 128 },
    ...{ latent_dim: 512, latent_num_heads: 16, latent_mlp_ratio: 4, tape_dim: 256 },
    ...{ tape_mlp_ratio: 2, rw_num_heads: 8, tape_pos_encoding: "learned", self_cond: "latent" },
    num_classes: 10,
  };
  const imagenet64: Pix2seqConfig = {
    ...{ ...cifar10, image_size: 64, patch_size: 8, num_layers: [4, 4, 4, 4], latent_dim: 768 },
    ...{ tape_dim: 512, tape_mlp_ratio: 4, rw_num_heads: 16, num_classes: 1000 },
  };
  const count = (config: Pix2seqConfig) =>
    [...pix2seqShapes(config).values()].reduce(
      (sum, shape) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    );
  assertEquals([count(cifar10), count(imagenet64)], [30_951_180, 157_780_160]);
  assertEquals(countParameters(importPix2seq(trained(SMALL)).config), count(SMALL));
});

Deno.test("importPix2seq() takes TensorFlow's endings of names, and a prefix to choose", () => {
  const variables = trained(SMALL);
  const plain = importPix2seq(variables);
  const under = (prefix: string, factor: number) =>
    [...variables].map(([name, { shape, data }]) =>
      [`${prefix}${name}:0`, { shape, data: data.map((value) => factor * value) }] as const
    );
  const both = new Map([...under("", 0.5), ...under("ema/", 1)]);
  assertThrows(
    () => importPix2seq(both),
    CheckpointError,
    "several networks, tape, ema/tape: choose one by its name",
  );
  const chosen = importPix2seq(both, {}, "ema/tape");
  assertSameBits("slab", chosen.slabs.parameters, plain.slabs.parameters);
  assertEquals([chosen.taken, chosen.ignored], [{ parameters: "ema/tape" }, variables.size]);
  assertThrows(() => importPix2seq(both, {}, "x"), CheckpointError, "there are tape, ema/tape");
});

Deno.test("importPix2seq() refuses other networks in a sentence", () => {
  const changed = (change: (variables: ReturnType<typeof trained>) => void) => {
    const variables = trained(SMALL);
    change(variables);
    return () => importPix2seq(variables);
  };
  const name = "tape/read_unit_1/transformer_decoder_layer/cross_mha/value/kernel";
  const refused = (change: (variables: ReturnType<typeof trained>) => void, sentence: string) =>
    assertThrows(changed(change), CheckpointError, sentence);
  refused((all) => all.delete(name), `it lacks the variable ${name}`);
  refused(
    (all) => all.set(name, { shape: [20, 4, 5], data: new Float32Array(400) }),
    `its variable ${name} has shape (20, 4, 5), its other sizes need (20, 5, 4)`,
  );
  refused((all) => all.get(name)!.data.fill(NaN, 3, 4), name);
  refused(
    (all) => all.set("tape/conv_units_0/kernel", { shape: [1], data: new Float32Array(1) }),
    "it has a variable tape/conv_units_0/kernel that the paper's networks lack",
  );
  refused((all) => all.delete("tape/latent_prev_ln/gamma"), "without self-conditioning");
  refused((all) => {
    for (const key of all.keys()) if (key.includes("unit0/")) all.delete(key);
  }, "it lacks the variable tape/latent_processing_unit0");
  const fixed = trained(CONFIGS["a wider tape, passed on too, at fixed positions"]);
  assertThrows(() => importPix2seq(fixed), ConfigError, "imageSize is not known");
  assert(changed(() => {})().config.layers === "paper");
});

Deno.test("exportPix2seq() and importPix2seq() are inverse for gray pictures that are no squares", () => {
  const own = readSmallNet({
    ...{ layers: "paper", timeConditioning: "token", timeInput: "gamma", channels: 1 },
    ...{ imageSize: "8x16", prediction: "eps", schedule: "linear" },
  });
  const { tensors } = readSafetensors(exportPix2seq(own));
  assertEquals(tensors.get("tape/stem/kernel")!.shape, [4, 4, 1, 16]);
  const again = importPix2seq(tensors, { imageSize: "8x16" });
  assertEquals(again.config, own.config);
  assertSameBits("slab", again.slabs.parameters, own.slabs.parameters);
});

Deno.test("exportPix2seq() refuses networks that pix2seq can't have", () => {
  const refused = (checkpoint: Checkpoint, sentence: string) =>
    assertThrows(() => exportPix2seq(checkpoint), ConfigError, sentence);
  refused(readSmallNet(), "its layers is paper, not original");
  const paper = { layers: "paper", timeConditioning: "token" } as const;
  refused(readSmallNet(paper), "its timeInput is gamma, not t");
  refused(
    readSmallNet({ ...paper, timeInput: "gamma", positions: "sincos" }),
    "not frames 1, positions sincos and latentDim 16",
  );
});
