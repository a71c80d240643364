// What the system tells of another process, on Linux.

/** Resident memory; NaN where the system doesn't tell. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? NaN);
}

/** The most memory that was resident at a time; NaN where the system doesn't tell. */
export async function peakBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return 1024 * Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? NaN);
}

/** What Linux counts CPU time in, seconds; the same on all machines of today. */
const TICK = 0.01;

/** CPU time that all threads of a process have used; NaN where the system doesn't tell. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  // The name before it can hold anything, but ends with the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return TICK * (Number(fields[11] ?? NaN) + Number(fields[12] ?? NaN));
}
