// A process that runs commands of rin one after the other: the start of one takes longer than most
// commands of tests.

/** A command for `command_loop.ts`. */
export interface LoopCommand {
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Set for this command alone. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a command left behind. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** The process. */
export class CommandProcess {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #outputs: readonly ReadableStreamDefaultReader<Uint8Array>[];
  /** Whether a command runs. */
  busy = false;

  /** @param command starts `command_loop.ts` */
  constructor([program, ...args]: readonly string[], env: Readonly<Record<string, string>>) {
    const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    this.#child = new Deno.Command(program, { args, env, ...piped }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#outputs = [this.#child.stdout.getReader(), this.#child.stderr.getReader()];
  }

  /** Runs a command to its end. */
  async run(command: LoopCommand): Promise<Outcome> {
    this.busy = true;
    await this.#input.write(new TextEncoder().encode(JSON.stringify(command) + "\n"));
    const [[stdout, code], [stderr]] = await Promise.all(this.#outputs.map(outputOfOne));
    // Nothing else runs in a process that has ended.
    this.busy = code === undefined;
    return { code: Number(code ?? (await this.#child.status).code), stdout, stderr };
  }
}

/** The text up to the zero byte, and the code after it; undefined where the process ended. */
async function outputOfOne(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<[text: string, code: string | undefined]> {
  const decoder = new TextDecoder();
  let text = "";
  while (!/\0\d+\n$/.test(text)) {
    const { value, done } = await reader.read();
    if (done) return [text, undefined];
    text += decoder.decode(value, { stream: true });
  }
  const [output, code] = text.split("\0");
  return [output, code.trimEnd()];
}
