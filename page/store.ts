/// <reference lib="dom" />
/**
 * Storage of a checkpoint, during its download and afterwards: the browser's own file system
 * (OPFS), or memory where there is none.
 *
 * @module
 */

/** Bytes that are added to. */
export interface Store {
  /** Whether it lasts until the page is next opened. */
  readonly lasting: boolean;
  /** Bytes in the store. */
  readonly size: number;
  append(bytes: Uint8Array<ArrayBuffer>): void;
  /** Deletes the contents. */
  clear(): void;
  read(): Uint8Array<ArrayBuffer>;
  /** Lets others have it. */
  close(): void;
}

/** The part of a FileSystemSyncAccessHandle that is used; only workers have it. */
export interface AccessHandle {
  getSize(): number;
  read(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** In memory, as long as the page is open. */
export class MemoryStore implements Store {
  readonly lasting = false;
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array<ArrayBuffer>): void {
    this.#parts.push(bytes);
    this.#size += bytes.length;
  }

  clear(): void {
    this.#parts = [];
    this.#size = 0;
  }

  read(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  close(): void {}
}

/** In a file; continues in memory when the disk, or the browser's quota of it, is full. */
export class FileStore implements Store {
  #file: AccessHandle;
  #memory: MemoryStore | undefined;

  constructor(file: AccessHandle) {
    this.#file = file;
  }

  get lasting(): boolean {
    return this.#memory === undefined;
  }

  get size(): number {
    return this.#memory?.size ?? this.#file.getSize();
  }

  append(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#memory) return this.#memory.append(bytes);
    const size = this.size;
    try {
      if (this.#file.write(bytes, { at: size }) === bytes.length) return;
    } catch {
      // Full, which the next lines see to.
    }
    const memory = new MemoryStore();
    memory.append(this.read().subarray(0, size));
    memory.append(bytes);
    this.#file.truncate(0);
    this.#memory = memory;
  }

  clear(): void {
    this.#memory?.clear();
    this.#file.truncate(0);
  }

  read(): Uint8Array<ArrayBuffer> {
    if (this.#memory) return this.#memory.read();
    const bytes = new Uint8Array(this.size);
    this.#file.read(bytes, { at: 0 });
    return bytes;
  }

  close(): void {
    this.#file.flush();
    this.#file.close();
  }
}

/** Checkpoints that stay; older ones make room. */
const KEPT = 4;

/** The store of a checkpoint by its hash; in a worker. */
export async function openStore(sha256: string): Promise<Store> {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("rin", { create: true });
    await makeRoom(folder, sha256);
    const file = await folder.getFileHandle(sha256, { create: true });
    // Another tab may hold it open.
    const open = file as unknown as { createSyncAccessHandle(): Promise<AccessHandle> };
    return new FileStore(await open.createSyncAccessHandle());
  } catch {
    return new MemoryStore();
  }
}

async function makeRoom(folder: FileSystemDirectoryHandle, wanted: string): Promise<void> {
  const files: { name: string; lastModified: number }[] = [];
  const entries = folder as unknown as AsyncIterable<[string, FileSystemFileHandle]>;
  for await (const [name, handle] of entries) {
    const { lastModified } = await handle.getFile();
    if (name !== wanted) files.push({ name, lastModified });
  }
  files.sort((a, b) => b.lastModified - a.lastModified);
  for (const { name } of files.slice(KEPT - 1)) await folder.removeEntry(name).catch(() => {});
}
