/**
 * Counter-based random numbers: number `index` of stream `stream` of seed `seed` is a pure function
 * of the three (all u32), so the kernel `normals` and this module give the same numbers in any
 * order, and a resumed run needs nothing but its step.
 *
 *     hash(x):  x ^= x>>>16; x *= 0x21F0AAAD; x ^= x>>>15; x *= 0x735A2D97; x ^= x>>>15    (u32)
 *     key1     = hash(stream * 0x85EBCA6B + hash(seed + 0x9E3779B9))
 *     key2     = hash(seed * 0xC2B2AE35 + hash(stream + 0x7F4A7C15))
 *     bits(i)  = hash(hash(i * 0x9E3779B9 + key1) ^ key2)
 *     uniform  = ((bits >>> 9) + 0.5) * 2^-23          exact in float32, never 0 or 1
 *     normal   = sqrt(-2 ln uniform(2p)) * (i even ? cos : sin)(2 pi uniform(2p+1)),   p = i>>>1
 *
 * Two rounds and two keys: with one round every stream would be a shifted window of one sequence of
 * 2^32 numbers, so that streams of 100,000 numbers overlap after some hundred of them; with one key
 * any two seeds would share whole streams.
 *
 * @module
 */

/** A u32 mixed into another by a bijection without visible structure. */
export function hashU32(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x21F0AAAD);
  x ^= x >>> 15;
  x = Math.imul(x, 0x735A2D97);
  x ^= x >>> 15;
  return x >>> 0;
}

/** One stream of one seed. */
export class RandomStream {
  /** The two words that the kernel `normals` takes. */
  readonly keys: readonly [number, number];

  /**
   * @param seed u32
   * @param stream u32
   */
  constructor(seed: number, stream: number) {
    this.keys = [
      hashU32(Math.imul(stream, 0x85EBCA6B) + hashU32(seed + 0x9E3779B9)),
      hashU32(Math.imul(seed, 0xC2B2AE35) + hashU32(stream + 0x7F4A7C15)),
    ];
  }

  /** 32 random bits: number `index` of the stream. */
  bits(index: number): number {
    return hashU32(hashU32(Math.imul(index, 0x9E3779B9) + this.keys[0]) ^ this.keys[1]);
  }

  /** A number of the open interval (0, 1), exact in float32. */
  uniform(index: number): number {
    return ((this.bits(index) >>> 9) + 0.5) / 2 ** 23;
  }

  /** A standard normal by Box-Muller, from the bits 2p and 2p + 1 where p = index >>> 1. */
  normal(index: number): number {
    const pair = index - index % 2;
    const radius = Math.sqrt(-2 * Math.log(this.uniform(pair)));
    const angle = 2 * Math.PI * this.uniform(pair + 1);
    return radius * (index % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
  }
}

/**
 * A seed of its own for each purpose, so that no two parts of a program draw the same numbers.
 *
 * @param seed the user's seed, u32
 * @param purpose the purpose of the numbers
 */
export function seedFor(seed: number, purpose: string): number {
  let mixed = hashU32(seed);
  for (const character of purpose) mixed = hashU32(mixed + character.codePointAt(0)!);
  return mixed;
}
