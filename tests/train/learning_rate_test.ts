import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/model/config.ts";
import { learningRate, observePlateau, PLATEAU_START } from "../../src/train/learning_rate.ts";
import { completeTrainOptions } from "../../src/train/options.ts";

const options = (changes = {}) =>
  completeTrainOptions({ lr: 2, warmup: 10, steps: 110, lrSchedule: "cosine", ...changes });

Deno.test("learningRate() rises linearly over the warm-up", () => {
  assertAlmostEquals(learningRate(options(), 0), 0.2);
  assertAlmostEquals(learningRate(options(), 4), 1);
  assertAlmostEquals(learningRate(options(), 9), 2);
});

Deno.test("learningRate() of cosine falls to half in the middle and to 0 at the end, and stays there", () => {
  assertAlmostEquals(learningRate(options(), 60), 1);
  assertAlmostEquals(learningRate(options(), 110), 0);
  assertAlmostEquals(learningRate(options(), 500), 0);
});

Deno.test("learningRate() of cosine ends at lrEnd", () => {
  const ending = options({ lrEnd: 0.5 });
  assertAlmostEquals(learningRate(ending, 9), 2);
  assertAlmostEquals(learningRate(ending, 60), 1.25);
  assertAlmostEquals(learningRate(ending, 110), 0.5);
  assertAlmostEquals(learningRate(ending, 500), 0.5);
});

Deno.test("learningRate() of cosine@P is the first share P of the cosine, as in the paper's code", () => {
  for (const share of [0.7, 0.8]) {
    const part = options({ lrSchedule: `cosine@${share}`, lrEnd: 0.1 });
    for (const step of [10, 40, 80, 110]) {
      // CosineDecay(base, (total - warmup) / rate, alpha) of TensorFlow.
      const cosine = 0.5 * (1 + Math.cos(Math.PI * (step - 10) / (100 / share)));
      const wanted = 2 * ((1 - 0.05) * cosine + 0.05);
      assertAlmostEquals(learningRate(part, step), wanted, 1e-12, `${share} at ${step}`);
    }
  }
  const [whole, plain] = [options({ lrSchedule: "cosine@1" }), options()];
  assertEquals(learningRate(whole, 77), learningRate(plain, 77));
});

Deno.test("learningRate() of plateau falls to lrEnd, warm-up included", () => {
  const plateau = options({ lrSchedule: "plateau", lrEnd: 0.5 });
  assertEquals(learningRate(plateau, 20, 0.5), 1);
  assertEquals(learningRate(plateau, 20, 0.01), 0.5);
  assertAlmostEquals(learningRate(plateau, 4, 0.5), 0.5);
});

Deno.test("learningRate() of constant stays", () => {
  assertEquals(learningRate(options({ lrSchedule: "constant" }), 10_000), 2);
  assertEquals(learningRate(options({ lrSchedule: "constant", warmup: 0 }), 0), 2);
});

Deno.test("observePlateau() divides the rate after `patience` validations without improvement", () => {
  const plateau = options({ lrSchedule: "plateau", plateauPatience: 2, plateauFactor: 0.5 });
  const scales: number[] = [];
  let state = PLATEAU_START;
  for (const loss of [3, 2, 2.5, 2.5, 2.5, 1, 1, 1, 1]) {
    state = observePlateau(plateau, state, loss);
    scales.push(state.scale);
  }
  assertEquals(scales, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]);
});

Deno.test("observePlateau() counts less than the threshold, and no number, as no improvement", () => {
  const plateau = options({ lrSchedule: "plateau", plateauPatience: 0, plateauThreshold: 0.1 });
  const after = (losses: number[]) =>
    losses.reduce((state, loss) => observePlateau(plateau, state, loss), PLATEAU_START);
  assertEquals(after([2, 1.81]), { scale: 0.5, best: 2, waited: 0 });
  assertEquals(after([2, 1.79]), { scale: 1, best: 1.79, waited: 0 });
  assertEquals(after([NaN, 3]), { scale: 0.5, best: 3, waited: 0 });
  assertEquals(after([3, NaN, Infinity, 2]), { scale: 0.25, best: 2, waited: 0 });
});

Deno.test("completeTrainOptions() refuses options out of range by name", () => {
  assertThrows(() => completeTrainOptions({ batchSize: 0 }), ConfigError, "batchSize is 0");
  assertThrows(() => completeTrainOptions({ steps: 1.5 }), ConfigError, "steps is 1.5");
  assertThrows(
    () => completeTrainOptions({ selfCondRate: NaN }),
    ConfigError,
    "selfCondRate is NaN",
  );
  assertThrows(() => completeTrainOptions({ lrSchedule: "step" as "cosine" }), ConfigError, "step");
  for (const name of ["cosine@", "cosine@0", "cosine@1.2", "cosine@x", "cosine @0.5"]) {
    const lrSchedule = name as "cosine";
    assertThrows(() => completeTrainOptions({ lrSchedule }), ConfigError, `"${name}": expected`);
  }
  assertThrows(() => completeTrainOptions({ lr: 1, lrEnd: 2 }), ConfigError, "lrEnd is 2");
  assertThrows(
    () => completeTrainOptions({ lossSpace: "y" as "v" }),
    ConfigError,
    'lossSpace is "y": expected prediction, eps, x0 or v',
  );
  assertThrows(() => completeTrainOptions({ optimizer: "sgd" as "lamb" }), ConfigError, "lamb");
  assertThrows(() => completeTrainOptions({ minSnr: -1 }), ConfigError, "minSnr is -1");
  assertThrows(() => completeTrainOptions({ lrr: 1 } as object), ConfigError, '"lrr"');
});
