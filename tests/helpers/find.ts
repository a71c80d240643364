/** Where a program lies, by PATH. */
export async function find(name: string): Promise<string | undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const file = `${folder}/${name}`;
    if (await Deno.stat(file).then(({ isFile }) => isFile, () => false)) return file;
  }
}
