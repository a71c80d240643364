/**
 * Chooses the tiles of matrix products by measuring them. No result depends on the choice: all tiles
 * sum in the same order.
 *
 * @module
 */
import { matmulTiled } from "../../../kernels/wgsl/matmul_tiled.ts";
import { type ProductSizes, type Tile, tileFor, TILES } from "../../../kernels/wgsl/tiles.ts";
import type { Plan } from "../../graph/plan.ts";
import { temporary } from "../../graph/tensor.ts";
import { type Dispatch, lower } from "./lowering.ts";
import { WebGpuProgram } from "./program.ts";
import type { GpuResources } from "./resources.ts";

/** Keeps an adapter's tiles for the next program, as text that only a {@linkcode Tuner} reads. */
export interface TileMemory {
  /** What was kept for an adapter; undefined where nothing was. */
  recall(adapter: string): Promise<string | undefined>;
  /** Keeps it in place of what was kept before. */
  keep(adapter: string, tiles: string): Promise<void>;
}

/** A product that a plan computes. */
interface Product {
  readonly sizes: ProductSizes;
  readonly part: number;
}

/** Milliseconds after which products that are not measured yet keep their usual tiles. */
const LONGEST = 2500;

/** FLOP that a product is repeated for, and how often at most. */
const [ENOUGH, MOST] = [2e9, 8];

/**
 * FLOP of a submission, and of a product's at most, which keeps its usual tile beyond: a system can
 * take a GPU that is silent for 2 seconds for dead.
 */
const [SUBMISSION, LARGEST] = [5e10, 2e11];

/** How much less time a tile must take than the usual one. */
const WORTH = 0.97;

const keyOf = ({ sizes: { layout, m, n, k }, part }: Product) => [layout, m, n, k, part].join(" ");
const flopsOf = ({ sizes: { m, n, k } }: Product) => 2 * m * n * k;

/** Measures the products of plans, each once. */
export class Tuner {
  #gpu: GpuResources;
  #adapter: string;
  #memory: TileMemory | undefined;
  /** Sides of tiles, by product. */
  #sides: Map<string, number> | undefined;
  #latest: Promise<void> = Promise.resolve();

  /** @param adapter its name, under which `memory` keeps the tiles */
  constructor(gpu: GpuResources, adapter: string, memory?: TileMemory) {
    this.#gpu = gpu;
    this.#adapter = adapter;
    this.#memory = memory;
  }

  /** A product's tile: the fastest if it was measured, else the usual one. */
  readonly tileFor = (sizes: ProductSizes, part: number): Tile => {
    const side = this.#sides?.get(keyOf({ sizes, part }));
    return TILES.find((tile) => tile.side === side) ?? tileFor(sizes, part);
  };

  /** Measures the products of a plan that are new; where that fails, they keep their usual tiles. */
  learn(plan: Plan<string>): Promise<void> {
    // One after another: what runs beside a measurement disturbs it.
    return this.#latest = this.#latest.then(() => this.#learn(plan)).catch(() => {});
  }

  async #learn(plan: Plan<string>): Promise<void> {
    const sides = this.#sides ??= parse(await this.#memory?.recall(this.#adapter));
    const products = new Map<string, Product>();
    lower(plan, {
      tileFor: (sizes, part) => {
        products.set(keyOf({ sizes, part }), { sizes, part });
        return tileFor(sizes, part);
      },
    });
    const fresh = [...products].filter(([key]) => !sides.has(key)).map(([, product]) => product);
    if (fresh.length === 0) return;
    const end = performance.now() + LONGEST;
    try {
      for (const some of submissions(fresh)) {
        if (performance.now() > end) break;
        for (const [key, side] of await this.#fastest(some)) sides.set(key, side);
      }
    } finally {
      // Another process can have kept its own meanwhile.
      const others = parse(await this.#memory?.recall(this.#adapter));
      const kept: Kept = { tiles: ALL, sides: Object.fromEntries([...others, ...sides]) };
      await this.#memory?.keep(this.#adapter, JSON.stringify(kept));
    }
  }

  /** The sides of the fastest tiles. */
  async #fastest(products: readonly Product[]): Promise<Map<string, number>> {
    const program = await WebGpuProgram.compile(this.#gpu, ["step"], products.flatMap(repeated));
    try {
      // The first replay wakes the GPU up.
      await program.profile();
      const times = new Map(
        (await program.profile()).map(({ name, milliseconds }) => [name, milliseconds]),
      );
      return new Map(products.map((product) => {
        const { side } = fastestTile(product, (tile) => times.get(nameOf(product, tile)));
        return [keyOf(product), side];
      }));
    } finally {
      program.destroy();
    }
  }
}

/** The usual tile and its neighbors. */
function candidates({ sizes, part }: Product): readonly Tile[] {
  const usual = TILES.indexOf(tileFor(sizes, part));
  return TILES.slice(Math.max(0, usual - 1), usual + 2);
}

/** The candidates by turns, each under a name of its own. */
function repeated(product: Product): Dispatch<"step">[] {
  const { sizes, part } = product;
  const { layout, m, n, k } = sizes;
  const tensors = [[m, k], [n, k], [Math.ceil(k / part), m, n]].map((shape) => temporary(...shape));
  const launches = candidates(product).map((tile) => ({
    ...matmulTiled({ layout, m, n, k, part, tile }),
    name: nameOf(product, tile),
  }));
  return Array.from({ length: turnsOf(product) }).flatMap(() =>
    launches.map((launch): Dispatch<"step"> => ({ launch, tensors, phase: "step" }))
  );
}

const turnsOf = (product: Product) => Math.min(MOST, Math.ceil(ENOUGH / flopsOf(product)));

const nameOf = (product: Product, { side }: Tile) => `${keyOf(product)}, tile ${side}`;

/** The usual tile, unless a neighbor takes clearly less time. */
export function fastestTile(
  product: Product,
  timeOf: (tile: Tile) => number | undefined,
): Tile {
  const usual = tileFor(product.sizes, product.part);
  const time = (tile: Tile) => (tile === usual ? WORTH : 1) * (timeOf(tile) ?? Infinity);
  return candidates(product).reduce((best, tile) => time(tile) < time(best) ? tile : best, usual);
}

/** Products in groups that take a GPU well under 2 seconds; without those that are too large. */
export function submissions(products: readonly Product[]): Product[][] {
  const groups: Product[][] = [];
  let left = 0;
  for (const product of products) {
    const flops = turnsOf(product) * candidates(product).length * flopsOf(product);
    if (flops > LARGEST) continue;
    if (left < flops) {
      groups.push([]);
      left = SUBMISSION;
    }
    groups.at(-1)!.push(product);
    left -= flops;
  }
  return groups;
}

/** What a {@linkcode TileMemory} keeps. */
interface Kept {
  /** The tiles that there were to choose from. */
  readonly tiles: string;
  /** Sides by product. */
  readonly sides: Readonly<Record<string, number>>;
}

const ALL = JSON.stringify(TILES);

/** What was kept; nothing where it is damaged, or about other tiles. */
function parse(text = "{}"): Map<string, number> {
  try {
    const { tiles, sides }: Kept = JSON.parse(text);
    return new Map(tiles === ALL ? Object.entries(sides) : []);
  } catch {
    return new Map();
  }
}
