/**
 * Tensors of a PyTorch file; their numbers are read on demand.
 *
 * @module
 */
import { fromBfloat16, fromFloat16 } from "../../device/float16.ts";
import { PythonObject } from "../../formats/pickle.ts";
import { CheckpointError } from "../safetensors.ts";

type Numbers = ArrayLike<number | bigint>;

/** By PyTorch's storage classes; networks are mostly float32. */
const types: Record<string, { bytes: number; decode(raw: ArrayBuffer): Numbers }> = {
  "torch.FloatStorage": { bytes: 4, decode: (raw) => new Float32Array(raw) },
  "torch.HalfStorage": { bytes: 2, decode: (raw) => fromFloat16(new Uint16Array(raw)) },
  "torch.DoubleStorage": { bytes: 8, decode: (raw) => new Float64Array(raw) },
  "torch.LongStorage": { bytes: 8, decode: (raw) => new BigInt64Array(raw) },
  "torch.BFloat16Storage": { bytes: 2, decode: (raw) => fromBfloat16(new Uint16Array(raw)) },
};

/** The bytes behind one or more tensors. */
export class TorchStorage {
  constructor(
    /** PyTorch's name of the class, such as `torch.FloatStorage`. */
    readonly type: string,
    readonly bytes: Uint8Array<ArrayBuffer> | undefined,
  ) {}
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && value as number >= 0;
const areCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(isCount);

/** A view of a storage, as the file describes it. Nothing is checked before it is read. */
export class TorchTensor {
  constructor(
    readonly storage: unknown,
    readonly offset: unknown,
    readonly sizes: unknown,
    readonly strides: unknown,
  ) {}

  /** Whether it holds whole numbers or booleans. */
  get isWhole(): boolean {
    const { storage } = this;
    return storage instanceof TorchStorage &&
      /^torch\.(Long|Int|Short|Char|Byte|Bool)Storage$/.test(storage.type);
  }

  /** Its shape. @throws {CheckpointError} when it has none */
  shape(name: string): number[] {
    if (!areCounts(this.sizes)) throw new CheckpointError(`its tensor ${name} has no valid shape`);
    return this.sizes;
  }

  /** Its values in row-major order, as float32. @throws {CheckpointError} when it has none */
  read(name: string): Float32Array<ArrayBuffer> {
    const { storage, offset, strides } = this;
    const shape = this.shape(name);
    const fail = (what: string) => new CheckpointError(`its tensor ${name} ${what}`);
    if (!(storage instanceof TorchStorage)) {
      const what = storage instanceof PythonObject ? storage.name : "no storage";
      throw fail(`depends on ${what}, which rin can't read`);
    }
    const type = Object.hasOwn(types, storage.type) ? types[storage.type] : undefined;
    if (type === undefined) throw fail(`is of type ${storage.type}, which rin can't read`);
    if (storage.bytes === undefined) throw fail("has no data in the file");
    if (!isCount(offset) || !areCounts(strides) || strides.length !== shape.length) {
      throw fail("has no valid strides");
    }
    const available = Math.floor(storage.bytes.length / type.bytes);
    const count = shape.reduce((a, b) => a * b, 1);
    const last = shape.reduce((at, size, axis) => at + (size - 1) * strides[axis], offset);
    if (count > 0 && (last >= available || count > available)) {
      throw fail(`of shape (${shape.join(", ")}) is larger than its data: the file is truncated`);
    }
    const used = storage.bytes.slice(0, available * type.bytes).buffer;
    return gather(type.decode(used), offset, shape, strides, count);
  }
}

function gather(
  source: Numbers,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
  count: number,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  const index = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < count; i++) {
    values[i] = Number(source[at]);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return values;
}
