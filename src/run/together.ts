/**
 * A run of several processes: rank 0 owns its folder, and the others follow it.
 *
 * @module
 */
import { type DataIdentity, differences } from "../data/data_identity.ts";
import { readCheckpoint } from "../model/checkpoint.ts";
import type { Device } from "../device/device.ts";
import type { Peers } from "../train/peers.ts";
import { RunError } from "./errors.ts";
import type { OpenedRun } from "./open_run.ts";
import { RunFolder } from "./run_folder.ts";
import type { TrainingData } from "./run_parts.ts";
import type { RunState } from "./run_state.ts";

/** Tells the others of the run that rank 0 has opened. */
export async function announce(peers: Peers, { preset, settings, folder }: OpenedRun) {
  if (peers.size === 1) return;
  const text = JSON.stringify({ preset, settings, path: folder.path });
  await peers.broadcast(new TextEncoder().encode(text));
}

/** The run that rank 0 has opened; its folder can be on another machine. */
export async function follow(peers: Peers): Promise<OpenedRun> {
  const text = new TextDecoder().decode(await peers.broadcast());
  const { preset, settings, path } = JSON.parse(text);
  return { preset, settings, folder: RunFolder.elsewhere(path), checkData: () => undefined };
}

/**
 * Works one after the other where they could do the same work in one folder, such as decoding data
 * into a cache: first rank 0, then one process of each other machine, then the rest.
 */
export async function inTurn<T>(peers: Peers, work: () => Promise<T>): Promise<T> {
  if (peers.size === 1) return await work();
  const own = peers.rank === 0 ? 0 : peers.localRank === 0 ? 1 : 2;
  let result: Promise<T>;
  for (let turn = 0; turn < 3; turn++) {
    if (turn === own) await (result = work());
    await peers.gather(new Float32Array(1));
  }
  return await result!;
}

/**
 * Checks that all compute alike.
 *
 * @throws {RunError} when the devices could give different bits
 */
export async function expectSameDevices(peers: Peers, { provenance }: Device): Promise<void> {
  const all = await gatherTexts(peers, provenance);
  const other = all.findIndex((text) => text !== all[0]);
  if (other === -1) return;
  throw new RunError(() =>
    `Cannot train on different devices together: process 0 has ${all[0]}, and process ${other} ` +
    `has ${all[other]}; start it on machines with the same`
  );
}

/**
 * Checks that all have the same images.
 *
 * @throws {RunError} when they don't
 */
export async function expectSameData(peers: Peers, data: TrainingData): Promise<void> {
  const { train, valid, identity } = data;
  const own = { images: [train.count, valid.count], identity };
  const all = (await gatherTexts(peers, JSON.stringify(own)))
    .map((text): { images: number[]; identity?: DataIdentity } => JSON.parse(text));
  const [first] = all;
  for (const [rank, { images, identity }] of all.entries()) {
    const what = first.identity && identity
      ? differences(first.identity, identity)
      : `${images}` !== `${first.images}` && `the number of images (${images[0] + images[1]})`;
    if (!what) continue;
    throw new RunError((nameOf) =>
      `Process ${rank} has other data than process 0: ${what} differ; give all of them the same ` +
      `${nameOf("data")}, such as copies of one file from rin data prepare`
    );
  }
}

/** The text of each process. */
async function gatherTexts(peers: Peers, own: string): Promise<string[]> {
  const bytes = new TextEncoder().encode(own);
  const lengths = await peers.gather(Float32Array.of(bytes.length));
  const words = Math.ceil(Math.max(...lengths) / 4);
  const padded = new Uint8Array(4 * words);
  padded.set(bytes);
  const all = await peers.gather(new Float32Array(padded.buffer));
  return Array.from(lengths, (length, rank) => {
    return new TextDecoder().decode(new Uint8Array(all.buffer, 4 * words * rank, length));
  });
}

/** A trainer's beginning, as rank 0 sends it to the others. */
export interface Beginning {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly state: RunState;
  readonly resumed: boolean;
}

/** The beginning that rank 0 has sent with `Trainer.save`. */
export async function beginningOf(peers: Peers): Promise<Beginning> {
  const bytes = await peers.broadcast();
  const { state, resumed } = readCheckpoint(bytes).training as unknown as Beginning;
  return { bytes, state, resumed };
}

/** Whether any of them wants something. */
export async function anyOf(peers: Peers, own: boolean): Promise<boolean> {
  if (peers.size === 1) return own;
  return (await peers.gather(Float32Array.of(Number(own)))).some((one) => one === 1);
}
