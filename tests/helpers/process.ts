// What the system tells of another process, on Linux.

/** Resident memory; NaN where the system doesn't tell. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? NaN);
}
