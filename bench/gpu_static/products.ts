/**
 * Our products beside those that jax-js makes for the same shapes.
 *
 * @module
 */
import type { Layout } from "../../kernels/shapes.ts";
import { matmulTiled } from "../../kernels/wgsl/matmul_tiled.ts";
import { partDepth } from "../../kernels/wgsl/tiles.ts";
import type { MatmulLayout, MatmulShape } from "../peers/matmul.ts";
import { compileAll, run } from "./compile.ts";
import { densityOf, figuresOf } from "./figures.ts";
import type { Mesa } from "./mesa.ts";
import { forChips, type ProductFigures } from "./results.ts";

/** M, N, K of forward products of faces, demo, cifar10, and imagenet64, and their adjoints. */
const SHAPES: readonly MatmulShape[] = ([
  [512, 512, 128],
  [2048, 256, 64],
  [4096, 512, 512],
  [2048, 768, 768],
] as const).flatMap(([M, N, K]) => [
  { M, N, K, layout: "NT" },
  { M, N: K, K: N, layout: "NN" },
  { M: N, N: K, K: M, layout: "TN" },
]);

/** Compiles both; needs an adapter for jax-js to make its kernels with. */
export async function compareProducts(mesa: Mesa): Promise<ProductFigures[]> {
  const theirs: string[][] = await run("jax_products.ts", [JSON.stringify(SHAPES)], {
    XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp",
  });
  const ours = SHAPES.map(({ M: m, N: n, K: k, layout }) => {
    const sizes = { layout: (layout as MatmulLayout).toLowerCase() as Layout, m, n, k };
    return matmulTiled({ ...sizes, part: partDepth(sizes) }).code;
  });
  const contenders = [
    { contender: "rin", texts: ours.map((text) => [text]) },
    { contender: "jax-js", texts: theirs },
  ];
  const all = [...new Set(contenders.flatMap(({ texts }) => texts.flat()))];
  const compiled = await compileAll(mesa, all);
  return contenders.flatMap(({ contender, texts }) =>
    SHAPES.map(({ M, N, K, layout }, i) => ({
      ...{ product: `${M} x ${N} x ${K}, ${layout}`, contender },
      // Of several kernels the one that multiplies.
      figures: forChips((chip) =>
        texts[i].map((text) => figuresOf(compiled[chip][all.indexOf(text)]))
          .toSorted((a, b) => densityOf(b) - densityOf(a))[0]
      ),
    }))
  );
}
