import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { chartsOf } from "../../cli/report/chart.ts";
import { RunHistory } from "../../cli/report/history.ts";

function historyOf(steps: number, line: (step: number) => Record<string, unknown>): RunHistory {
  const history = new RunHistory();
  for (let step = 1; step <= steps; step++) history.add({ step, ...line(step) });
  return history;
}

Deno.test("RunHistory keeps every value of a short run, and nulls where a step has none", () => {
  const history = historyOf(
    6,
    (step) => ({ loss: 1 / step, ...step % 3 === 0 && { valid: step } }),
  );
  const { steps, columns: [loss, valid] } = history.table(["loss", "valid"]);
  assertEquals(steps, [1, 2, 3, 4, 5, 6]);
  assertEquals(loss.mean, steps.map((step) => 1 / step));
  assertEquals([loss.low, loss.high], [loss.mean, loss.mean]);
  assertEquals(valid.mean, [null, null, 3, null, null, 6]);
  assertEquals(history.table(["valid"]).steps, [3, 6]);
});

Deno.test("RunHistory has at most 600 rows of a long run, with means, lows, and highs of equal spans", () => {
  const last = 123_457, values = (step: number) => Math.sin(step * 12.9898) * 100;
  const history = historyOf(last, (step) => ({ loss: values(step) }));
  const { steps, columns: [loss] } = history.table(["loss"]);
  assert(steps.length > 300 && steps.length <= 600, `${steps.length} rows`);
  assertEquals(steps.at(-1), last);
  const span = steps[0];
  assert(Math.log2(span) % 1 === 0, `rows of ${span} steps`);
  steps.slice(0, -1).forEach((step, row) => assertEquals(step, (row + 1) * span));
  steps.forEach((step, row) => {
    const from = row * span + 1;
    const all = Array.from({ length: step - from + 1 }, (_, i) => values(from + i));
    assertAlmostEquals(loss.mean[row]!, all.reduce((a, b) => a + b) / all.length, 1e-9);
    assertEquals([loss.low[row], loss.high[row]], [Math.min(...all), Math.max(...all)]);
  });
  assertEquals(history.step, last);
  assertEquals(history.last("loss"), values(last));
  assertAlmostEquals(
    history.mean("loss")!,
    Array.from({ length: last }, (_, i) => values(i + 1)).reduce((a, b) => a + b) / last,
    1e-9,
  );
});

Deno.test("RunHistory takes the first of equal lowest values, and ignores what is not finite", () => {
  const history = historyOf(5, (step) => ({ v: [3, NaN, 1, 1, Infinity][step - 1] }));
  assertEquals(history.lowest("v"), { step: 3, value: 1 });
  assertEquals([history.last("v"), history.mean("v")], [1, 5 / 3]);
  assertEquals(
    [history.last("w"), history.lowest("w"), history.mean("w")],
    Array(3).fill(undefined),
  );
});

Deno.test("chartsOf() draws the lines that a run has, with bands where rows are means", () => {
  const short = chartsOf(historyOf(4, (step) => ({ loss: step, lr: 0.123456 })));
  assertEquals(short.map(({ title, lines }) => [title, lines.length]), [
    ["Loss", 1],
    ["Learning rate", 1],
  ]);
  assertEquals([short[0].lines[0].values, short[0].lines[0].low], [[1, 2, 3, 4], undefined]);
  assertEquals(short[1].lines[0].values[0], 0.1235);
  const [loss] = chartsOf(historyOf(1201, (step) => ({ loss: step, validLoss: 1 })));
  assertEquals(loss.lines.map(({ low }) => low?.slice(0, 2)), [[1, 5], undefined]);
  assertEquals(loss.lines[0].high?.slice(0, 2), [4, 8]);
});
