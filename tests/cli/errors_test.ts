import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CommandError, explain, UsageError } from "../../cli/errors.ts";
import { nearest } from "../../src/options/nearest.ts";
import { DataError } from "../../src/data/errors.ts";
import { NoCpuError } from "../../src/device/cpu/errors.ts";
import { DeviceLostError } from "../../src/device/errors.ts";

Deno.test("explain() prints errors written for people as they are", () => {
  const lacking = new NoCpuError("a", "simd");
  for (
    const error of [new DataError("a"), new DeviceLostError("a"), new CommandError("a"), lacking]
  ) {
    assertEquals(explain(error), { sentence: "a", code: 1 });
  }
  assertEquals(explain(new UsageError("a")).code, 2);
  assertEquals(explain(new RangeError("steps is 0")).sentence, "steps is 0");
});

Deno.test("explain() puts the system's errors into words", () => {
  const full = Object.assign(new Error("No space left on device (os error 28)"), {
    code: "ENOSPC",
  });
  assertStringIncludes(explain(full).sentence, "the disk is full");
  const readOnly = Object.assign(new Error("os error 30"), { code: "EROFS" });
  assertStringIncludes(explain(readOnly).sentence, "read-only");
  const denied = explain(new Deno.errors.PermissionDenied("open 'x'"));
  assertStringIncludes(denied.sentence, "permission denied");
  assertStringIncludes(denied.sentence, "open 'x'");
  assertStringIncludes(
    explain(new RangeError("Array buffer allocation failed")).sentence,
    "not enough memory",
  );
});

Deno.test("explain() says that an error was unexpected, and how to see where it arose", () => {
  const { sentence, code } = explain(new TypeError("x is undefined"));
  assert(sentence.startsWith("Something unexpected went wrong: x is undefined"), sentence);
  assertStringIncludes(sentence, "RIN_DEBUG=1");
  assertEquals(code, 1);
});

Deno.test("nearest() suggests a name only if it is near", () => {
  const known = ["batchSize", "blockDepth", "beta1", "beta2"];
  assertEquals(nearest("batchsize", known), "batchSize");
  assertEquals(nearest("beta3", known), "beta1");
  assertEquals(nearest("colour", known), undefined);
  assertEquals(nearest("x", []), undefined);
});
