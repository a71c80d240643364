/**
 * Pickles that hold NumPy's arrays, of any version of Python and NumPy, as data.
 *
 * @module
 */
import { FormatError } from "./format_error.ts";
import { PythonObject, unpickle } from "./pickle.ts";

/** An array out of a pickle. */
export interface PickledArray {
  /** Type of a number, such as "|u1". */
  readonly type: string;
  readonly shape: readonly number[];
  readonly fortran: boolean;
  readonly bytes: Uint8Array;
}

/**
 * Reads a pickle that is a dict. Texts are as Python 2 or 3 wrote them, keys that are bytes become
 * texts, and arrays are read by {@linkcode pickledArray}.
 *
 * @throws {FormatError} when it is damaged, or no dict
 */
export function unpickleDict(bytes: Uint8Array<ArrayBuffer>): ReadonlyMap<string, unknown> {
  const found = unpickle(bytes, {
    call: (name, [text]) =>
      name === "_codecs.encode" && typeof text === "string" ? bytesOf(text) : undefined,
    persistent: () => null,
    // Numbers of arrays are strings, too, in Python 2.
    byteString: latin1,
  });
  if (!(found instanceof Map)) throw new FormatError("its pickle is not a dict");
  return new Map(
    [...found].map(([key, value]) => [
      key instanceof Uint8Array ? latin1(key) : typeof key === "string" ? key : "",
      value,
    ]),
  );
}

/** A text out of a pickle; undefined where it is something else. */
export function pickledText(value: unknown): string | undefined {
  return value instanceof Uint8Array
    ? latin1(value)
    : typeof value === "string"
    ? value
    : undefined;
}

/** An array out of a pickle; undefined where it is something else. */
export function pickledArray(value: unknown): PickledArray | undefined {
  if (!(value instanceof PythonObject)) return undefined;
  const [shape, dtype, fortran, bytes] = /\._reconstruct$/.test(value.name)
    ? listOf(value.state).slice(1)
    : /\._frombuffer$/.test(value.name)
    ? [value.args[2], value.args[1], value.args[3] === "F", value.args[0]]
    : [];
  const type = typeOf(dtype);
  const content = typeof bytes === "string" ? bytesOf(bytes) : bytes;
  if (type === undefined || !(content instanceof Uint8Array) || !isShape(shape)) return undefined;
  return { type, shape, fortran: fortran === true, bytes: content };
}

function typeOf(dtype: unknown): string | undefined {
  if (!(dtype instanceof PythonObject) || dtype.name !== "numpy.dtype") return undefined;
  const [name] = dtype.args.map(pickledText);
  const order = pickledText(listOf(dtype.state)[1]) ?? "|";
  return name === undefined ? undefined : `${order}${name}`;
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
}

const listOf = (value: unknown): readonly unknown[] => Array.isArray(value) ? value : [];

/** Characters that encode bytes. */
function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The most arguments of a call. */
const STEP = 8192;

/** A character for each byte; TextDecoder's "latin1" is another one. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += STEP) {
    text += String.fromCharCode(...bytes.subarray(at, at + STEP));
  }
  return text;
}
