// deno-lint-ignore-file no-control-regex -- terminal control codes are what is tested
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Progress } from "../../cli/terminal/progress.ts";

/** A progress with a clock that is set by hand, and what it wrote. */
function watched(total: number, isTerminal: boolean, columns?: number) {
  const clock = { ms: 5000 };
  const writes: string[] = [];
  const progress = new Progress({
    total,
    isTerminal,
    columns,
    write: (s) => writes.push(s),
    now: () => clock.ms,
  });
  return { clock, writes, progress };
}

/** What a terminal of that many columns shows after the writes, line by line. */
function screen(writes: string[]): string[] {
  const lines = [""];
  for (const part of writes.join("").match(/\r\x1b\[K|\n|[^\r\n]+/g) ?? []) {
    if (part === "\n") lines.push("");
    else if (part.startsWith("\r")) lines[lines.length - 1] = "";
    else lines[lines.length - 1] += part;
  }
  return lines;
}

Deno.test("Progress draws one line with bar, percentage, fields, and time left on a terminal", () => {
  const { clock, writes, progress } = watched(800, true);
  progress.update(0, {});
  clock.ms += 10_000;
  progress.update(200, { loss: "0.0523", "img/s": "212" });
  assertEquals(screen(writes), [
    "━━━━━━──────────────────  25% 200/800  loss 0.0523  212 img/s  30s left",
  ]);
});

Deno.test("Progress redraws at most ten times a second", () => {
  const { clock, writes, progress } = watched(1000, true);
  for (let i = 0; i <= 1000; i++, clock.ms++) progress.update(i, { loss: String(i) });
  assertEquals(writes.length, 11);
  assert(writes.every((w) => w.startsWith("\r\x1b[K")));
});

Deno.test("Progress keeps its line within the terminal's width", () => {
  for (let columns = 1; columns <= 130; columns++) {
    const { clock, writes, progress } = watched(100_000, true, columns);
    for (let i = 0; i < 5; i++, clock.ms += 70_000) {
      progress.update(i * 20_000, { loss: "0.0523", valid: "0.0611", "img/s": "212.5" });
    }
    progress.finish();
    const widest = Math.max(...screen(writes).map((line) => line.length));
    assert(widest <= columns, `${widest} characters on ${columns} columns`);
    if (columns > 20) assertStringIncludes(screen(writes)[0], "80%");
    if (columns > 50) assertStringIncludes(screen(writes)[0], "loss 0.0523");
  }
});

Deno.test("Progress keeps a field with a line break on the line", () => {
  const { writes, progress } = watched(10, true);
  progress.update(1, { note: "a\nb\r\x1b[31m" });
  assertStringIncludes(writes[0], "note a b [31m");
});

Deno.test("Progress estimates the time left by the recent rate", () => {
  const { clock, writes, progress } = watched(10_000, true);
  for (let i = 0; i <= 100; i++, clock.ms += 1000) progress.update(i, {}); // 1 a second
  for (let i = 100; i <= 1000; i += 10, clock.ms += 1000) progress.update(i, {}); // 10 a second
  assertStringIncludes(screen(writes)[0], "15m00s left");
});

Deno.test("Progress estimates the time left if steps are slower than the recent window", () => {
  const { clock, writes, progress } = watched(100, true);
  for (let i = 0; i <= 3; i++, clock.ms += 60_000) progress.update(i, {});
  assertStringIncludes(screen(writes)[0], "1h37m left");
});

Deno.test("Progress counts a resumed run's rate from where it resumed", () => {
  const { clock, writes, progress } = watched(1000, true);
  progress.update(900, {});
  assert(!screen(writes)[0].includes("left"));
  clock.ms += 10_000;
  progress.update(910, {});
  assertStringIncludes(screen(writes)[0], "1m30s left");
});

Deno.test("Progress writes a line above the bar, which stays", () => {
  const { writes, progress } = watched(10, true);
  progress.line("before");
  progress.update(5, { loss: "1" });
  progress.line("saved a checkpoint");
  progress.line("and another");
  const [first, second, third, bar] = screen(writes);
  assertEquals([first, second, third], ["before", "saved a checkpoint", "and another"]);
  assertStringIncludes(bar, "50% 5/10  loss 1");
});

Deno.test("Progress.finish() draws the last state once, even if it was not due", () => {
  const { clock, writes, progress } = watched(10, true);
  progress.update(9, {});
  clock.ms += 50;
  progress.update(10, { loss: "0.5" });
  clock.ms += 7950;
  progress.finish();
  progress.finish();
  progress.update(10, {});
  assertEquals(screen(writes), ["━━━━━━━━━━━━━━━━━━━━━━━━ 100% 10/10  loss 0.5  in 8s", ""]);
});

Deno.test("Progress.finish() writes nothing without an update", () => {
  for (const isTerminal of [true, false]) {
    const { writes, progress } = watched(10, isTerminal);
    progress.finish();
    assertEquals(writes, []);
  }
});

Deno.test("Progress writes plain lines every 10 s if little is done, without a terminal", () => {
  const { clock, writes, progress } = watched(100_000, false);
  for (let i = 0; i <= 60; i++, clock.ms += 1000) progress.update(i, { loss: "0.5" });
  assertEquals(writes.length, 7);
  assertEquals(writes[0], "0% 0/100000  loss 0.5\n");
  assertEquals(writes[1], "0% 10/100000  loss 0.5  1d03h left\n");
  progress.line("saved");
  assertEquals(writes.at(-1), "saved\n");
  assert(!/[\r\x1b━]/.test(writes.join("")));
});

Deno.test("Progress writes plain lines every 5% if much is done, without a terminal", () => {
  const { clock, writes, progress } = watched(100, false);
  for (let i = 0; i <= 100; i++, clock.ms += 1000) progress.update(i, {});
  progress.finish();
  assertEquals(writes.length, 22);
  assertEquals(writes[1], "5% 5/100  1m35s left\n");
  assertEquals(writes.at(-1), "100% 100/100  in 1m41s\n");
});

Deno.test("Progress doesn't fill the log of a quick run, without a terminal", () => {
  const { clock, writes, progress } = watched(100, false);
  for (let i = 0; i <= 100; i++, clock.ms += 5) progress.update(i, {});
  progress.finish();
  assertEquals(writes, ["0% 0/100\n", "100% 100/100  in 1s\n"]);
});
