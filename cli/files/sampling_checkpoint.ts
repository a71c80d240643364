/**
 * A checkpoint with only the parts that sampling needs.
 *
 * @module
 */
import meta from "../../deno.json" with { type: "json" };
import { EMOJI_ATTRIBUTION } from "../../src/data/emoji.ts";
import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { CLASS_NAMES, classNamesOf } from "../../src/model/class_names.ts";
import { beyondHalf, MAX_F16 } from "../../src/model/finite.ts";
import { identityOf, ROUNDED_FROM, SAME_WEIGHTS_AS, sha256 } from "../../src/model/identity.ts";
import { OWN_SAMPLING, ownSamplingOf } from "../../src/model/own_sampling.ts";
import { TRAINED_STEPS } from "../../src/model/trained_steps.ts";
import type { Dtype } from "../../src/model/safetensors.ts";
import type { CheckpointFile } from "../../src/run/checkpoint_file.ts";
import { CommandError } from "../errors.ts";

/**
 * The moving average of the weights (the weights, where there is none), the config, and a card.
 *
 * @throws {CommandError} when a weight is beyond half precision
 */
export async function samplingCheckpoint(
  file: CheckpointFile,
  dtype: Dtype,
): Promise<Uint8Array<ArrayBuffer>> {
  const { config, slabs } = file.checkpoint;
  const parameters = slabs.ema ?? slabs.parameters;
  if (dtype === "f16") checkRange(parameters, file.path);
  return writeCheckpoint({ config, slabs: { parameters }, about: await card(file, dtype) }, dtype);
}

function checkRange(weights: Float32Array, path: string): void {
  const wrong = beyondHalf(weights);
  if (wrong !== undefined) {
    throw new CommandError(
      `Cannot export ${path} as f16: it has a weight of ${wrong}, beyond ${MAX_F16}; use --dtype f32`,
    );
  }
}

/** A card for the people who receive the file, from the checkpoint's metadata. */
async function card(
  { bytes, checkpoint }: CheckpointFile,
  dtype: Dtype,
): Promise<Record<string, string>> {
  const { training, about } = checkpoint;
  const { [SAME_WEIGHTS_AS]: _, ...kept } = about ?? {};
  const names = classNamesOf(checkpoint);
  const original = identityOf(await sha256(bytes), about);
  const [origin, source] = dtype === "f32"
    ? [SAME_WEIGHTS_AS, original]
    : [ROUNDED_FROM, kept[ROUNDED_FROM] ?? original];
  const saved = training as {
    step?: number;
    options?: { batchSize?: number };
    run?: { data?: string };
    images?: number;
  } | undefined;
  const data = saved?.run?.data;
  const sampling = ownSamplingOf(checkpoint);
  const isOurs = data === "faces" || data === "emoji";
  return {
    ...kept,
    [origin]: source,
    made_by: `rin ${meta.version}`,
    ...(saved?.step === undefined ? {} : { [TRAINED_STEPS]: String(saved.step) }),
    ...(saved?.options?.batchSize ? { batch_size: String(saved.options.batchSize) } : {}),
    // A path says more about a machine than about the pictures.
    ...(data ? { trained_on: isOurs ? data : data.split(/[/\\]/).filter(Boolean).at(-1)! } : {}),
    ...(saved?.images ? { training_images: String(saved.images) } : {}),
    ...(sampling ? { [OWN_SAMPLING]: JSON.stringify(sampling) } : {}),
    ...(names ? { [CLASS_NAMES]: JSON.stringify(names) } : {}),
    ...(isOurs ? { attribution: EMOJI_ATTRIBUTION } : {}),
  };
}
