// A network that begins from another one's weights: all of them, but for the classes.

import { assertEquals, assertThrows } from "@std/assert";
import { beginFrom } from "../../src/model/begin_from.ts";
import { completeConfig, ConfigError, type RinConfig } from "../../src/model/config.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";

const sizes = { imageSize: 8, patchSize: 4, latentDim: 12, interfaceDim: 9, numLatents: 3 };
const config = completeConfig({ ...sizes, numBlocks: 1, numHeads: 3, numClasses: 2 });
const slabOf = (config: RinConfig, seed: number) => initialize(parameterLayout(config), seed);
const [parameters, ema] = [1, 2].map((seed) => slabOf(config, seed));
const checkpoint = { config, slabs: { parameters, ema } };
const CLASSES = "class_conditioner.class_embed";

/** Tensors by name. */
const tensors = (config: RinConfig, slab: Float32Array) =>
  Object.fromEntries(
    parameterLayout(config).parameters.map(({ name, offset, size }) =>
      [name, slab.slice(offset, offset + size)] as const
    ),
  );

Deno.test("beginFrom() takes the moving average, else the weights", () => {
  const begun = beginFrom(checkpoint, config, 5);
  assertEquals(begun, { parameters: ema, anew: [], leftOut: [] });
  assertEquals(beginFrom({ config, slabs: { parameters } }, config, 5).parameters, parameters);
});

for (const numClasses of [1, 3]) {
  Deno.test(`beginFrom() starts the table of ${numClasses} classes instead of 2 fresh`, () => {
    const other = completeConfig({ ...config, numClasses });
    const begun = beginFrom(checkpoint, other, 5);
    assertEquals([begun.anew, begun.leftOut], [[CLASSES], []]);
    const fresh = tensors(other, slabOf(other, 5))[CLASSES];
    const found = tensors(other, begun.parameters);
    assertEquals(found, { ...tensors(config, ema), [CLASSES]: fresh });
  });
}

Deno.test("beginFrom() adds or drops classes", () => {
  const none = completeConfig({ ...config, numClasses: 0 });
  const gone = beginFrom(checkpoint, none, 5);
  assertEquals([gone.anew, gone.leftOut], [[], [CLASSES]]);
  const { [CLASSES]: _, ...rest } = tensors(config, ema);
  assertEquals(tensors(none, gone.parameters), rest);
  const come = beginFrom({ config: none, slabs: { parameters: gone.parameters } }, config, 5);
  assertEquals([come.anew, come.leftOut], [[CLASSES], []]);
});

Deno.test("beginFrom() refuses any other difference by name", () => {
  const cases: [Partial<RinConfig>, string][] = [
    [{ imageSize: 16 }, "tensor tokenizer.pos_embed is (1, 4, 9) there, and (1, 16, 9) here"],
    [{ numHeads: 1, readWriteHeads: 3 }, "numHeads is 3 there, and 1 here"],
    [{ numBlocks: 2 }, "is absent there"],
    [
      { positions: "sincos", interfaceDim: 12 },
      " here; of the weights only those of classes can change",
    ],
    [{ imageSize: "16x4" }, "the grid of learned positions is 2 x 2 there, and 1 x 4 here"],
  ];
  for (const [fields, message] of cases) {
    const other = completeConfig({ ...config, ...fields });
    assertThrows(() => beginFrom(checkpoint, other, 5), ConfigError, message);
  }
});
