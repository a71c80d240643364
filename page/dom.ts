/// <reference lib="dom" />
/**
 * Access to the document, for every part of the page.
 *
 * @module
 */

/** The element of an id; it is the page's own, so it exists. */
export function find<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Hands a file to the visitor. */
export function saveAs(name: string, bytes: Uint8Array<ArrayBuffer>, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** `1 picture`, `16 pictures`. */
export function pictures(count: number): string {
  return `${count} picture${count === 1 ? "" : "s"}`;
}

/** `5.2 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;
}
