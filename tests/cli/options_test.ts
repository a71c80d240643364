import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../cli/errors.ts";
import { type Option, readArguments } from "../../cli/options/options.ts";

const options: Option[] = [
  { key: "guidance", type: "number", help: "" },
  { key: "validCount", type: "integer", help: "" },
  { key: "interpolate", type: "integers", help: "" },
  { key: "out", type: "text", help: "" },
  { key: "seed", type: "seed", help: "" },
  { key: "quiet", type: "boolean", help: "" },
];
const read = (...args: string[]) => readArguments(args, options);

Deno.test("readArguments() takes values that begin with a minus, for every kind of flag", () => {
  const cases: [args: string[], flags: Record<string, unknown>][] = [
    [["--guidance", "-1"], { guidance: -1 }],
    [["--guidance", "-.5", "--quiet"], { guidance: -0.5, quiet: true }],
    [["--guidance=-1e-3"], { guidance: -1e-3 }],
    [["--valid-count", "-3"], { validCount: -3 }],
    [["--interpolate", "-3,8"], { interpolate: [-3, 8] }],
    [["--out", "-1.png"], { out: "-1.png" }],
  ];
  for (const [args, flags] of cases) assertEquals(read(...args).flags, flags, args.join(" "));
  // A flag that takes no value leaves it alone, and so does the end of the options.
  assertThrows(() => read("--quiet", "-1"), UsageError, "Unknown option -1");
  assertThrows(() => read("--guidance", "--quiet"), UsageError, "--guidance needs a value");
  assertEquals(read("--", "--guidance", "-1").rest, ["--guidance", "-1"]);
});

Deno.test("readArguments() takes a seed from 0 up, or draws and reports a random one", () => {
  for (const seed of ["-1", "4294967296", "1.5", "chance"]) {
    assertThrows(
      () => read("--seed", seed),
      UsageError,
      `--seed is ${seed}: expected a whole number from 0 to 4294967295, or random`,
    );
  }
  assertEquals(read("--seed", "7"), { flags: { seed: 7 }, rest: [], drawn: [] });
  const seeds = Array.from({ length: 20 }, () => read("--seed", "random"));
  for (const { flags, drawn } of seeds) assertEquals(drawn, [`--seed random drew ${flags.seed}`]);
  assert(new Set(seeds.map(({ flags }) => flags.seed)).size > 10);
});
