/**
 * Counter-based random normals; `src/nn/random.ts` gives the same stream in TypeScript.
 *
 * @module
 */
import { forEach, type Launch, launch, linearGrid, read, write } from "./kernel.ts";

/** WGSL: `uniform_at(keys, index)` in (0, 1), from 23 bits of a hash. */
export const hash = `
fn hash(v: u32) -> u32 {
  var x = v;
  x ^= x >> 16u;
  x *= 0x21F0AAADu;
  x ^= x >> 15u;
  x *= 0x735A2D97u;
  return x ^ (x >> 15u);
}
fn uniform_at(keys: vec2<u32>, index: u32) -> f32 {
  let bits = hash(hash(index * 0x9E3779B9u + keys.x) ^ keys.y);
  return (f32(bits >> 9u) + 0.5) * 1.1920928955078125e-7;
}
`;

/**
 * Standard normals, y (batch, each), by Box and Muller; row b is the stream of the two words
 * keys[b], so a row depends on its keys alone. Angles are taken half a turn back, where sin and cos are
 * precise: both change their sign. Binds keys (batch, 2, u32), y.
 */
export function normals({ batch, each }: { batch: number; each: number }): Launch {
  const pairs = Math.ceil(each / 2);
  return launch(
    "normals",
    { count: batch * pairs, pairs, each },
    [read("keys", "array<vec2<u32>>"), write("y")],
    linearGrid(batch * pairs),
    hash + forEach(
      "p.count",
      `
  let b = i / p.pairs;
  let pair = i % p.pairs;
  let radius = sqrt(-2.0 * log(uniform_at(keys[b], 2u * pair)));
  let angle = 6.283185307179586 * (uniform_at(keys[b], 2u * pair + 1u) - 0.5);
  let at = b * p.each + 2u * pair;
  y[at] = -radius * cos(angle);
  if (2u * pair + 1u < p.each) { y[at + 1u] = -radius * sin(angle); }`,
    ),
  );
}
