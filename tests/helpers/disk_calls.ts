// What a piece of work has the disk do for good, and in which order.

/** Syncs and renames, in their order: "sync FILE" and "rename TO", by the last part of the path. */
export async function diskCalls(work: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  const names = new WeakMap<Deno.FsFile, string>();
  const { open, rename } = Deno;
  const { sync, syncData } = Deno.FsFile.prototype;
  const last = (path: string | URL) => `${path}`.split("/").at(-1)!.replace(/\.\d+\.tmp$/, ".tmp");
  Deno.open = async (path, options) => {
    const file = await open(path, options);
    names.set(file, last(path));
    return file;
  };
  Deno.rename = async (from, to) => {
    await rename(from, to);
    calls.push(`rename ${last(to)}`);
  };
  for (const [name, method] of Object.entries({ sync, syncData })) {
    Deno.FsFile.prototype[name as "sync"] = async function () {
      await method.call(this);
      calls.push(`sync ${names.get(this)}`);
    };
  }
  try {
    await work();
  } finally {
    Object.assign(Deno, { open, rename });
    Object.assign(Deno.FsFile.prototype, { sync, syncData });
  }
  return calls;
}
