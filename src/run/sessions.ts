/**
 * `sessions.jsonl`: when the run began or resumed, after which step, and on which device.
 *
 * @module
 */
import meta from "../../deno.json" with { type: "json" };
import { FileError } from "../files/errors.ts";
import { appendFile } from "../files/write_file.ts";
import type { Logger, RunStart } from "./logger.ts";

/** The name in a run's folder. */
const SESSIONS = "sessions.jsonl";

/** One stretch of a run, from a start of the program to the next. */
export interface Session {
  /** The steps that were done before. */
  readonly step: number;
  /** When it began, as ISO 8601 in UTC. */
  readonly time: string;
  readonly device: string;
  /** How the data differed from those before, in words. */
  readonly dataChanged?: string;
  readonly rin: string;
  readonly deno: string;
}

/** Adds a line each time that the run begins or resumes. */
export class SessionsFile implements Logger {
  /** @param folder the run's */
  constructor(readonly folder: string) {}

  async start({ step, device, dataChanged }: RunStart): Promise<void> {
    const session: Session = {
      step,
      time: new Date().toISOString(),
      device,
      rin: meta.version,
      deno: Deno.version.deno,
      ...dataChanged !== undefined && { dataChanged },
    };
    const line = JSON.stringify(session) + "\n";
    await appendFile(`${this.folder}/${SESSIONS}`, new TextEncoder().encode(line));
  }
}

/**
 * The sessions of a run, in order; none without such a file.
 *
 * @throws {FileError} when the file can't be read
 */
export async function readSessions(folder: string): Promise<Session[]> {
  const path = `${folder}/${SESSIONS}`;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw new FileError(`Cannot read ${path}`, thrown);
  }
  return text.split("\n").flatMap((line) => {
    try {
      const { step, time, device, rin, deno, dataChanged: changed } = JSON.parse(line);
      const session = { step: Number(step), time: `${time}`, device: `${device}`, rin, deno };
      return [changed === undefined ? session : { ...session, dataChanged: `${changed}` }];
    } catch {
      return []; // the end of the file, or what a crash has left of a line
    }
  });
}
