/**
 * Python's pickles read as data. The reader never calls anything in them: a named class or function
 * becomes a {@linkcode PythonObject} with its name and arguments, and the reader's owner converts
 * those that it knows.
 *
 * Dicts become Maps; lists, tuples and sets arrays; None null; integers beyond 64 bits NaN.
 *
 * @module
 */
import { FormatError } from "./format_error.ts";
import { PickleBytes } from "./pickle_bytes.ts";

/** An instance, or an unknown function's result, as the pickle describes it. */
export class PythonObject {
  /** Items set by key, where it is a kind of dict. */
  readonly items: Map<unknown, unknown> = new Map();
  /** Its attributes, or the state that its class set. */
  state: unknown;

  constructor(
    /** Module and name of the class or function. */
    readonly name: string,
    readonly args: readonly unknown[],
  ) {}
}

/** A class or function by module and name. */
export class Global {
  constructor(readonly name: string) {}
}

/** How the reader's owner resolves references. */
export interface Resolver {
  /** The result of a call, or undefined where the function is not known. */
  readonly call: (name: string, args: readonly unknown[]) => unknown;
  /** Resolves a persistent id. */
  readonly persistent: (id: unknown) => unknown;
  /** Converts Python 2's strings of bytes: text in UTF-8 where this is absent. */
  readonly byteString?: (bytes: Uint8Array<ArrayBuffer>) => unknown;
}

const mark = Symbol("mark");

/** Reads the first pickle in some bytes. @throws {FormatError} when it is none */
export function unpickle(bytes: Uint8Array<ArrayBuffer>, resolver: Resolver): unknown {
  return new Unpickler(new PickleBytes(bytes), resolver).read();
}

class Unpickler {
  #stack: unknown[] = [];
  #memo = new Map<number, unknown>();

  constructor(readonly bytes: PickleBytes, readonly resolver: Resolver) {}

  read(): unknown {
    for (;;) {
      const code = this.bytes.uint8();
      if (code === 0x2e) return this.#pop();
      const opcode = opcodes[code];
      if (opcode === undefined) {
        throw new FormatError(`its pickle has the unknown opcode 0x${code.toString(16)}`);
      }
      opcode(this, this.bytes);
    }
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw new FormatError("its pickle is damaged");
    return this.#stack.pop();
  }

  pop(): unknown {
    const value = this.#pop();
    if (value === mark) throw new FormatError("its pickle is damaged");
    return value;
  }

  /** The last `count` values. */
  take(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  pushByteString(bytes: Uint8Array<ArrayBuffer>): void {
    const { byteString } = this.resolver;
    this.push(byteString ? byteString(bytes) : new TextDecoder().decode(bytes));
  }

  setMark(): void {
    this.#stack.push(mark);
  }

  /** Takes the values pushed since the last mark. */
  sinceMark(): unknown[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw new FormatError("its pickle is damaged");
    const values = this.#stack.splice(at);
    return values.slice(1);
  }

  duplicate(): void {
    const top = this.pop();
    this.#stack.push(top, top);
  }

  put(index = this.#memo.size): void {
    const top = this.pop();
    this.#memo.set(index, top);
    this.#stack.push(top);
  }

  get(index: number): void {
    if (!this.#memo.has(index)) throw new FormatError("its pickle is damaged");
    this.#stack.push(this.#memo.get(index));
  }

  call(): void {
    const [callee, args] = this.take(2);
    const list = Array.isArray(args) ? args : [];
    if (!(callee instanceof Global)) return this.push(new PythonObject("?", list));
    const made = this.resolver.call(callee.name, list);
    this.push(made === undefined ? new PythonObject(callee.name, list) : made);
  }

  /** `obj.update(pairs)`; on other objects it does nothing. */
  setItems(pairs: readonly unknown[]): void {
    const target = this.pop();
    const map = target instanceof PythonObject ? target.items : target;
    if (map instanceof Map) {
      for (let i = 0; i + 1 < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
    }
    this.push(target);
  }

  append(values: readonly unknown[]): void {
    const target = this.pop();
    if (Array.isArray(target)) { for (const value of values) target.push(value); }
    this.push(target);
  }

  /** Gives an object its state. */
  build(): void {
    const [target, state] = this.take(2);
    if (target instanceof PythonObject) target.state = state;
    this.push(target);
  }

  persistent(): void {
    this.push(this.resolver.persistent(this.pop()));
  }
}

function dictOf(pairs: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let i = 0; i + 1 < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
  return map;
}

/** Of protocols 0 to 5; see Python's pickletools for the meaning of each. */
const opcodes: Record<number, (machine: Unpickler, bytes: PickleBytes) => void> = {
  0x80: (_, bytes) => bytes.uint8(), // PROTO
  0x95: (_, bytes) => bytes.uint64(), // FRAME
  // Marks, and the stack itself.
  0x28: (m) => m.setMark(), // MARK
  0x30: (m) => m.pop(), // POP
  0x31: (m) => m.sinceMark(), // POP_MARK
  0x32: (m) => m.duplicate(), // DUP
  // Constants.
  0x4e: (m) => m.push(null), // NONE
  0x88: (m) => m.push(true), // NEWTRUE
  0x89: (m) => m.push(false), // NEWFALSE
  // Numbers.
  0x4a: (m, bytes) => m.push(bytes.int32()), // BININT
  0x4b: (m, bytes) => m.push(bytes.uint8()), // BININT1
  0x4d: (m, bytes) => m.push(bytes.uint16()), // BININT2
  0x8a: (m, bytes) => m.push(bytes.integer(bytes.uint8())), // LONG1
  0x8b: (m, bytes) => m.push(bytes.integer(bytes.uint32())), // LONG4
  0x47: (m, bytes) => m.push(bytes.float64()), // BINFLOAT
  0x49: (m, bytes) => m.push(numberOf(bytes.line())), // INT
  0x4c: (m, bytes) => m.push(numberOf(bytes.line())), // LONG
  0x46: (m, bytes) => m.push(Number(bytes.line())), // FLOAT
  // Texts and bytes.
  0x58: (m, bytes) => m.push(bytes.text(bytes.uint32())), // BINUNICODE
  0x8c: (m, bytes) => m.push(bytes.text(bytes.uint8())), // SHORT_BINUNICODE
  0x8d: (m, bytes) => m.push(bytes.text(bytes.uint64())), // BINUNICODE8
  0x54: (m, bytes) => m.pushByteString(bytes.raw(bytes.uint32())), // BINSTRING
  0x55: (m, bytes) => m.pushByteString(bytes.raw(bytes.uint8())), // SHORT_BINSTRING
  0x53: (m, bytes) => m.push(bytes.line().slice(1, -1)), // STRING
  0x56: (m, bytes) => m.push(bytes.line()), // UNICODE
  0x42: (m, bytes) => m.push(bytes.raw(bytes.uint32())), // BINBYTES
  0x43: (m, bytes) => m.push(bytes.raw(bytes.uint8())), // SHORT_BINBYTES
  0x8e: (m, bytes) => m.push(bytes.raw(bytes.uint64())), // BINBYTES8
  0x96: (m, bytes) => m.push(bytes.raw(bytes.uint64())), // BYTEARRAY8
  // Collections.
  0x5d: (m) => m.push([]), // EMPTY_LIST
  0x6c: (m) => m.push(m.sinceMark()), // LIST
  0x61: (m) => m.append(m.take(1)), // APPEND
  0x65: (m) => m.append(m.sinceMark()), // APPENDS
  0x29: (m) => m.push([]), // EMPTY_TUPLE
  0x74: (m) => m.push(m.sinceMark()), // TUPLE
  0x85: (m) => m.push(m.take(1)), // TUPLE1
  0x86: (m) => m.push(m.take(2)), // TUPLE2
  0x87: (m) => m.push(m.take(3)), // TUPLE3
  0x7d: (m) => m.push(new Map()), // EMPTY_DICT
  0x64: (m) => m.push(dictOf(m.sinceMark())), // DICT
  0x73: (m) => m.setItems(m.take(2)), // SETITEM
  0x75: (m) => m.setItems(m.sinceMark()), // SETITEMS
  0x8f: (m) => m.push([]), // EMPTY_SET
  0x90: (m) => m.append(m.sinceMark()), // ADDITEMS
  0x91: (m) => m.push(m.sinceMark()), // FROZENSET
  // The memo.
  0x71: (m, bytes) => m.put(bytes.uint8()), // BINPUT
  0x72: (m, bytes) => m.put(bytes.uint32()), // LONG_BINPUT
  0x70: (m, bytes) => m.put(Number(bytes.line())), // PUT
  0x94: (m) => m.put(), // MEMOIZE
  0x68: (m, bytes) => m.get(bytes.uint8()), // BINGET
  0x6a: (m, bytes) => m.get(bytes.uint32()), // LONG_BINGET
  0x67: (m, bytes) => m.get(Number(bytes.line())), // GET
  // Classes, functions and their results.
  0x63: (m, bytes) => m.push(new Global(`${bytes.line()}.${bytes.line()}`)), // GLOBAL
  0x93: (m) => m.push(globalOf(m.take(2))), // STACK_GLOBAL
  0x52: (m) => m.call(), // REDUCE
  0x81: (m) => m.call(), // NEWOBJ
  0x92: (m) => (m.pop(), m.call()), // NEWOBJ_EX, its keyword arguments left out
  0x62: (m) => m.build(), // BUILD
  0x50: (m, bytes) => (m.push(bytes.line()), m.persistent()), // PERSID
  0x51: (m) => m.persistent(), // BINPERSID
};

function globalOf(names: readonly unknown[]): Global {
  if (names.some((name) => typeof name !== "string")) {
    throw new FormatError("its pickle is damaged");
  }
  return new Global(names.join("."));
}

/** `12`, `12L`, and `00` and `01`, which were once False and True. */
function numberOf(line: string): number {
  return Number(line.replace(/L$/, ""));
}
