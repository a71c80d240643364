// The one checker of options: what fits, and what is said of what doesn't.

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  checkNames,
  checkOptions,
  fits,
  needed,
  type OptionSchema,
  shown,
} from "../../src/options/schema.ts";

const seed = { type: "integer", minimum: 0, maximum: 9 } as const;

const cases: [schema: OptionSchema, good: unknown[], bad: unknown[], words: string][] = [
  [
    seed,
    [0, -0, 9],
    [-1, 10, 1.5, NaN, Infinity, "1", null, true, 1n, [1]],
    "a whole number from 0 to 9",
  ],
  [{ type: "integer", minimum: 1 }, [1, 2 ** 53 - 1], [0, 2 ** 53], "a whole number of 1 or more"],
  [{ type: "number" }, [-1.5, 0], [NaN, -Infinity, "2"], "a number"],
  [
    { type: "number", exclusiveMinimum: 0, maximum: 1 },
    [1e-9, 1],
    [0],
    "a number above 0 and up to 1",
  ],
  [{ enum: ["a", "b", "c"] }, ["a"], ["d", "toString", 1, ["a"]], '"a", "b" or "c"'],
  [{ type: "boolean" }, [true, false], [0, "true", null], "true or false"],
  [{ type: "string" }, ["", "x"], [1, null], "a text"],
  [{ type: "string", maxLength: 2 }, ["xy"], ["xyz"], "a name of at most 2 characters"],
  [
    { type: "numbers", items: seed },
    [[], [1, 2], Uint8Array.of(3), Float32Array.of(3)],
    [["1"], [NaN], Float32Array.of(0.5), "12", { length: 0 }, new DataView(new ArrayBuffer(1)), 3],
    "a list of numbers, each a whole number from 0 to 9",
  ],
  [
    { type: "numbers", items: seed, length: 2 },
    [[1, 2]],
    [[1], [1, 2, 3], [1, 10]],
    "a list of 2, each a whole number from 0 to 9",
  ],
  [
    { type: "Float32Array" },
    [new Float32Array(2)],
    [[1], new Float64Array(2), new ArrayBuffer(8)],
    "a value of Float32Array",
  ],
  [
    { type: "AbortSignal" },
    [AbortSignal.abort()],
    [new AbortController(), {}],
    "a value of AbortSignal",
  ],
  [{ type: "Function" }, [() => {}, async () => {}], [{}, "f"], "a value of Function"],
  [{ type: "Object" }, [{}, new (class {})()], [[], null, "f", new Map()], "an object"],
  [
    { type: "WebAssembly.Module" },
    [new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))],
    [{}, new Uint8Array(8)],
    "a value of WebAssembly.Module",
  ],
  [
    { oneOf: [{ type: "Object" }, { type: "Function" }] },
    [{}, () => {}],
    [1, []],
    "an object, or a value of Function",
  ],
];

Deno.test("fits() and needed() agree on what a schema takes", () => {
  for (const [schema, good, bad, words] of cases) {
    for (const value of good) assert(fits(schema, value), `${words}: ${shown(value)}`);
    for (const value of bad) assert(!fits(schema, value), `${words}: ${shown(value)}`);
    assertEquals(needed(schema), words);
  }
});

Deno.test("shown() shows any value in one short line", () => {
  const values: [unknown, string][] = [
    ["euler", '"euler"'],
    ["x".repeat(100), `"${"x".repeat(56)}...`],
    [NaN, "NaN"],
    [null, "null"],
    [undefined, "undefined"],
    [3n, "3"],
    [Symbol("s"), "Symbol(s)"],
    [new Float32Array(9), "a value of Float32Array"],
    [() => {}, "a value of Function"],
    [{ a: 1 }, '{"a":1}'],
    [new Date(0), "a value of Date"],
  ];
  for (const [value, expected] of values) assertEquals(shown(value), expected);
});

Deno.test("checkOptions() takes an object of known names, and undefined as none", () => {
  checkOptions({ seed }, { seed: undefined }, "thing");
  checkOptions({ seed }, Object.assign(Object.create(null), { seed: 3 }), "thing");
  const wrong: [options: unknown, message: string][] = [
    [{ sede: 1 }, 'Unknown thing "sede": did you mean seed?'],
    [{ anything: 1 }, 'Unknown thing "anything": known are seed'],
    [{ toString: 1 }, 'Unknown thing "toString": known are seed'],
    [
      new Float32Array(2),
      "The things are a value of Float32Array: expected an object",
    ],
    [[1], "The things are [1]: expected an object"],
    [null, "The things are null: expected an object"],
    [5, "The things are 5: expected an object"],
    [{ seed: null }, "seed is null: expected a whole number from 0 to 9"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => checkOptions({ seed }, options as object, "thing"), RangeError, message);
  }
  class Mine extends Error {}
  assertThrows(() => checkNames({ x: 1 }, ["seed"], "thing", Mine), Mine);
});
