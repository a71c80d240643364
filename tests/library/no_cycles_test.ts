// The house of docs/design.md: each floor imports only from floors below it, and no files import each
// other in a circle, types included.

import { assert, assertEquals } from "@std/assert";

/** The floors, from the top down. A file lies on the floor with the longest path that it begins with. */
const FLOORS = [
  "cli/",
  "page/",
  "src/service/",
  "src/run/",
  "src/mpi/",
  "src/picture/",
  "src/eval/",
  "src/train/",
  "src/data/",
  "src/files/",
  "src/sampling.ts",
  "src/diffusion/",
  "src/model/",
  "src/formats/",
  "src/nn/",
  "src/device/",
  "src/graph/",
  "src/options/",
  "kernels/",
];

/** Circles that are there today. Remove each from here with the circle itself; add none. */
const KNOWN_CIRCLES: readonly string[] = [];

/** The files that each file imports, by their paths from the root. */
type Imports = ReadonlyMap<string, readonly string[]>;

const root = new URL("../../", import.meta.url);

/** All TypeScript files below a folder. */
async function filesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (isDirectory) found.push(...await filesIn(`${folder}${name}/`));
    else if (name.endsWith(".ts")) found.push(`${folder}${name}`);
  }
  return found;
}

/** The TypeScript files that a module's text names as imported from, exported from, or loaded. */
function importsOf(file: string, text: string): string[] {
  // Examples in comments import, too.
  const code = text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*/gm, "");
  const named =
    /^(?:import|export)\b[^;"'`]*?\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;
  return [...code.matchAll(named)]
    .map(([, from, effect, loaded]) => from ?? effect ?? loaded)
    .filter((path) => path.startsWith(".") && path.endsWith(".ts"))
    .map((path) => new URL(path, `file:///${file}`).pathname.slice(1));
}

async function readImports(): Promise<Imports> {
  const folders = [...new Set(FLOORS.map((floor) => floor.split("/")[0] + "/"))];
  const files = (await Promise.all(folders.map(filesIn))).flat().sort();
  const read = async (file: string) =>
    [file, importsOf(file, await Deno.readTextFile(new URL(file, root)))] as const;
  return new Map(await Promise.all(files.map(read)));
}

/** For every import that lies on a circle the shortest such circle, each named once. */
function circles(imports: Imports): string[] {
  const found = [...imports].flatMap(([file, imported]) =>
    imported.flatMap((next) => {
      const back = shortestWay(imports, next, file);
      return back ? [nameOf(back)] : [];
    })
  );
  return [...new Set(found)].sort();
}

/** The files from one to another, both included; undefined where no imports lead there. */
function shortestWay(imports: Imports, from: string, to: string): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[from, undefined]]);
  for (const file of cameFrom.keys()) {
    if (file === to) {
      const way = [file];
      for (let at = cameFrom.get(file); at !== undefined; at = cameFrom.get(at)) way.unshift(at);
      return way;
    }
    for (const next of imports.get(file) ?? []) if (!cameFrom.has(next)) cameFrom.set(next, file);
  }
}

/** A circle's name, which doesn't depend on where it was entered. */
function nameOf(circle: readonly string[]): string {
  const first = circle.indexOf(circle.toSorted()[0]);
  const turned = [...circle.slice(first), ...circle.slice(0, first)];
  return [...turned, turned[0]].join(" -> ");
}

/** Imports that lead to no floor, or to one above. */
function upward(imports: Imports): string[] {
  return [...imports].flatMap(([file, imported]) =>
    imported.filter((to) => !(floorOf(file) <= floorOf(to))).map((to) => `${file} -> ${to}`)
  );
}

/** A file's place in {@linkcode FLOORS}; NaN where it lies on none. */
function floorOf(file: string): number {
  const holding = FLOORS.filter((floor) => file.startsWith(floor));
  const floor = holding.sort((a, b) => b.length - a.length)[0];
  return floor === undefined ? NaN : FLOORS.indexOf(floor);
}

Deno.test("files don't import each other in a circle", async () => {
  assertEquals(circles(await readImports()), KNOWN_CIRCLES);
});

Deno.test("files lie on a floor, and import only from their own and those below", async () => {
  const imports = await readImports();
  assertEquals([...imports.keys()].filter((file) => Number.isNaN(floorOf(file))), []);
  assertEquals(upward(imports), []);
  // Every floor is there, and what imports were found is not just a few.
  for (const floor of FLOORS) {
    assert([...imports.keys()].some((file) => file.startsWith(floor)), `${floor} has no files`);
  }
  assert([...imports.values()].flat().length > 3 * imports.size);
  for (const to of new Set([...imports.values()].flat())) assert(imports.has(to), `no ${to}`);
});

Deno.test("importsOf() finds imports in any form, but not in examples", () => {
  const text = `
/** An example: import { a } from "./comment.ts"; */
// import "./line.ts";
/**
 * \`\`\`ts
import { b } from "./fence.ts";
 */
import { c } from "./c.ts";
import type { D } from "../nn/d.ts";
import {
  e,
  type F,
} from "../../kernels/e.ts";
export * from "./g.ts";
export { h } from "./h.ts";
import "./effect.ts";
import data from "./data.json" with { type: "json" };
import { assert } from "@std/assert";
export const from = "./no.ts";
const late = await import("./late.ts");
`;
  assertEquals(importsOf("src/model/a.ts", text), [
    "src/model/c.ts",
    "src/nn/d.ts",
    "kernels/e.ts",
    "src/model/g.ts",
    "src/model/h.ts",
    "src/model/effect.ts",
    "src/model/late.ts",
  ]);
});

Deno.test("circles are named once, at any length, with what leads up to them", () => {
  const imports = new Map([
    ["src/nn/a.ts", ["src/nn/b.ts", "kernels/k.ts"]],
    ["src/nn/b.ts", ["src/nn/c.ts"]],
    ["src/nn/c.ts", ["src/nn/a.ts", "src/nn/b.ts"]],
    ["src/nn/self.ts", ["src/nn/self.ts"]],
    ["kernels/k.ts", ["kernels/l.ts"]],
    ["kernels/l.ts", ["src/gpu/plan.ts", "mod.ts"]],
  ]);
  assertEquals(circles(imports), [
    "src/nn/a.ts -> src/nn/b.ts -> src/nn/c.ts -> src/nn/a.ts",
    "src/nn/b.ts -> src/nn/c.ts -> src/nn/b.ts",
    "src/nn/self.ts -> src/nn/self.ts",
  ]);
  assertEquals(upward(imports), ["kernels/l.ts -> src/gpu/plan.ts", "kernels/l.ts -> mod.ts"]);
});
