// Loaded before rin: RIN_MISHAP names what goes wrong in a process of mpirun.

import { CpuDevice } from "../../src/device/cpu/device.ts";
import { DeviceLostError } from "../../src/device/errors.ts";

/** Whether bytes are a checkpoint: the length of its header, and a JSON object. */
const isCheckpoint = (bytes: Uint8Array) =>
  bytes.length > 1000 && bytes[7] === 0 && bytes[8] === 0x7b;

const rank = Deno.env.get("OMPI_COMM_WORLD_RANK") ?? Deno.env.get("PMI_RANK");

const mishaps: Record<string, () => void> = {
  /** The second checkpoint gets half of its bytes. Limits of time pass in a tenth of it. */
  "endless write": () => {
    const { write } = Deno.FsFile.prototype;
    const { setTimeout } = globalThis;
    let checkpoints = 0;
    Deno.FsFile.prototype.write = async function (bytes) {
      if (!isCheckpoint(bytes) || checkpoints++ === 0) return await write.call(this, bytes);
      await write.call(this, bytes.subarray(0, bytes.length / 2));
      return await new Promise(() => {});
    };
    globalThis.setTimeout =
      ((work: () => void, ms = 0) =>
        setTimeout(work, ms >= 5000 ? ms / 10 : ms)) as typeof setTimeout;
  },

  /** The second process loses its device after some steps. */
  "lost device": () => {
    if (rank !== "1") return;
    const { read } = CpuDevice.prototype;
    let reads = 0;
    CpuDevice.prototype.read = function (tensor) {
      if (reads++ < 50) return read.call(this, tensor);
      return Promise.reject(new DeviceLostError("The GPU was lost: the driver was reset"));
    };
  },
};

mishaps[Deno.env.get("RIN_MISHAP")!]();
