/**
 * Tables of what `gpu_static.ts` found: one run, or one beside an earlier one.
 *
 * @module
 */
import { markdown } from "../measure.ts";
import type { Chip } from "./compile.ts";
import { CHIPS } from "./compile.ts";
import { densityOf, type Figures } from "./figures.ts";
import { CHIP_NAMES, type StaticResults, type StepResult } from "./results.ts";

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** "5", or "5 to 7". */
function range(values: readonly number[], digits = 0): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((x) => x.toFixed(digits));
  return least === most ? least : `${least} to ${most}`;
}

/** "5", or where an earlier run had another value "7, was 5"; nothing for kernels not there. */
function change(now: string | undefined, before?: string): string {
  if (before === undefined || now === before) return now ?? "";
  return now === undefined ? `(was ${before})` : `${now} (was ${before})`;
}

/** The time of a step's kernels of a name, or of all, in ms. */
function millisecondsOf({ kernels }: StaticResults, step: StepResult, chip: Chip, name?: string) {
  return sum(
    step.work.filter(({ kernel }) => name === undefined || kernels[kernel].name === name)
      .map(({ milliseconds }) => milliseconds[chip]),
  );
}

const COLUMNS: readonly [heading: string, cell: (all: readonly Figures[]) => string][] = [
  ["registers", (all) => range(all.map(({ registers }) => registers))],
  ["spills", (all) => `${sum(all.map(({ spills }) => spills))}`],
  ["waves of 32", (all) => range(all.map(({ waves }) => waves))],
  ["workgroup memory", (all) => range(all.map(({ workgroupMemory }) => workgroupMemory))],
  ["multiply-adds of the hottest loop", (all) => {
    const dense = all.map(densityOf).filter((density) => density > 0);
    return dense.length === 0 ? "" : `${range(dense.map((density) => 100 * density))}%`;
  }],
  ["of these for a read of workgroup memory", (all) => {
    const each = all.flatMap(({ loop }) =>
      loop && loop.multiplyAdds > 0 && loop.workgroupReads > 0
        ? [loop.multiplyAdds / loop.workgroupReads]
        : []
    );
    return each.length === 0 ? "" : range(each, 1);
  }],
];

/** The kernels of a chip by name, all variants of one in a row, the most work first. */
export function kernelTable(
  results: StaticResults,
  chip: Chip,
  earlier?: StaticResults,
): string {
  const of = (from: StaticResults | undefined, name: string) =>
    from?.kernels.filter((kernel) => kernel.name === name).map(({ figures }) => figures[chip]) ??
      [];
  const names = [...new Set(results.kernels.map(({ name }) => name))];
  const total = (name: string) =>
    sum(results.steps.map((step) => millisecondsOf(results, step, chip, name)));
  const rows = names.toSorted((a, b) => total(b) - total(a)).map((name) => [
    name,
    ...COLUMNS.map(([, cell]) => {
      const before = of(earlier, name);
      return change(cell(of(results, name)), before.length > 0 ? cell(before) : undefined);
    }),
  ]);
  return markdown([CHIPS[chip].name, ...COLUMNS.map(([heading]) => heading)], rows);
}

/** What steps take at least, by the estimate. */
export function stepTable(results: StaticResults, earlier?: StaticResults): string {
  const cellsOf = (from: StaticResults, { preset, task, batch }: StepResult) => {
    const step = from.steps.find((one) =>
      one.preset === preset && one.task === task && one.batch === batch
    );
    if (!step) return [];
    return [
      `${sum(step.work.map(({ dispatches }) => dispatches))}`,
      ...CHIP_NAMES.flatMap((chip) =>
        [undefined, "matmul"].map((name) =>
          Number(millisecondsOf(from, step, chip, name).toPrecision(2)).toString()
        )
      ),
    ];
  };
  const rows = results.steps.map((step) => {
    const before = earlier ? cellsOf(earlier, step) : [];
    return [
      `${step.preset}, ${step.task}, batch ${step.batch}`,
      ...cellsOf(results, step).map((cell, i) => change(cell, before[i])),
    ];
  });
  const headings = CHIP_NAMES.flatMap((chip) => {
    const { tflops, bandwidth } = results.peaks[chip];
    const title = `${CHIPS[chip].name}, ${tflops} TFLOP/s, ${bandwidth} GB/s`;
    return [`${title}: ms`, "of these products"];
  });
  return markdown(["step", "dispatches", ...headings], rows);
}

/** Products of ours beside a peer's. */
export function productTable({ products = [] }: StaticResults): string {
  const contenders = [...new Set(products.map(({ contender }) => contender))];
  const cellsOf = ({ registers, waves, loop, ...figures }: Figures) => {
    const reads = loop!.workgroupReads + loop!.memoryReads;
    const density = densityOf({ registers, waves, loop, ...figures });
    return `${(100 * density).toFixed(0)}%, ${
      (loop!.multiplyAdds / reads).toFixed(1)
    } a read, ${waves} waves`;
  };
  const rows = [...new Set(products.map(({ product }) => product))].map((name) => [
    name,
    ...CHIP_NAMES.flatMap((chip) =>
      contenders.map((contender) =>
        cellsOf(
          products.find((one) => one.product === name && one.contender === contender)!
            .figures[chip],
        )
      )
    ),
  ]);
  const headings = CHIP_NAMES.flatMap((chip) =>
    contenders.map((contender) => `${CHIPS[chip].name}: ${contender}`)
  );
  return markdown(["product, M x N x K", ...headings], rows);
}

/** All, as `docs/kernels.md` has them. */
export function docsText(results: StaticResults, earlier?: StaticResults): string {
  const { commit, software } = results;
  const versions = Object.entries(software).map(([name, version]) => `${name} ${version}`);
  const was = earlier ? `; "was" is ${earlier.commit}` : "";
  return [
    stepTable(results, earlier),
    kernelTable(results, "NAVI31", earlier),
    ...results.products?.length ? [productTable(results)] : [],
    `At ${commit}${was}; ${versions.join(", ")}.`,
  ].join("\n\n");
}
