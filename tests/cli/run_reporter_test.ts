// What a person reads of a run.

import { assertEquals } from "@std/assert";
import { runReporter } from "../../cli/terminal/run_reporter.ts";
import { Terminal } from "../../cli/terminal/terminal.ts";
import { FileError } from "../../src/files/errors.ts";
import { DeviceLostError } from "../../src/device/errors.ts";
import type { RunEvent } from "../../src/run/events.ts";
import { completeSettings } from "../../src/run/settings.ts";

/** A terminal that keeps what is said. */
class Notebook extends Terminal {
  readonly lines: string[] = [];

  constructor() {
    super(true);
  }

  override note(text: string): void {
    this.lines.push(text);
  }

  override warn(text: string): void {
    this.lines.push(`! ${text}`);
  }

  override progress(done: number, total: number, fields: Record<string, string> = {}): void {
    const words = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`);
    this.lines.push(`${done}/${total}${words.join("")}`);
  }

  override finish(): void {
    this.lines.push("end of the bar");
  }
}

function lines(...events: RunEvent[]): string[] {
  const terminal = new Notebook();
  const show = runReporter(terminal);
  for (const event of events) show(event);
  return terminal.lines;
}

const started = (step: number, resumed: boolean, frames = 1): RunEvent => ({
  type: "started",
  folder: "r",
  settings: completeSettings({ network: { frames }, training: { steps: 9 } }),
  step,
  resumed,
});

Deno.test("runReporter() says how a run begins", () => {
  assertEquals(lines(started(0, false)), ["Training for 9 steps into r"]);
  assertEquals(lines(started(4, true)), ["Continuing after step 4 of 9 in r"]);
  assertEquals(lines(started(9, true)), [
    "All 9 steps of r are done: give more --steps to continue",
  ]);
});

Deno.test("runReporter() shows metrics in the bar, or the activity between steps", () => {
  const at = { type: "progress", step: 3, steps: 9 } as const;
  const latest = { lossAverage: 0.5, loss: 0.25, imagesPerSecond: 123.4, skipped: 0 };
  const events: RunEvent[] = [
    at,
    { ...at, latest },
    { ...at, latest: { ...latest, lossAverage: null, skipped: 2 } },
    { ...at, latest, activity: { name: "sampling", done: 2, total: 7 } },
    { type: "ended", step: 3 },
  ];
  assertEquals(lines(started(0, false), ...events).slice(1), [
    "3/9",
    "3/9 loss=0.5000 last=0.2500 img/s=123",
    "3/9 last=0.2500 img/s=123 skipped=2",
    "3/9 sampling=2/7",
    "end of the bar",
  ]);
  assertEquals(lines(started(0, false, 2), { ...at, latest })[1].includes("clips/s=123"), true);
});

Deno.test("runReporter() says what happened and what failed", () => {
  const full = Object.assign(new Error("os error 28"), { code: "ENOSPC" });
  assertEquals(
    lines(
      { type: "validated", step: 3, validLoss: 0.5 },
      { type: "sampled", step: 3, count: 16, path: "r/samples/step-000003.png" },
      { type: "skipped", step: 4, skipped: 2 },
      { type: "saveFailed", error: new FileError("Cannot write r/last.safetensors", full) },
      { type: "deviceLost", step: 3, error: new DeviceLostError("The GPU was lost: reset") },
    ),
    [
      "Step 3: validation loss 0.5000",
      "Step 3: 16 samples in r/samples/step-000003.png",
      "Step 4 was skipped: the loss or its gradient was not finite (skipped so far: 2)",
      "! Cannot write r/last.safetensors: the disk is full; free some space; training " +
      "continues, and the next checkpoint tries again",
      "end of the bar",
      "! The GPU was lost: reset; asking for it again, to continue after step 3",
    ],
  );
});

Deno.test("runReporter() names a class without an image to train on", () => {
  const train = {
    ...{ name: "pets", imageSize: 16, count: 3, labels: Uint32Array.of(0, 2, 0) },
    classNames: ["cat", "dog", "cow", "pig"],
    read: () => Promise.reject(new Error("nothing is read")),
  };
  const splits = { train, valid: train, skipped: [], path: "p", close: () => {} };
  const said = lines({ type: "data", source: "pets", frames: 1, splits });
  assertEquals(said.slice(-2), [
    "Classes: 4 (cat, dog, cow, pig)",
    "No image to train on is of the classes dog, pig: the network can't learn them",
  ]);
});
