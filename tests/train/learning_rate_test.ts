import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/model/config.ts";
import { learningRate, observePlateau, PLATEAU_START } from "../../src/train/learning_rate.ts";
import { completeTrainOptions } from "../../src/train/options.ts";

const options = (changes = {}) =>
  completeTrainOptions({ lr: 2, warmup: 10, steps: 110, lrSchedule: "cosine", ...changes });

Deno.test("the learning rate rises linearly over the warm-up", () => {
  assertAlmostEquals(learningRate(options(), 0), 0.2);
  assertAlmostEquals(learningRate(options(), 4), 1);
  assertAlmostEquals(learningRate(options(), 9), 2);
});

Deno.test("cosine falls to half in the middle and to 0 at the end, and stays there", () => {
  assertAlmostEquals(learningRate(options(), 60), 1);
  assertAlmostEquals(learningRate(options(), 110), 0);
  assertAlmostEquals(learningRate(options(), 500), 0);
});

Deno.test("constant stays", () => {
  assertEquals(learningRate(options({ lrSchedule: "constant" }), 10_000), 2);
  assertEquals(learningRate(options({ lrSchedule: "constant", warmup: 0 }), 0), 2);
});

Deno.test("plateau divides the rate after `patience` validations without improvement", () => {
  const plateau = options({ lrSchedule: "plateau", plateauPatience: 2, plateauFactor: 0.5 });
  const scales: number[] = [];
  let state = PLATEAU_START;
  for (const loss of [3, 2, 2.5, 2.5, 2.5, 1, 1, 1, 1]) {
    state = observePlateau(plateau, state, loss);
    scales.push(state.scale);
  }
  assertEquals(scales, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]);
});

Deno.test("options out of range are refused by name", () => {
  assertThrows(() => completeTrainOptions({ batchSize: 0 }), ConfigError, "batchSize is 0");
  assertThrows(() => completeTrainOptions({ steps: 1.5 }), ConfigError, "steps is 1.5");
  assertThrows(
    () => completeTrainOptions({ selfCondRate: NaN }),
    ConfigError,
    "selfCondRate is NaN",
  );
  assertThrows(() => completeTrainOptions({ lrSchedule: "step" as "cosine" }), ConfigError, "step");
  assertThrows(() => completeTrainOptions({ lrr: 1 } as object), ConfigError, '"lrr"');
});
