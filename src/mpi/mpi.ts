/**
 * Processes that an MPI launcher started, as peers in training.
 *
 * @module
 */
import type { Peers } from "../train/peers.ts";
import { MpiError } from "./errors.ts";
import { findLauncher, type Launcher } from "./launcher.ts";
import { type MpiLibrary, openLibrary } from "./library.ts";
import { Watch } from "./watch.ts";

/** Any thread can call MPI at any time. */
const THREAD_MULTIPLE = 3;

/** Bytes that are sent at a time: MPI counts in ints. */
const CHUNK = 2 ** 30;

/** Options of {@linkcode joinMpi}. */
export interface JoinOptions {
  /** Reads a variable of the environment. */
  readonly variable: (name: string) => string | undefined;
  /** Called, on a thread that nothing blocks, when a process is gone; the program must end. */
  readonly onLost: (sentence: string) => void;
}

/** The peers of this process. */
export class MpiPeers implements Peers {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly description: string;
  readonly #library: MpiLibrary;
  readonly #watch: Watch | undefined;

  /** @internal */
  constructor(
    library: MpiLibrary,
    watch: Watch | undefined,
    { rank, size, localRank, description }: Omit<Peers, "exchange" | "gather" | "broadcast">,
  ) {
    this.#library = library;
    this.#watch = watch;
    this.rank = rank;
    this.size = size;
    this.localRank = localRank;
    this.description = description;
  }

  async exchange(
    values: Float32Array<ArrayBuffer>,
    into: Float32Array<ArrayBuffer>,
  ): Promise<void> {
    const { symbols, world, float } = this.#library;
    const count = values.length / this.size;
    const code = symbols.MPI_Alltoall(values, count, float, into, count, float, world);
    await done("MPI_Alltoall", code, values, into);
  }

  gather(
    values: Float32Array<ArrayBuffer>,
    into?: Float32Array<ArrayBuffer>,
  ): Promise<Float32Array<ArrayBuffer>> {
    return gather(this.#library, values, this.size, into);
  }

  async broadcast(bytes = new Uint8Array()): Promise<Uint8Array<ArrayBuffer>> {
    const { symbols, world, float } = this.#library;
    const send = (words: Float32Array<ArrayBuffer>) =>
      done("MPI_Bcast", symbols.MPI_Bcast(words, words.length, float, 0, world), words);
    // A float32 counts no file's bytes; a float64 takes two words.
    const length = Float64Array.of(bytes.length);
    await send(new Float32Array(length.buffer));
    const padded = new Uint8Array(4 * Math.ceil(length[0] / 4));
    padded.set(bytes.subarray(0, length[0]));
    for (let at = 0; at < padded.length; at += CHUNK) {
      const size = Math.min(CHUNK, padded.length - at);
      await send(new Float32Array(padded.buffer, at, size / 4));
    }
    return padded.subarray(0, length[0]);
  }

  /** Ends the work with the others, when all do. */
  async leave(): Promise<void> {
    // Nobody stops hearing the others before all have come here.
    await this.gather(new Float32Array(1));
    await this.#watch?.end();
    check("MPI_Finalize", this.#library.symbols.MPI_Finalize());
  }
}

/**
 * Joins the processes that an MPI launcher started together with this one. Nothing is loaded where
 * none did, or where it started this process alone. A program that joined ends with `Deno.exit`:
 * Open MPI can crash while Deno unloads it.
 *
 * @returns undefined where no launcher started this process, or it started no other
 * @throws {MpiError} when there is no library of MPI that works with the launcher
 */
export async function joinMpi(options: JoinOptions): Promise<MpiPeers | undefined> {
  const launcher = findLauncher(options.variable);
  if (launcher === undefined || launcher.size === 1) return undefined;
  const library = openLibrary(launcher, options.variable("RIN_MPI"));
  const { symbols, world } = library;
  yieldWhenIdle(options.variable);
  const number = new Int32Array(1);
  check("MPI_Init_thread", symbols.MPI_Init_thread(null, null, THREAD_MULTIPLE, number));
  const threads = number[0];
  check("MPI_Comm_rank", symbols.MPI_Comm_rank(world, number));
  const rank = number[0];
  check("MPI_Comm_size", symbols.MPI_Comm_size(world, number));
  const size = number[0];
  expectSize(launcher, library, size);
  const hosts = await hostsOf(library, size);
  const machines = new Set(hosts).size;
  const where = machines === 1 ? "one machine" : `${machines} machines`;
  const watch = threads === THREAD_MULTIPLE && size > 1
    ? await Watch.start(library, { rank, size, hosts }, options.onLost)
    : undefined;
  return new MpiPeers(library, watch, {
    rank,
    size,
    localRank: hosts.slice(0, rank).filter((host) => host === hosts[rank]).length,
    description: `${size} processes on ${where} over ${versionOf(library)}`,
  });
}

/**
 * Has Open MPI leave the processor to others while it waits: this process computes with other
 * threads, often on the same core.
 */
function yieldWhenIdle(variable: JoinOptions["variable"]): void {
  const name = "OMPI_MCA_mpi_yield_when_idle";
  if (variable(name) !== undefined) return;
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  if (state === "granted") Deno.env.set(name, "1");
}

/** @throws {MpiError} when the library doesn't find the processes that the launcher started */
function expectSize(launcher: Launcher, { file }: MpiLibrary, size: number): void {
  if (launcher.size === undefined || launcher.size === size) return;
  throw new MpiError(
    `Cannot train over MPI: ${launcher.name} started ${launcher.size} processes, and ${file} finds ` +
      `${size}: it is another MPI's; install ${launcher.package}, or start with the mpirun of ` +
      `that library`,
  );
}

/** The machine of each process. */
async function hostsOf(library: MpiLibrary, size: number): Promise<string[]> {
  const name = new Uint8Array(1024);
  const length = new Int32Array(1);
  check(
    "MPI_Get_processor_name",
    library.symbols.MPI_Get_processor_name(name, length),
  );
  const all = await gather(library, new Float32Array(name.buffer), size);
  return Array.from({ length: size }, (_, i) => {
    const text = new Uint8Array(all.buffer, i * name.length, name.length);
    return new TextDecoder().decode(text).replace(/\0.*/s, "");
  });
}

async function gather(
  { symbols, world, float }: MpiLibrary,
  values: Float32Array<ArrayBuffer>,
  size: number,
  all = new Float32Array(size * values.length),
): Promise<Float32Array<ArrayBuffer>> {
  const count = values.length;
  const code = symbols.MPI_Allgather(values, count, float, all, count, float, world);
  await done("MPI_Allgather", code, values, all);
  return all;
}

/** Such as `Open MPI 4.1.4`. */
function versionOf({ symbols, file }: MpiLibrary): string {
  const text = new Uint8Array(8192);
  if (symbols.MPI_Get_library_version(text, new Int32Array(1)) !== 0) return file;
  const words = new TextDecoder().decode(text);
  const [, name, version] = /^(Open MPI|MPICH|Intel\(R\) MPI)[^\d]*([\d.]+\w*)/.exec(words) ?? [];
  return name === undefined ? words.split(/[\n\0,]/)[0].trim() || file : `${name} ${version}`;
}

/** The arrays of the calls in progress, which nothing else may hold. */
const inUse = new Set<readonly ArrayBufferView[]>();

/** Waits for a call on another thread. */
async function done(
  call: string,
  code: Promise<number>,
  ...arrays: readonly ArrayBufferView[]
): Promise<void> {
  inUse.add(arrays);
  check(call, await code);
  inUse.delete(arrays);
}

/** @throws {MpiError} when a call failed */
function check(call: string, code: number): void {
  if (code !== 0) throw new MpiError(`${call} failed with code ${code}`);
}
