// What is read from a GPU compiler's output, what is estimated from it, and, where Mesa's RADV is at
// hand, what it says of the kernels.

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { compileAll } from "../../bench/gpu_static/compile.ts";
import { milliseconds } from "../../bench/gpu_static/estimate.ts";
import { densityOf, figuresOf } from "../../bench/gpu_static/figures.ts";
import { hottestLoop } from "../../bench/gpu_static/machine_code.ts";
import { findMesa } from "../../bench/gpu_static/mesa.ts";
import {
  CHIP_NAMES,
  forChips,
  formatResults,
  readResults,
  type StaticResults,
} from "../../bench/gpu_static/results.ts";
import { PRESETS, stepsOf } from "../../bench/gpu_static/steps.ts";
import { docsText } from "../../bench/gpu_static/tables.ts";
import { replaceTable } from "../../bench/table.ts";
import { attention } from "../../kernels/wgsl/attention.ts";
import {
  attentionKeyGradient,
  attentionQueryGradient,
} from "../../kernels/wgsl/attention_gradient.ts";
import { matmulTiled } from "../../kernels/wgsl/matmul_tiled.ts";
import { gpuDocs } from "../../bench/gpu/results.ts";
import { TILES } from "../../kernels/wgsl/tiles.ts";
import { withFolder } from "../data/scratch.ts";

/** Parts of RADV's code for a product, with a loop that fills memory before it. */
const ASSEMBLY = `BB0:
	s_mov_b32 s12, s2                                           ; be8c0002
BB1:
	ds_store_b128 v10, v[0:3]                                   ; db7c0000 00000a0a
	s_branch BB1                                                ; bfa0fff1
BB11:
	s_cmp_ge_u32 s7, s6                                         ; bf0a0607
	s_cbranch_scc1 BB24                                         ; bfa201df
BB14:
	buffer_load_b128 v[76:79], v10, s[20:23], 0 offen           ; e05c0000 80454c0a
	s_waitcnt vmcnt(0)                                          ; bf8903f7
	ds_store_b128 v11, v[76:79]                                 ; db7c0000 00000a0a
BB78:
	ds_load_b128 v[76:79], v10                                  ; dbfc0000 4c00000a
	ds_load_2addr_b64 v[84:87], v80 offset0:2 offset1:3         ; dbfc1100 54000050
	v_fmac_f32_e32 v52, v76, v84                                ; 5668a94c
	v_fma_f32 v53, v76, v85, v53                                ; 566aab4c
	v_dual_fmac_f32 v73, v77, v85 :: v_dual_fmac_f32 v74, v77, v86 ; c8005555 1a060a0c
	v_dual_fmac_f32 v54, v76, v86 :: v_dual_mov_b32 v75, v77    ; c8005555 1a060a0c
	v_add_nc_u32_e32 v10, 16, v10                               ; 4a141490
	s_cbranch_scc0 BB78                                         ; bfa2004a
BB85:
	v_fmac_f32_e32 v52, v76, v84                                ; 5668a94c
	s_branch BB11                                               ; bfa0fef7
BB24:
	v_fmac_f32_e32 v52, v76, v84                                ; 5668a94c
	s_endpgm                                                    ; bfb00000
`;

Deno.test("hottestLoop() finds the innermost loop with the most multiply-adds", () => {
  assertEquals(hottestLoop(ASSEMBLY), {
    ...{ instructions: 8, multiplyAdds: 5, workgroupReads: 2, workgroupWrites: 0 },
    ...{ memoryReads: 0, memoryWrites: 0 },
  });
  const withoutInner = ASSEMBLY.replace("s_cbranch_scc0 BB78", "s_nop 0");
  assertEquals(hottestLoop(withoutInner), {
    ...{ instructions: 15, multiplyAdds: 6, workgroupReads: 2, workgroupWrites: 1 },
    ...{ memoryReads: 1, memoryWrites: 0 },
  });
  assertEquals(hottestLoop("BB0:\n\tv_fmac_f32_e32 v52, v76, v84\n\ts_endpgm\n"), undefined);
});

const FIGURES = {
  ...{ registers: 100, spills: 0, waves: 8, workgroupMemory: 8704, instructions: 700 },
  loop: {
    ...{ instructions: 320, multiplyAdds: 256, workgroupReads: 16, workgroupWrites: 0 },
    ...{ memoryReads: 0, memoryWrites: 0 },
  },
};

Deno.test("milliseconds() takes the longer of arithmetic and memory, and shows the idle share", () => {
  const gpu = { tflops: 10, bandwidth: 1000 }; // 2,000 lanes at 2.5 GHz
  const of = (invocations: number, flops: number, bytes: number) =>
    milliseconds({ invocations, flops, bytes }, FIGURES, gpu);
  assertAlmostEquals(of(1e6, 1e10, 1e3), 1 / 0.8);
  assertAlmostEquals(of(1e6, 1e3, 1e9), 1);
  assertAlmostEquals(of(500, 1e10, 1e3), 4 / 0.8);
  const { loop: _, ...loopless } = FIGURES;
  assertAlmostEquals(milliseconds({ invocations: 1e6, flops: 1e10, bytes: 0 }, loopless, gpu), 1);
});

Deno.test("stepsOf() counts the parts of an accumulating step, and allocates nothing", () => {
  const [train, sample] = stepsOf("imagenet64");
  assertEquals([train.task, train.batch, sample.task, sample.batch], ["train", 1024, "sample", 1]);
  const total = (name: string) =>
    train.work.filter((one) => one.name === name)
      .reduce((sum, { dispatches }) => sum + dispatches, 0);
  // A slab of 158 M parameters is bound in ten windows.
  assertEquals([total("normals"), total("lamb update")], [64, 10]);
  const steps = sample.work.filter(({ name }) => name === "sampler step");
  assertEquals(steps.map(({ dispatches, bytes }) => [dispatches, bytes > 0]), [[1, true]]);
});

const RESULTS: StaticResults = {
  ...{ version: 1, commit: "1a2b3c4", date: "2026-01-02T03:04:05Z", software: { mesa: "25" } },
  peaks: forChips(() => ({ tflops: 61, bandwidth: 960 })),
  kernels: [{ name: "matmul", figures: forChips(() => FIGURES) }],
  steps: [{
    ...{ preset: "faces", task: "train", batch: 32 },
    work: [{
      ...{ kernel: 0, dispatches: 3, invocations: 64, flops: 1, bytes: 1 },
      milliseconds: forChips(() => 0.25),
    }],
  }],
  products: ["rin", "jax-js"].map((contender) => ({
    ...{ product: "5 x 6 x 7, NT", contender },
    figures: forChips(() => FIGURES),
  })),
};

Deno.test("readResults() reads what formatResults() wrote, and refuses other files", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.json`, formatResults(RESULTS));
    assertEquals(await readResults(`${folder}/a.json`), RESULTS);
    await Deno.writeTextFile(`${folder}/b.json`, formatResults(RESULTS).replace(":1", ":2"));
    await assertRejects(() => readResults(`${folder}/b.json`), Error, "version is 2, expected 1");
    await assertRejects(() => readResults(`${folder}/c.json`), Error, "Cannot read results");
  }));

Deno.test("docsText() shows the present, and the past where it differs", () => {
  const earlier = {
    ...{ ...RESULTS, commit: "0000000" },
    kernels: [{ name: "matmul", figures: forChips(() => ({ ...FIGURES, spills: 7 })) }],
  };
  const text = docsText(RESULTS, earlier).replaceAll(/ +/g, " ");
  assert(text.includes("| matmul | 100 | 0 (was 7) | 8 | 8704 | 80% | 16.0 |"), text);
  assert(text.includes("| faces, train, batch 32 | 3 | 0.25 | 0.25 | 0.25 | 0.25 |"), text);
  const product = "80%, 16.0 a read, 8 waves";
  assert(text.includes(`| 5 x 6 x 7, NT | ${Array(4).fill(product).join(" | ")} |`), text);
  assert(text.includes('At 1a2b3c4; "was" is 0000000; mesa 25.'), text);
});

/** The words of a text, however deno fmt aligns its tables and breaks its lines. */
const wordsOf = (text: string) => text.split(/[\s|:-]+/).filter(Boolean).join(" ");

Deno.test("docs/kernels.md has the tables of the results that it names", async () => {
  const root = new URL("../../", import.meta.url);
  const docs = await Deno.readTextFile(new URL("docs/kernels.md", root));
  const [, after, before] = /\bAt (\w+);\s+"was"\s+is\s+(\w+);/.exec(docs)!;
  const [now, earlier] = await Promise.all(
    [after, before].map((commit) =>
      readResults(fileURLToPath(new URL(`bench/results/gpu-static/${commit}.json`, root)))
    ),
  );
  assertEquals(wordsOf(docs), wordsOf(replaceTable(docs, docsText(now, earlier), "gpu:static")));
});

Deno.test("docs/kernels.md has the table of the GPU's results that it names", async () => {
  const root = new URL("../../", import.meta.url);
  const docs = await Deno.readTextFile(new URL("docs/kernels.md", root));
  const [, adapter, commit] = /<!-- gpu -->\s+(.+), at (\w+), /.exec(docs)!;
  const name = `${adapter} ${commit}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const results = await Deno.readTextFile(new URL(`bench/results/gpu/${name}.json`, root));
  const made = replaceTable(docs, gpuDocs(JSON.parse(results)), "gpu");
  assertEquals(wordsOf(docs), wordsOf(made));
});

const mesa = await findMesa();

Deno.test({
  name: "RADV spills no kernel of a step, and gives all but products at most 128 registers",
  ignore: mesa === undefined,
  fn: async () => {
    const steps = [
      ...PRESETS.flatMap((preset) => stepsOf(preset)),
      ...["faces", "imagenet64"].flatMap((preset) => stepsOf(preset, "f16")),
    ];
    const work = steps.flatMap(({ work }) => work);
    const names = new Map(work.map(({ code, name }) => [code, name]));
    const compiled = await compileAll(mesa!, [...names.keys()]);
    for (const chip of CHIP_NAMES) {
      [...names.values()].forEach((name, i) => {
        const { spills, registers } = figuresOf(compiled[chip][i]);
        assertEquals(spills, 0, `${name} spills on ${chip}`);
        assert(registers <= 128 || name === "matmul", `${name}: ${registers} on ${chip}`);
      });
    }
  },
});

Deno.test({
  name: "RADV compiles attention densely into at most 128 registers, for heads of 16 to 128",
  ignore: mesa === undefined,
  fn: async () => {
    const variants = [16, 48, 100, 128].flatMap((d) => {
      const sizes = { batch: 64, heads: 8, d, queries: 128, keys: 1024 };
      const lie = { qStride: 8 * d, qStart: 0, kvStride: 16 * d, kStart: 0, vStart: 8 * d };
      return [attention, attentionQueryGradient, attentionKeyGradient].map((make) => {
        const { name, code } = make({ ...sizes, ...lie });
        return { name: `${name}, heads of ${d}`, code };
      });
    });
    const compiled = await compileAll(mesa!, variants.map(({ code }) => code));
    for (const chip of CHIP_NAMES) {
      variants.forEach(({ name }, i) => {
        const figures = figuresOf(compiled[chip][i]);
        const title = `${chip}, ${name}: ${JSON.stringify(figures)}`;
        assert(figures.spills === 0 && figures.registers <= 128, title);
        assert(densityOf(figures) >= 0.3, title);
      });
    }
  },
});

Deno.test("stepsOf() has attention that fills a GPU at batch 1", () => {
  for (
    const { preset, work } of PRESETS.flatMap((preset) => stepsOf(preset)).filter(({ task }) =>
      task === "sample"
    )
  ) {
    for (const { name, invocations } of work) {
      if (name.startsWith("attention")) assert(invocations >= 2000, `${preset}: ${name}`);
    }
  }
});

/**
 * By an invocation's results: the share of multiply-adds, and how many there are for a read of
 * workgroup memory. The last tile is for products that are too small to keep a GPU busy anyway.
 */
const DENSITY: Record<number, readonly [density: number, reuse: number]> = {
  64: [0.65, 12],
  16: [0.5, 8],
  4: [0.25, 2],
};

Deno.test({
  name: "RADV compiles each product's hottest loop densely, with few reads of workgroup memory",
  ignore: mesa === undefined,
  fn: async () => {
    const size = { m: 512, n: 512, k: 512 };
    const variants = TILES.flatMap((tile) => [
      { ...size, tile, layout: "nt", bias: true, activation: "gelu", keepPre: true } as const,
      { ...size, tile, layout: "nt", bias: true, types: { b: "f16", bias: "f16" } } as const,
      { ...size, tile, layout: "nn", derivative: "gelu", accumulate: true } as const,
      { ...size, tile, layout: "nn", k: 20 } as const,
      { ...size, tile, layout: "tn", columnSums: true } as const,
    ]);
    const compiled = await compileAll(mesa!, variants.map((one) => matmulTiled(one).code));
    for (const chip of CHIP_NAMES) {
      variants.forEach((variant, i) => {
        const figures = figuresOf(compiled[chip][i]);
        const { spills, waves, loop } = figures;
        const { rows, columns } = variant.tile;
        const [density, reuse] = DENSITY[rows * columns];
        const title = `${chip}, ${JSON.stringify(variant)}: ${JSON.stringify(figures)}`;
        assert(densityOf(figures) >= density, title);
        assert(loop!.multiplyAdds >= reuse * loop!.workgroupReads, title);
        assert(spills === 0 && waves >= 8, title);
      });
    }
  },
});
