// Presets by the paper's names: sizes of what they train, without a GPU.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { blockDepths } from "../../src/model/config.ts";
import { PRESETS } from "../../src/run/presets.ts";
import { resolveSettings } from "../../cli/options/resolve.ts";
import { countParameters, parameterLayout } from "../../src/model/parameters.ts";
import { parameterShapes } from "../helpers/golden.ts";
import { complaint, rin } from "./rin.ts";

Deno.test("PRESETS build, with parts that divide their batch", () => {
  for (const name of Object.keys(PRESETS)) {
    const { settings: { network, training } } = resolveSettings(name, {}, {});
    const found = parameterLayout(network).parameters.map(({ name, shape }) =>
      [name, [...shape]] as const
    );
    assertEquals(new Map(found), parameterShapes(network), name);
    assertEquals(training.batchSize % training.accumulate, 0, name);
  }
});

Deno.test("PRESETS of the paper have as many parameters as its code", () => {
  // Counted from the shapes of its variables, see tests/reference/pix2seq.ts.
  const paper = { cifar10: 30_951_180, imagenet64: 157_780_160 };
  for (const [name, size] of Object.entries(paper)) {
    assertEquals(countParameters(resolveSettings(name, {}, {}).settings.network), size, name);
  }
});

/** Of google-research/pix2seq: configs/config_diffusion_{base,cifar10,imagenet64}.py, `get_sweep`. */
const BASE = {
  ...{ pred_type: "eps", b_scale: 1, normalize_noisy_input: false },
  ...{
    "latent_pos_encoding, tape_pos_encoding": "learned",
    "time_on_latent, cond_on_latent": true,
  },
  ...{ self_cond: "latent", self_cond_rate: 0.9, "cond_dropout": 0, latent_mlp_ratio: 4 },
  ...{ optimizer: "lamb", warmup_steps: 10_000, end_lr_factor: 0, weight_decay: 1e-2 },
  ...{ beta1: 0.9, beta2: 0.999, eps: 1e-8, ema_decay: 0.9999, steps: 150_000, flipping: true },
  // `build_optimizer` gives LAMB no global_clipnorm; all images of the train split are trained on.
  ...{ "clipped": false, "held out": 0, "ema warm-up": "none" },
  // `get_eval_args_and_tags`; its ddpm is of the large variance, and td and the decay are 0.
  ...{ sampler_name: "ddpm", infer_schedule: "cosine", ddpm_var_type: "large" },
};
const RELEASED: Record<string, Record<string, unknown>> = {
  cifar10: {
    ...BASE,
    ...{ image_size: 32, num_classes: 10, patch_size: 2, num_layers: "2,2,2", latent_slots: 128 },
    ...{ latent_dim: 512, latent_num_heads: 16, tape_dim: 256, tape_mlp_ratio: 2, rw_num_heads: 8 },
    ...{ drop_units: 0.1, drop_path: 0.1, train_schedule: "sigmoid@-3,3,0.9", batch_size: 256 },
    ...{ learning_rate: 3e-3, learning_rate_schedule: "cosine@0.8", infer_iterations: 400 },
  },
  imagenet64: {
    ...BASE,
    ...{ image_size: 64, num_classes: 1000, patch_size: 8, num_layers: "4,4,4,4" },
    ...{ latent_slots: 128, latent_dim: 768, latent_num_heads: 16, tape_dim: 512 },
    ...{ tape_mlp_ratio: 4, rw_num_heads: 16, drop_units: 0, drop_path: 0 },
    ...{ train_schedule: "simple_linear", batch_size: 1024, learning_rate: 2e-3 },
    ...{ learning_rate_schedule: "cosine@0.7", infer_iterations: 250 },
  },
};

Deno.test("PRESETS of the paper have the settings of the released configs", () => {
  for (const [name, released] of Object.entries(RELEASED)) {
    const { network, training, run } = resolveSettings(name, {}, {}).settings;
    assertEquals([network.layers, network.timeInput], ["paper", "gamma"], name);
    const schedule = { linear: "simple_linear" }[network.schedule] ??
      network.schedule.replace("(", "@").replace(")", "");
    assertEquals(
      {
        image_size: network.imageSize,
        num_classes: network.numClasses,
        patch_size: network.patchSize,
        num_layers: blockDepths(network).join(),
        latent_slots: network.numLatents,
        latent_dim: network.latentDim,
        latent_num_heads: network.numHeads,
        latent_mlp_ratio: network.latentMlpRatio,
        tape_dim: network.interfaceDim,
        tape_mlp_ratio: network.interfaceMlpRatio,
        rw_num_heads: network.readWriteHeads,
        pred_type: network.prediction,
        b_scale: network.inputScale,
        normalize_noisy_input: network.normalizeInput,
        "latent_pos_encoding, tape_pos_encoding": network.positions,
        "time_on_latent, cond_on_latent": network.timeConditioning === "token",
        self_cond: network.selfConditioning.replace("latents", "latent"),
        train_schedule: schedule,
        self_cond_rate: training.selfCondRate,
        cond_dropout: training.labelDropout,
        drop_units: training.dropout,
        drop_path: training.dropPath,
        optimizer: training.optimizer,
        learning_rate: training.lr,
        learning_rate_schedule: training.lrSchedule,
        end_lr_factor: training.lrEnd / training.lr,
        warmup_steps: training.warmup,
        weight_decay: training.weightDecay,
        beta1: training.beta1,
        beta2: training.beta2,
        eps: training.epsilon,
        ema_decay: training.emaDecay,
        "ema warm-up": training.emaWarmup,
        clipped: training.clip !== 0,
        batch_size: training.batchSize,
        steps: training.steps,
        flipping: run.flip,
        "held out": run.validFraction,
        sampler_name: run.sampleSampler,
        infer_schedule: run.sampleSchedule,
        infer_iterations: run.sampleSteps,
        ddpm_var_type: run.sampleVariance,
      },
      released,
      name,
    );
  }
});

Deno.test("rin info describes a preset", async () => {
  const { code, stdout, stderr } = await rin(["info", "--preset", "cifar10"]);
  assertEquals([code, stderr], [0, ""]);
  for (
    const text of [
      "30,951,180",
      "8.59 GFLOP a pass",
      "to train with 256",
      "timeConditioning   token",
    ]
  ) {
    assertStringIncludes(stdout, text);
  }
  const both = await rin(["info", "--preset", "cifar10", "runs/x"]);
  assertStringIncludes(complaint(both, 2), "got both");
});
