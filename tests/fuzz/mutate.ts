// Files with a few things changed, as accidents and malice change them; the same for the same seed.

/** Random numbers of a seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `below - 1`. */
  roll(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * below);
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.roll(list.length)];
  }
}

const numbers = [0n, 1n, 7n, 8n, 127n, 128n, 255n, 256n, 32767n, 65535n, 65536n, 2n ** 31n - 1n]
  .concat([
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
  ]);

const texts = [
  ...["-1", "0", "1", "1.5", "1e3", "1e400", "4294967296", "9007199254740991", "9007199254740993"],
  ...["null", "[]", "{}", '""', "true", '"\\ud800"', "[[[[[[", '"__proto__":', ",", "\\", '"', "}"],
];

type Mutation = (bytes: Uint8Array, dice: Dice, other: Uint8Array) => Uint8Array;

function replaced(bytes: Uint8Array, at: number, length: number, by: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length - length + by.length);
  out.set(bytes.subarray(0, at));
  out.set(by, at);
  out.set(bytes.subarray(at + length), at + by.length);
  return out;
}

/** A place and a short length after it. */
function range(bytes: Uint8Array, dice: Dice): [at: number, length: number] {
  const at = dice.roll(bytes.length + 1);
  return [at, dice.roll(Math.min(64, bytes.length - at) + 1)];
}

const mutations: readonly Mutation[] = [
  function flipBit(bytes, dice) {
    const at = dice.roll(bytes.length);
    return replaced(bytes, at, 1, Uint8Array.of(bytes[at] ^ (1 << dice.roll(8))));
  },
  function setByte(bytes, dice) {
    return replaced(bytes, dice.roll(bytes.length), 1, Uint8Array.of(dice.roll(256)));
  },
  function setNumber(bytes, dice) {
    const width = dice.pick([1, 2, 4, 8]);
    if (bytes.length < width) return bytes;
    const number = new DataView(new ArrayBuffer(8));
    const little = dice.roll(2) === 0;
    number.setBigUint64(0, dice.pick(numbers), little);
    const all = new Uint8Array(number.buffer);
    const at = dice.roll(bytes.length - width + 1);
    return replaced(bytes, at, width, little ? all.slice(0, width) : all.slice(8 - width));
  },
  function setDigits(bytes, dice) {
    const text = new TextDecoder("latin1").decode(bytes.subarray(0, 4096));
    const found = [...text.matchAll(/\d+/g)];
    if (found.length === 0) return bytes;
    const { index, 0: digits } = dice.pick(found);
    return replaced(bytes, index, digits.length, new TextEncoder().encode(dice.pick(texts)));
  },
  function insertText(bytes, dice) {
    const at = dice.roll(Math.min(bytes.length, 4096));
    return replaced(bytes, at, 0, new TextEncoder().encode(dice.pick(texts)));
  },
  function remove(bytes, dice) {
    const [at, length] = range(bytes, dice);
    return replaced(bytes, at, length, new Uint8Array());
  },
  function repeat(bytes, dice) {
    const [at, length] = range(bytes, dice);
    return replaced(bytes, at, 0, bytes.slice(at, at + length));
  },
  function move(bytes, dice) {
    const [at, length] = range(bytes, dice);
    const part = bytes.slice(at, at + length);
    const rest = replaced(bytes, at, length, new Uint8Array());
    return replaced(rest, dice.roll(rest.length + 1), 0, part);
  },
  function truncate(bytes, dice) {
    return bytes.slice(0, dice.roll(bytes.length + 1));
  },
  function splice(bytes, dice, other) {
    const at = dice.roll(Math.min(bytes.length, other.length) + 1);
    return replaced(bytes, at, bytes.length - at, other.subarray(at));
  },
];

/** One of the files with one to four changes. */
export function mutate(files: readonly Uint8Array[], dice: Dice): Uint8Array<ArrayBuffer> {
  let bytes: Uint8Array = dice.pick(files);
  for (let changes = 1 + dice.roll(4); changes > 0; changes--) {
    if (bytes.length > 0) bytes = dice.pick(mutations)(bytes, dice, dice.pick(files));
  }
  return Uint8Array.from(bytes);
}
