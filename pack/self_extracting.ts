/**
 * A self-extracting file: a shell script, then Deno (gzip), then the program as it is. For systems
 * with a POSIX shell; `stub.sh` says how it starts.
 *
 * @module
 */

/** What is packed. */
export interface Parts {
  /** The script with `@name@` for what depends on the rest. */
  readonly stub: string;
  /** The Deno executable. */
  readonly runtime: Uint8Array<ArrayBuffer>;
  /** The bundled program: one JavaScript module. */
  readonly program: Uint8Array<ArrayBuffer>;
  /** The platform that the runtime is made for, such as `x86_64-unknown-linux-gnu`. */
  readonly target: string;
}

/** The bytes of the file. */
export async function selfExtracting(
  { stub, runtime, program, target }: Parts,
): Promise<Uint8Array<ArrayBuffer>> {
  const packed = await gzip(runtime);
  const [runtimeSum, programSum] = await Promise.all([sha256(runtime), sha256(program)]);
  const values: Record<string, string> = {
    // The folder that it unpacks into: another one whenever any part differs.
    version: (await sha256(new TextEncoder().encode(stub + runtimeSum + programSum))).slice(0, 16),
    target,
    runtimeSize: String(runtime.length),
    runtimeSum,
    runtimePacked: String(packed.length),
    programSize: String(program.length),
    programSum,
    homeCache: target.includes("apple") ? "Library/Caches" : ".cache",
  };
  const script = stub.replace(/@(\w+)@/g, (_, name) => values[name]);
  return new Uint8Array(await new Blob([script, packed, program]).arrayBuffer());
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
