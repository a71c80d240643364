/**
 * PyTorch in a process of its own, which runs `torch_rin.py` and takes turns with the benchmark.
 *
 * @module
 */
const SCRIPT = fileURLToPath(new URL("./torch_rin.py", import.meta.url));

import { fileURLToPath } from "node:url";

/** Debian's Python first: its packages are not visible to the others. */
const PYTHONS = ["/usr/bin/python3", "python3"];

/** Versions of what runs. */
export interface TorchVersions {
  readonly torch: string;
  readonly numpy: string;
  /** The folder of the BLAS, such as "openblas-pthread", or "unknown". */
  readonly blas: string;
}

type TorchDevice = "cpu" | "cuda";

/** A running `torch_rin.py`. One command at a time. */
export class Torch {
  #process: Deno.ChildProcess;
  #input: WritableStreamDefaultWriter<Uint8Array>;
  #output: ReadableStreamDefaultReader<string>;
  #text = "";

  /**
   * Starts it in the first Python that can import PyTorch; undefined where none can.
   *
   * @param threads threads of PyTorch and of its BLAS
   * @param device which computes
   */
  static async start(threads: number, device: TorchDevice = "cpu"): Promise<Torch | undefined> {
    for (const python of PYTHONS) {
      try {
        const torch = new Torch(python, threads, device);
        await torch.versions();
        return torch;
      } catch {
        // There is no such Python, or the script has said on stderr what it lacks.
      }
    }
  }

  private constructor(python: string, threads: number, device: TorchDevice) {
    this.#process = new Deno.Command(python, {
      args: [SCRIPT, "--threads", String(threads), "--device", device],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Milliseconds of one training step, averaged over `count` steps. */
  step(network: string, count: number): Promise<number> {
    return this.#milliseconds(`step ${network} ${count}`);
  }

  /** Milliseconds to draw a batch in `steps` steps. */
  sample(network: string, steps: number): Promise<number> {
    return this.#milliseconds(`sample ${network} ${steps}`);
  }

  /** Milliseconds of one product of two square f32 matrices in numpy. */
  matmul(size: number): Promise<number> {
    return this.#milliseconds(`matmul ${size}`);
  }

  /** What runs there. */
  async versions(): Promise<TorchVersions> {
    return JSON.parse(await this.#ask("about"));
  }

  async #milliseconds(command: string): Promise<number> {
    const answer = await this.#ask(command);
    const ms = Number(answer);
    if (!(ms > 0)) throw new Error(`PyTorch answered "${answer}" to "${command}"`);
    return ms;
  }

  async #ask(command: string): Promise<string> {
    await this.#input.write(new TextEncoder().encode(`${command}\n`));
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error(`PyTorch ended during "${command}"`);
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await this.#input.close();
    await this.#output.cancel();
    await this.#process.status;
  }
}
