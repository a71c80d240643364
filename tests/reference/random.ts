/**
 * Counter-based random numbers: number `index` of stream `stream` of seed `seed` is a pure function
 * of the three (all u32), so a kernel computes any of them alone and in any order, and nothing has
 * to be stored but the counters.
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

/** The two u32 keys of a stream; they depend on seed and stream only. */
export function streamKeys(seed: number, stream: number): [number, number] {
  return [
    hashU32(Math.imul(stream, 0x85EBCA6B) + hashU32(seed + 0x9E3779B9)),
    hashU32(Math.imul(seed, 0xC2B2AE35) + hashU32(stream + 0x7F4A7C15)),
  ];
}

/** 32 random bits: number `index` of a stream. */
export function randomBits(seed: number, stream: number, index: number): number {
  const [key1, key2] = streamKeys(seed, stream);
  return bitsAt(key1, key2, index);
}

/** A number of the open interval (0, 1), a multiple of 2^-24, so exact in float32. */
export function uniform(seed: number, stream: number, index: number): number {
  return toUniform(randomBits(seed, stream, index));
}

/** A standard normal by Box-Muller; uses the bits `2p` and `2p + 1` where p = index >>> 1. */
export function normal(seed: number, stream: number, index: number): number {
  const [key1, key2] = streamKeys(seed, stream);
  return normalAt(key1, key2, index);
}

/** Fills `out` with the normals `offset`, `offset + 1`, ... of a stream. */
export function fillNormal(
  out: Float32Array,
  seed: number,
  stream: number,
  offset: number = 0,
): Float32Array {
  const [key1, key2] = streamKeys(seed, stream);
  for (let i = 0; i < out.length; i++) out[i] = normalAt(key1, key2, offset + i);
  return out;
}

function bitsAt(key1: number, key2: number, index: number): number {
  return hashU32(hashU32(Math.imul(index, 0x9E3779B9) + key1) ^ key2);
}

function toUniform(bits: number): number {
  return ((bits >>> 9) + 0.5) / 2 ** 23;
}

function normalAt(key1: number, key2: number, index: number): number {
  const pair = index - index % 2;
  const radius = Math.sqrt(-2 * Math.log(toUniform(bitsAt(key1, key2, pair))));
  const angle = 2 * Math.PI * toUniform(bitsAt(key1, key2, pair + 1));
  return radius * (index % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
}
